//! `rapport index` and `rapport eval` as programs: killed, run twice at once, on files that can't be read.

#![allow(clippy::unwrap_used)] // a test's failure is its panic

mod eval;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(60);

/// Passages of the corpus; they are embedded by 32.
const PASSAGES: usize = 100;

/// Texts with this are refused.
const REFUSED: &str = "unspeakable";

/// A server of embeddings that answers so many calls and lets the next ones wait.
#[derive(Clone)]
struct Embeddings {
    url: String,
    texts: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    answered: usize,
    waits: Arc<Notify>,
    called: Arc<Notify>,
    dimension: Arc<AtomicUsize>,
}

impl Embeddings {
    async fn answering(calls: usize) -> Self {
        async fn embed(State(it): State<Embeddings>, body: String) -> (StatusCode, String) {
            let earlier = it.calls.fetch_add(1, Ordering::SeqCst);
            it.called.notify_one();
            if earlier >= it.answered {
                it.waits.notify_one();
                std::future::pending::<()>().await;
            }
            let body: Value = serde_json::from_str(&body).unwrap();
            let input = body["input"].as_array().unwrap();
            it.texts.fetch_add(input.len(), Ordering::SeqCst);
            if input.iter().any(|it| it.as_str().unwrap().contains(REFUSED)) {
                return (StatusCode::BAD_REQUEST, r#"{"error": {"message": "too long"}}"#.into());
            }
            let mut values = vec![2.0; it.dimension.load(Ordering::SeqCst)];
            let mut vector = |text: &Value| {
                values[0] = f64::from(u32::try_from(text.as_str().unwrap().len()).unwrap());
                json!(values)
            };
            let data: Vec<_> = input
                .iter()
                .enumerate()
                .map(|(at, it)| json!({"index": at, "embedding": vector(it)}))
                .collect();
            (StatusCode::OK, json!({ "data": data }).to_string())
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let it = Self {
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
            texts: Arc::default(),
            calls: Arc::default(),
            answered: calls,
            waits: Arc::default(),
            called: Arc::default(),
            dimension: Arc::new(AtomicUsize::new(3)),
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
    corpus_of(PASSAGES)
}

fn corpus_of(passages: usize) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    // No two are alike.
    let items: Vec<Value> = (0..passages)
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
async fn whatever_it_was_writing_when_it_was_killed_the_next_run_goes_on() {
    let (passages, kills) = kills();
    let directory = corpus_of(passages);
    let embeddings = Embeddings::answering(usize::MAX).await;
    for kill in 0..kills {
        let mut run = index(directory.path(), &embeddings, &[]).spawn().unwrap();
        let wanted = embeddings.calls.load(Ordering::SeqCst) + fastrand::usize(1..=6);
        let opened = async {
            while embeddings.calls.load(Ordering::SeqCst) < wanted {
                embeddings.called.notified().await;
            }
        };
        // A moment between two answers, in which the program mostly writes.
        tokio::select! {
            () = opened => tokio::time::sleep(Duration::from_micros(fastrand::u64(0..30_000))).await,
            status = run.wait() => assert!(status.unwrap().success(), "run {kill} fails"),
            () = tokio::time::sleep(DEADLINE) => panic!("run {kill} does nothing"),
        }
        let _ = run.kill().await; // SIGKILL
    }
    let (ok, stdout, stderr) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(
        ok && stdout.contains(&format!("{passages} of {passages} passages are embedded")),
        "{stdout}{stderr}"
    );
    let (_, stdout, _) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(stdout.contains(", 0 of them now"), "{stdout}");
}

/// How many passages are embedded under how many kills: `RAPPORT_TEST_KILLS` makes it more.
fn kills() -> (usize, usize) {
    let kills = std::env::var("RAPPORT_TEST_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(10);
    (kills * 130, kills)
}

#[tokio::test]
async fn an_empty_index_is_as_good_as_none() {
    let directory = corpus();
    std::fs::write(directory.path().join(".rapport-index"), "").unwrap();
    let embeddings = Embeddings::answering(usize::MAX).await;
    let (ok, stdout, stderr) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(ok && stdout.contains("100 of 100 passages are embedded, 100 of them now"), "{stdout}{stderr}");
}

#[tokio::test]
async fn an_index_is_made_anew_only_once_it_can_be() {
    let directory = corpus();
    let file = directory.path().join(".rapport-index");
    let embeddings = Embeddings::answering(usize::MAX).await;
    let (ok, _, stderr) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(ok, "{stderr}");
    let before = std::fs::read(&file).unwrap();

    let mut no_url = rapport(&["index", "--rebuild"]);
    no_url.arg(directory.path());
    let (ok, _, stderr) = output(no_url).await;
    assert!(!ok && stderr.contains("add --embeddings-url"), "{stderr}");
    let mut down = rapport(&["index", "--rebuild", "--embeddings-url", "http://127.0.0.1:9/v1"]);
    down.arg(directory.path());
    let (ok, _, stderr) = output(down).await;
    assert!(!ok && stderr.contains("can't be reached"), "{stderr}");
    std::fs::write(directory.path().join("broken.json"), "[{").unwrap();
    let (ok, _, stderr) = output(index(directory.path(), &embeddings, &["--rebuild"])).await;
    assert!(!ok && stderr.contains("malformed JSON"), "{stderr}");
    std::fs::remove_file(directory.path().join("broken.json")).unwrap();
    assert!(std::fs::read(&file).unwrap() == before, "the index is touched");

    let notes = directory.path().join("notes.txt");
    std::fs::write(&notes, "what I must not forget").unwrap();
    let more = ["--rebuild", "--index", notes.to_str().unwrap()];
    let (ok, _, stderr) = output(index(directory.path(), &embeddings, &more)).await;
    assert!(!ok && stderr.contains("notes.txt can't be used"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "what I must not forget");
    std::fs::remove_file(&notes).unwrap();

    let more = ["--rebuild", "--embeddings-model", "n"];
    let (ok, stdout, stderr) = output(index(directory.path(), &embeddings, &more)).await;
    assert!(ok && stdout.contains("100 of 100 passages are embedded, 100 of them now"), "{stdout}{stderr}");
}

#[tokio::test]
async fn vectors_of_another_dimension_are_told_at_the_start() {
    let directory = corpus();
    let embeddings = Embeddings::answering(usize::MAX).await;
    assert!(output(index(directory.path(), &embeddings, &[])).await.0);
    embeddings.dimension.store(5, Ordering::SeqCst);
    let mut serve = rapport(&["serve", "--listen", "127.0.0.1:0", "--embeddings-url", &embeddings.url]);
    serve.arg("--knowledge").arg(directory.path());
    for command in [serve, index(directory.path(), &embeddings, &[])] {
        let (ok, _, stderr) = output(command).await;
        assert!(!ok && stderr.contains("was made with the dimension `3`, not `5`"), "{stderr}");
    }
}

#[tokio::test]
async fn a_text_that_is_refused_holds_up_no_other() {
    let directory = corpus();
    std::fs::write(directory.path().join("b.md"), format!("# Curse\n\nAn {REFUSED} one.")).unwrap();
    let embeddings = Embeddings::answering(usize::MAX).await;
    let (ok, stdout, stderr) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(ok && stdout.contains("not embedded b.md (Curse): too long"), "{stdout}{stderr}");
    assert!(stdout.contains("100 of 101 passages are embedded, 100 of them now"), "{stdout}");
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
    std::fs::write(directory.path().join("again.md"), "# Room 7\n\nRoom 7 holds 49 clocks!").unwrap();
    let embeddings = Embeddings::answering(usize::MAX).await;
    let (ok, stdout, _) = output(index(directory.path(), &embeddings, &[])).await;
    assert!(ok && stdout.contains("broken.pdf: no PDF that can be read: "), "{stdout}");
    assert!(stdout.contains("101 documents in 100 passages; 1 more say the same as another\n"), "{stdout}");

    let (ok, _, stderr) = output(index(directory.path(), &embeddings, &["--embeddings-model", "n"])).await;
    assert!(!ok && stderr.contains("was made with the model `m`, not `n`\nhint: "), "{stderr}");
    // The command works as it is printed.
    let command = stderr.rsplit("make it anew: rapport ").next().unwrap();
    let arguments: Vec<&str> = command.split_whitespace().collect();
    let (ok, stdout, stderr) = output(rapport(&arguments)).await;
    assert!(ok && stdout.contains(", 100 of them now"), "{stdout}{stderr}");
    let (ok, ..) = output(index(directory.path(), &embeddings, &["--rebuild"])).await;
    assert!(ok);

    let (ok, _, stderr) = output(rapport(&["index", "/nowhere"])).await;
    assert!(!ok && stderr.contains("no such file or directory: /nowhere"), "{stderr}");

    let mut serve = rapport(&["serve", "--listen", "127.0.0.1:0", "--embeddings-model", "n"]);
    serve.arg("--knowledge").arg(directory.path()).args(["--embeddings-url", &embeddings.url]);
    let (ok, _, stderr) = output(serve).await;
    assert!(!ok && stderr.contains("was made with the model `m`, not `n`"), "{stderr}");
}

/// A PDF file of objects.
fn pdf(objects: &[String]) -> String {
    let mut file = String::from("%PDF-1.4\n");
    let mut places = String::new();
    for (at, object) in objects.iter().enumerate() {
        let _ = writeln!(places, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", at + 1);
    }
    let (start, count) = (file.len(), objects.len() + 1);
    file + &format!(
        "xref\n0 {count}\n0000000000 65535 f \n{places}\
         trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    )
}

/// A PDF page whose picture shows itself.
fn endless_pdf() -> String {
    let stream = |more: &str| format!("<< {more} /Length 6 >>\nstream\n/X1 Do\nendstream");
    pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R \
         /Resources << /XObject << /X1 5 0 R >> >> >>"
            .into(),
        stream(""),
        stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X1 5 0 R >> >>"),
    ])
}

#[tokio::test]
async fn a_file_that_breaks_its_reader_is_told_and_the_rest_is_read() {
    let directory = corpus();
    std::fs::write(directory.path().join("endless.pdf"), endless_pdf()).unwrap();
    let nested =
        |depth: usize, text: &str| format!("{}{text}{}", "<div>".repeat(depth), "</div>".repeat(depth));
    std::fs::write(directory.path().join("nested.html"), nested(5_000, "bottomless")).unwrap();
    std::fs::write(directory.path().join("page.html"), nested(20, "<h1>Loom</h1><p>It is old.</p>")).unwrap();
    let mut command = rapport(&["index"]);
    command.arg(directory.path());
    let (ok, stdout, stderr) = output(command).await;
    assert!(ok && stdout.contains("endless.pdf: it breaks its reader"), "{stdout}{stderr}");
    // The other is read, or its reader has had enough of it.
    let documents = if stdout.contains("nested.html: it ") { 101 } else { 102 };
    assert!(stdout.contains(&format!("{documents} documents in ")), "{stdout}");
}
