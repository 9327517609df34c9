//! `deploy/rapport.service` and `deploy/Dockerfile`, as far as they can be tried without systemd and Docker.

use std::path::Path;
use std::process::{Command, Output};

use super::place::{Node, deployed};

/// The most that `systemd-analyze security` may find exposed, in tenths: 0 is nothing, 100 all.
const EXPOSURE: &str = "20";

#[test]
fn the_unit_is_well_formed_and_exposes_little() {
    let analyze = |arguments: &[&str]| Command::new("systemd-analyze").args(arguments).output().ok();
    if analyze(&["--version"]).is_none() {
        return println!("note: there is no systemd-analyze here; the unit was not looked at");
    }
    let place = tempfile::tempdir().unwrap();
    let unit = place.path().join("rapport.service");
    let text = std::fs::read_to_string(deployed("rapport.service")).unwrap();
    let text = text
        .replace("ExecStart=/usr/local/bin/rapport", concat!("ExecStart=", env!("CARGO_BIN_EXE_rapport")));
    std::fs::write(&unit, text).unwrap();
    let unit = unit.to_str().unwrap();
    let threshold = format!("--threshold={EXPOSURE}");
    for arguments in [&["verify", unit][..], &["security", "--offline=yes", &threshold, unit]] {
        let Output { status, stdout, stderr } = analyze(arguments).unwrap();
        let told = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(status.success(), "{arguments:?}: {told}");
        assert!(!told.contains("Unknown") && !told.contains("ignoring"), "{told}");
    }
}

/// The lines of the Dockerfile, those that go on joined.
fn dockerfile() -> Vec<String> {
    let text = std::fs::read_to_string(deployed("Dockerfile")).unwrap().replace("\\\n", "");
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_images_health_check_tells_the_living_from_the_dead() {
    let lines = dockerfile();
    let check = lines.iter().find(|line| line.starts_with("HEALTHCHECK")).unwrap();
    let command: Vec<String> = serde_json::from_str(check.split_once("CMD ").unwrap().1).unwrap();
    let mut node = Node::start(&["--knowledge", concat!(env!("CARGO_MANIFEST_DIR"), "/sample")], &[]).await;
    let host = node.address.ip().to_string();
    let is_healthy = || {
        let command: Vec<_> = command.iter().map(|word| word.replace("127.0.0.1", &host)).collect();
        Command::new(&command[0]).args(&command[1..]).output().unwrap().status.success()
    };
    assert!(is_healthy());
    node.kill().await;
    assert!(!is_healthy());
}

#[test]
fn the_image_is_built_of_what_is_there_and_runs_as_nobody() {
    let lines = dockerfile();
    let after = |word: &str| lines.iter().filter_map(|line| line.strip_prefix(word)).collect::<Vec<_>>();
    assert_eq!(after("USER "), ["65532:65532"]);
    assert_eq!(after("FROM ").len(), 2);
    // Its toolchain is one that the project builds with.
    let version = |text: &str| text.split('.').map_while(|part| part.parse().ok()).collect::<Vec<u32>>();
    let image = after("FROM rust:")[0].split('-').next().unwrap();
    assert!(version(image) >= version(env!("CARGO_PKG_RUST_VERSION")), "{image}");
    // What the build is given.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let given = std::fs::read_to_string(deployed("Dockerfile.dockerignore")).unwrap();
    for name in given.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root.join(name).exists(), "{name}");
    }
}
