//! The tone rules against labelled descriptions. `RAPPORT_TEST_CORPUS` names the directory that holds
//! `descriptions.dev.jsonl`: one object a line with `description` and the expected `tone`.

use std::path::PathBuf;

use rapport::tone::rules;

#[test]
fn most_labelled_descriptions_are_decided_right() {
    let directory = std::env::var_os("RAPPORT_TEST_CORPUS").expect(
        "set RAPPORT_TEST_CORPUS to the directory that holds descriptions.dev.jsonl, the labelled descriptions",
    );
    let path = PathBuf::from(directory).join("descriptions.dev.jsonl");
    let lines = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
    let (mut right, mut all) = (0, 0);
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let labelled: serde_json::Value = serde_json::from_str(line).expect("a JSON object a line");
        let description = labelled["description"].as_str().expect("a description");
        let expect = labelled["tone"].as_str().expect("a tone");
        let verdict = rules::decide(description, 55);
        let got = verdict.as_ref().map_or("casual_friendly", |verdict| verdict.tone.as_str());
        all += 1;
        if got == expect {
            right += 1;
        } else {
            println!("expected {expect}, got {got} ({verdict:?}): {description}");
        }
    }
    println!("{right} of {all} right");
    assert!(all > 0, "{} holds no description", path.display());
    assert!(right + 1 >= all, "{right} of {all} right; the misses are printed above");
}
