//! `rapport eval`, and what the tools warn of.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn what_is_served_less_well_is_warned_of() {
    let directory = corpus();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    std::fs::write(directory.path().join("latin.txt"), b"caf\xe9").unwrap();
    write("odd.json", r#"[{"title": "Odd", "content": 5}, {"title": "Even", "content": "It is even."}]"#);
    write("letter.docx", "x");
    let mut index = rapport(&["index"]);
    index.arg(directory.path());
    let (ok, stdout, _) = output(index).await;
    assert!(ok);
    for line in [
        "latin.txt: line 1 is not UTF-8",
        "odd.json: item 1: its `content` is a number, not a text",
        "not read: 1 .docx",
        "101 documents in 101 passages",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
    let mut titles = rapport(&["index", "--titles"]);
    titles.arg(directory.path());
    let (_, stdout, _) = output(titles).await;
    assert!(stdout.starts_with("odd.json\tEven\nrooms.json\tRoom 0\n"), "{stdout}");

    let mut check = rapport(&["config", "check", "--embeddings-url", "http://127.0.0.1:1", "--knowledge"]);
    check.arg(directory.path());
    let (ok, stdout, stderr) = output(check).await;
    assert!(ok && stdout.starts_with("ok: 101 documents"), "{stdout}{stderr}");
    for warning in ["latin.txt: line 1", "odd.json: item 1", "does not end in /v1", "warning: embeddings: "] {
        assert!(stderr.contains(warning), "{stderr}");
    }
}

#[tokio::test]
async fn eval_prints_one_json_object() {
    let directory = corpus();
    let questions = directory.path().join(".questions.jsonl");
    let lines = [
        json!({"id": "a", "kind": "number", "lang": "en", "question": "How many clocks does room 7 hold?", "relevant": ["Room 7"], "answer_contains": [["49"]]}),
        json!({"id": "b", "kind": "followup", "lang": "en", "question": "And how many clocks does it hold?",
            "history": [{"role": "user", "content": "Is there a room 9?"}], "relevant": ["Room 9", "Room 9a"]}),
        json!({"id": "c", "kind": "unanswerable", "lang": "zh-Hant", "question": "門票多少錢？", "relevant": []}),
    ];
    std::fs::write(&questions, lines.map(|line| line.to_string()).join("\n")).unwrap();
    let mut eval = rapport(&["eval", "--json", "--knowledge"]);
    eval.arg(directory.path()).arg(&questions);
    let (ok, stdout, stderr) = output(eval).await;
    assert!(ok, "{stderr}");
    assert_eq!(stderr, "warning: question b: no document has the title `Room 9a`\n");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["kinds"]["number"]["recall_at_1"], 1.0);
    assert_eq!(report["kinds"]["number"]["answers_contain"], 1);
    assert_eq!(report["kinds"]["followup"]["recall_at_6"], 1.0);
    assert_eq!(report["kinds"]["followup"]["mrr"], 1.0);
    assert_eq!((&report["refused"], &report["kinds"]["unanswerable"]["refused"]), (&json!(1), &json!(1)));
    assert_eq!(report["kinds"]["unanswerable"]["recall_at_1"], Value::Null);
    assert_eq!(report["results"][0]["sources"][0]["title"], "Room 7");
    assert!(report["query_ms"]["p99"].as_f64().unwrap() > 0.0);
    assert_eq!(report["degraded"], 0);

    // A server that takes no questions.
    let embeddings = Embeddings::answering(usize::MAX).await;
    let mut eval = rapport(&["eval", "--json", "--embeddings-query-prefix", REFUSED, "--knowledge"]);
    eval.arg(directory.path()).args(["--embeddings-url", &embeddings.url]).arg(&questions);
    let (ok, stdout, stderr) = output(eval).await;
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert!(ok && stderr.contains("3 questions were not embedded"), "{stderr}");
    assert_eq!((&report["degraded"], &report["results"][0]["degraded"]), (&json!(3), &json!(true)));

    std::fs::write(&questions, "{\"question\": 1}").unwrap();
    let mut eval = rapport(&["eval", "--knowledge"]);
    eval.arg(directory.path()).arg(&questions);
    let (ok, stdout, stderr) = output(eval).await;
    assert!(!ok && stdout.is_empty() && stderr.contains(".questions.jsonl:1: `question`: "), "{stderr}");

    std::fs::write(&questions, "\n").unwrap();
    let mut eval = rapport(&["eval", "--knowledge"]);
    eval.arg(directory.path()).arg(&questions);
    let (ok, _, stderr) = output(eval).await;
    assert!(!ok && stderr.contains(".questions.jsonl holds no question"), "{stderr}");
}
