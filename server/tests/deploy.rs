//! What `deploy` watches is what the server tells: each metric of the alerts and the dashboard exists, each alert has a
//! runbook and tests.

use std::collections::BTreeSet;
use std::path::Path;

use rapport::observe::{Metrics, Now};
use rapport::socket::REASONS;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of metrics in a text, without what histograms add.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    let names = words.filter(|word| word.starts_with("rapport_") || word.starts_with("process_"));
    names.map(|name| name.trim_end_matches("_bucket").to_owned()).collect()
}

fn exported() -> BTreeSet<String> {
    let metrics = Metrics::new();
    metrics.name_endings(&REASONS);
    let upstream = metrics.upstream("llm");
    upstream.opened("http://127.0.0.1:8080", false);
    let up = Now { llm: Some(true), ..Now::default() };
    let text = metrics.text(up);
    text.lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned))
        .collect()
}

fn alerts() -> Vec<String> {
    let rules = file("deploy/alerts.yml");
    rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ").map(str::to_owned)).collect()
}

#[test]
fn alerts_and_dashboard_watch_what_there_is() {
    let exported = exported();
    for watcher in ["deploy/alerts.yml", "deploy/alerts.test.yml", "deploy/grafana.json"] {
        let watched = names(&file(watcher));
        assert!(watched.len() > 10, "{watcher}: {watched:?}");
        let unknown: Vec<_> = watched.difference(&exported).collect();
        assert!(unknown.is_empty(), "{watcher}: {unknown:?}");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&file("deploy/grafana.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() >= 12);
    // And what there is, is documented.
    let documented = names(&file("docs/metrics.md"));
    let undocumented: Vec<_> = exported.difference(&documented).collect();
    assert!(undocumented.is_empty(), "{undocumented:?}");
}

#[test]
fn each_alert_has_a_runbook_and_tests_that_it_fires_and_is_silent() {
    let (rules, runbooks, tests) =
        (file("deploy/alerts.yml"), file("docs/operations.md"), file("deploy/alerts.test.yml"));
    let alerts = alerts();
    assert!(alerts.len() > 10);
    for alert in alerts {
        assert!(runbooks.contains(&format!("\n### {alert}\n")), "{alert} has no runbook");
        assert!(
            rules.contains(&format!("runbook: docs/operations.md#{}\n", alert.to_lowercase())),
            "{alert}"
        );
        for name in [format!("- name: {alert}\n"), format!("- name: {alert} is silent in a quiet house\n")] {
            assert!(tests.contains(&name), "{name}");
        }
    }
}

/// The sources of all tests, joined.
fn sources(place: &Path, ending: &str) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(place).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("node_modules") {
            all += &sources(&path, ending);
        } else if path.extension().is_some_and(|it| it == ending) {
            all += &std::fs::read_to_string(path).expect("a source is UTF-8");
        }
    }
    all
}

#[test]
fn each_fault_of_the_table_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (rust, script) = (sources(root, "rs"), sources(&root.join("../web/tests"), "mjs"));
    let table = file("docs/reliability.md");
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |")).collect();
    assert!(rows.len() >= 64, "{} rows", rows.len());
    for row in rows {
        let name = row.trim_end_matches("` |").rsplit('`').next().unwrap();
        let is_there = rust.contains(&format!("fn {name}(")) || script.contains(&format!("test('{name}'"));
        assert!(is_there, "{row}");
    }
}
