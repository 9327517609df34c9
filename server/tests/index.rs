//! `rapport index` and `rapport eval` as programs: killed, run twice at once, on files that can't be read.

#![allow(clippy::unwrap_used)] // a test's failure is its panic

use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(60);

/// Passages of the corpus; they are embedded by 32.
const PASSAGES: usize = 100;

/// A server of embeddings that answers so many calls and lets the next ones wait.
#[derive(Clone)]
struct Embeddings {
    url: String,
    texts: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    answered: usize,
    waits: Arc<Notify>,
}

impl Embeddings {
    async fn answering(calls: usize) -> Self {
        async fn embed(State(it): State<Embeddings>, body: String) -> String {
            if it.calls.fetch_add(1, Ordering::SeqCst) >= it.answered {
                it.waits.notify_one();
                std::future::pending::<()>().await;
            }
            let body: Value = serde_json::from_str(&body).unwrap();
            let input = body["input"].as_array().unwrap();
            it.texts.fetch_add(input.len(), Ordering::SeqCst);
            let vector = |text: &Value| json!([1.0, text.as_str().unwrap().len(), 2.0]);
            let data: Vec<_> = input
                .iter()
                .enumerate()
                .map(|(at, it)| json!({"index": at, "embedding": vector(it)}))
                .collect();
            json!({ "data": data }).to_string()
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let it = Self {
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
            texts: Arc::default(),
            calls: Arc::default(),
            answered: calls,
            waits: Arc::default(),
        };
        let router = axum::Router::new()
            .route("/v1/embeddings", post(embed))
            .route("/v1/models", get(|| async { r#"{"data": [{"id": "m"}]}"# }))
            .with_state(it.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        it
    }
}

fn corpus() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    // No two are alike.
    let items: Vec<Value> = (0..PASSAGES)
        .map(|at| json!({"title": format!("Room {at}"), "content": format!("Room {at} holds {} clocks.", at * 7)}))
        .collect();
    std::fs::write(directory.path().join("rooms.json"), serde_json::to_vec(&items).unwrap()).unwrap();
    directory
}

fn rapport(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG").env_remove("OPENAI_API_KEY").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn index(directory: &Path, embeddings: &Embeddings, more: &[&str]) -> Command {
    let mut command = rapport(&["index"]);
    command.arg(directory).args(["--embeddings-url", &embeddings.url]).args(more);
    command
}

async fn output(mut command: Command) -> (bool, String, String) {
    let Output { status, stdout, stderr } = timeout(DEADLINE, command.output()).await.unwrap().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn a_killed_run_is_completed_by_the_next_one() {
    let directory = corpus();
    let slow = Embeddings::answering(2).await;
    let mut killed = index(directory.path(), &slow, &[]).spawn().unwrap();
    timeout(DEADLINE, slow.waits.notified()).await.unwrap();
    killed.kill().await.unwrap(); // SIGKILL
    assert_eq!(slow.texts.load(Ordering::SeqCst), 64);

    let whole = Embeddings::answering(usize::MAX).await;
    let (ok, stdout, stderr) = output(index(directory.path(), &whole, &[])).await;
    assert!(ok, "{stderr}");
    assert!(stdout.contains("100 of 100 passages are embedded, 36 of them now"), "{stdout}");
    let (_, stdout, _) = output(index(directory.path(), &whole, &[])).await;
    assert!(stdout.contains("100 of 100 passages are embedded, 0 of them now"), "{stdout}");
    let (_, stdout, _) = output(index(directory.path(), &whole, &["--rebuild"])).await;
    assert!(stdout.contains("100 of 100 passages are embedded, 100 of them now"), "{stdout}");
}

#[tokio::test]
async fn two_runs_at_once_do_each_other_no_harm() {
    let directory = corpus();
    let embeddings = Embeddings::answering(usize::MAX).await;
    let runs = [(); 2].map(|()| output(index(directory.path(), &embeddings, &[])));
    for (ok, stdout, stderr) in futures_util::future::join_all(runs).await {
        assert!(ok && stdout.contains("100 of 100 passages are embedded"), "{stdout}{stderr}");
    }
    let (_, stdout, _) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(stdout.contains(", 0 of them now"), "{stdout}");
}

#[tokio::test]
async fn errors_name_the_remedy_and_files_that_cant_be_read_are_told() {
    let directory = corpus();
    std::fs::write(directory.path().join("broken.pdf"), "%PDF-1.7\nnothing").unwrap();
    let embeddings = Embeddings::answering(usize::MAX).await;
    let (ok, stdout, _) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(ok && stdout.contains("broken.pdf: no PDF that can be read: "), "{stdout}");

    let (ok, _, stderr) = output(index(directory.path(), &embeddings, &["--embeddings-model", "n"])).await;
    assert!(!ok && stderr.contains("was made with the model `m`, not `n`\nhint: "), "{stderr}");

    let (ok, _, stderr) = output(rapport(&["index", "/nowhere"])).await;
    assert!(!ok && stderr.contains("no such file or directory: /nowhere"), "{stderr}");

    let mut serve = rapport(&["serve", "--listen", "127.0.0.1:0", "--embeddings-model", "n"]);
    serve.arg("--knowledge").arg(directory.path()).args(["--embeddings-url", &embeddings.url]);
    let (ok, _, stderr) = output(serve).await;
    assert!(!ok && stderr.contains("was made with the model `m`, not `n`"), "{stderr}");
}

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
