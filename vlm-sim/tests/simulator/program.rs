//! The program: what a user at a terminal sees.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vlm-sim"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn failed(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Starts the program and waits until it tells its address.
fn started(args: &[&str]) -> (Child, String) {
    let mut child = program(args).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("http://").expect("no address").1.to_owned();
    (child, address)
}

#[test]
fn a_bad_flag_is_told_in_a_sentence_and_a_hint() {
    let (code, told) = failed(&["--latency", "soon"]);
    assert_eq!(code, Some(2));
    let expect = "error: --latency is `soon`, which is not a duration of at most 24h\n\
                  hint: write it with a unit, like 800ms or 30s; a bare number is milliseconds\n";
    assert_eq!(told, expect);
}

#[test]
fn a_bad_pool_is_told_with_its_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pool.jsonl");
    std::fs::write(&path, "{\"description\":\"a man\"}\n{\"tone\":\"x\"}\n").unwrap();
    let (code, told) = failed(&["--pool", path.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(
        told.contains("pool.jsonl is malformed at line 2: missing field `description`\nhint: "),
        "{told}"
    );
}

#[test]
fn help_and_version_are_no_errors() {
    for flag in ["--help", "--version"] {
        let output = program(&[flag]).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty() && output.stderr.is_empty(), "{flag}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (code, told) = failed(&["--listen", &address]);
    assert_eq!(code, Some(1));
    assert!(told.starts_with(&format!("error: {address} is in use")) && told.contains("\nhint: "), "{told}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_even_while_calls_hang() {
    use std::io::Write;
    for signal in ["-INT", "-TERM"] {
        let (mut child, address) = started(&["--listen", "127.0.0.1:0", "--hang-rate", "1"]);
        let mut hanging = std::net::TcpStream::connect(address).unwrap();
        hanging.write_all(b"GET /api/get-user-description HTTP/1.1\r\nhost: sim\r\n\r\n").unwrap();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(child.wait().unwrap().success(), "{signal}");
        assert!(log.contains("stopping"), "{log}");
    }
}

#[test]
fn what_was_said_is_logged_at_trace_level_only() {
    use std::io::Write;
    for (level, is_told) in [("debug", false), ("trace", true)] {
        let dir = tempfile::tempdir().unwrap();
        let pool = dir.path().join("pool");
        std::fs::write(&pool, "a man in a vermilion coat\n").unwrap();
        let args = ["--listen", "127.0.0.1:0", "--latency", "0", "--pool", pool.to_str().unwrap()];
        let mut child = program(&args).env("RUST_LOG", format!("vlm_sim={level}")).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let mut client = std::net::TcpStream::connect(line.trim().rsplit_once("http://").unwrap().1).unwrap();
        client
            .write_all(b"GET /api/get-user-description HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut reply = String::new();
        client.read_to_string(&mut reply).unwrap();
        assert!(reply.contains("vermilion"));
        child.kill().unwrap();
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        child.wait().unwrap();
        assert!(log.contains("outcome=\"finished\""), "{log}");
        assert_eq!(log.contains("vermilion"), is_told, "{log}");
    }
}
