//! Documents while they are served: found by meaning, embedded once, replaced when they change.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rapport::config::{Config, Knowledge as Documents};
use rapport::knowledge::{Embedder, Keep, Knowledge, Library, Store};
use rapport::llm::embeddings::{Embeddings, Endpoint};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, RwLock};
use tokio::time::timeout;

use crate::house::{DEADLINE, House, models, simulate};

/// A server of embeddings: texts that tell of the same thing, in either language, have the same vector.
#[derive(Clone, Default)]
struct Meaning {
    passages: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
    /// Values more in each vector.
    wider: Arc<AtomicUsize>,
    /// Nothing is answered while this is held for writing.
    gate: Arc<RwLock<()>>,
    asked: Arc<Notify>,
}

impl Meaning {
    async fn start() -> (Self, Endpoint) {
        async fn embed(State(meaning): State<Meaning>, body: String) -> (StatusCode, String) {
            meaning.asked.notify_one();
            drop(meaning.gate.read().await);
            if meaning.is_down.load(Ordering::Relaxed) {
                return (StatusCode::SERVICE_UNAVAILABLE, "down".into());
            }
            let body: Value = serde_json::from_str(&body).unwrap();
            if body["input"].to_string().contains("refused") {
                return (StatusCode::BAD_REQUEST, "no".into());
            }
            let input = body["input"].as_array().unwrap();
            let of_one = |(index, text): (usize, &Value)| {
                let text = text.as_str().unwrap();
                if text.starts_with("p: ") {
                    meaning.passages.fetch_add(1, Ordering::Relaxed);
                }
                let about = |words: [&str; 2]| f32::from(u8::from(words.iter().any(|it| text.contains(it))));
                let topics = [["clock", "鐘"], ["loom", "織布機"], ["garden", "花園"], ["ticket", "門票"]];
                let more = vec![0.0; meaning.wider.load(Ordering::Relaxed)];
                let vector: Vec<f32> = topics.map(about).into_iter().chain([0.2]).chain(more).collect();
                json!({ "index": index, "embedding": vector })
            };
            let data: Vec<_> = input.iter().enumerate().map(of_one).collect();
            (StatusCode::OK, json!({ "data": data }).to_string())
        }
        let meaning = Self::default();
        let router = axum::Router::new()
            .route("/v1/embeddings", post(embed))
            .route("/v1/models", get(|| async { r#"{"data": [{"id": "meaning"}]}"# }))
            .with_state(meaning.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let prefix = |text: &str| Some(text.to_owned());
        let endpoint = Endpoint {
            url,
            query_prefix: prefix("q: "),
            passage_prefix: prefix("p: "),
            ..Endpoint::default()
        };
        (meaning, endpoint)
    }

    fn embedded(&self) -> usize {
        self.passages.load(Ordering::Relaxed)
    }
}

fn documents(directory: &Path) {
    for (name, text) in [
        ("clock.md", "# 鐘\n\n這座鐘高三公尺。"),
        ("loom.md", "# 織布機\n\n織布機在閣樓。"),
        ("garden.md", "# 花園\n\n花園有一棵老樹。"),
    ] {
        std::fs::write(directory.join(name), text).unwrap();
    }
}

fn library(directory: &Path, endpoint: &Endpoint) -> Library {
    let client = Embeddings::new(endpoint.clone()).unwrap();
    let embedder = Embedder::new(client, Store::at(directory.join(".rapport-index")));
    Library::load(vec![directory.to_owned()], Some(embedder)).unwrap()
}

async fn first(library: &Library, question: &str) -> String {
    let found = library.search(question, 2_500).await;
    assert!(!found.is_degraded);
    found.passages.first().map(|it| it.source.title.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_text_is_embedded_once_and_found_in_another_language() {
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let (meaning, endpoint) = Meaning::start().await;
    library(directory.path(), &endpoint).embed(Keep::Always, |_| {}).await.unwrap();
    assert_eq!(meaning.embedded(), 3);

    // As after a restart.
    let again = library(directory.path(), &endpoint);
    assert!(again.recall().await.unwrap());
    assert_eq!(first(&again, "Where is the loom?").await, "織布機");
    assert_eq!(first(&again, "How tall is the clock?").await, "鐘");

    // A changed file costs its own passages.
    std::fs::write(directory.path().join("clock.md"), "# 鐘\n\n這座鐘高四公尺。").unwrap();
    let changed = library(directory.path(), &endpoint);
    assert!(!changed.recall().await.unwrap());
    changed.embed(Keep::Always, |_| {}).await.unwrap();
    assert_eq!(meaning.embedded(), 4);

    let other = Endpoint { model: Some("other".into()), ..endpoint };
    let error = library(directory.path(), &other).recall().await.unwrap_err().to_string();
    assert!(error.contains("made with the model `meaning`, not `other`"), "{error}");
}

#[tokio::test]
async fn embeddings_that_cant_be_kept_are_made_once() {
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let (meaning, endpoint) = Meaning::start().await;
    let nowhere = Store::at(directory.path().join("clock.md/index"));
    let embedder = Embedder::new(Embeddings::new(endpoint.clone()).unwrap(), nowhere);
    let library = Library::load(vec![directory.path().to_owned()], Some(embedder)).unwrap();
    assert!(!library.recall().await.unwrap());
    for _ in 0..2 {
        library.embed(Keep::IfPossible, |_| {}).await.unwrap();
        assert_eq!((meaning.embedded(), library.current().embedded()), (3, 3));
        assert_eq!(first(&library, "Where is the loom?").await, "織布機");
    }
    assert!(library.embed(Keep::Always, |_| {}).await.is_err());
    assert_eq!(library.current().embedded(), 3);
}

#[tokio::test]
async fn a_question_that_is_refused_or_cant_be_compared_keeps_no_other_from_its_meaning() {
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let (meaning, endpoint) = Meaning::start().await;
    let library = library(directory.path(), &endpoint);
    library.embed(Keep::Always, |_| {}).await.unwrap();
    for _ in 0..3 {
        assert!(library.search("refused", 2_500).await.is_degraded);
    }
    assert_eq!(first(&library, "Where is the loom?").await, "織布機");
    let long = format!("Where is the loom? {} refused", "Well. ".repeat(500)); // so much is not embedded
    assert_eq!(first(&library, &long).await, "織布機");
    meaning.wider.store(3, Ordering::Relaxed);
    assert!(library.search("Where is the loom?", 2_500).await.is_degraded);
    let error = library.recall().await.unwrap_err().to_string();
    assert!(error.contains("the dimension `5`, not `8`"), "{error}");
    meaning.wider.store(0, Ordering::Relaxed);
    assert_eq!(first(&library, "Where is the loom?").await, "織布機");
}

#[tokio::test]
async fn without_its_embeddings_a_question_is_searched_by_words_and_the_turn_says_so() {
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let (meaning, endpoint) = Meaning::start().await;
    let mut config = Config::demo();
    config.knowledge = Documents::Paths(vec![directory.path().to_owned()]);
    config.embeddings = Some(endpoint);
    config.session.messages_per_minute = 0;
    let house = House::open(config).await;
    let mut client = house.connect("").await;
    let ask = r#"{"text_user_msg": "織布機在哪裡？", "convert_tone": false}"#;
    // By words until the passages are embedded, then by both.
    let whole = async { while client.ask(ask).await["degraded"] != json!([]) {} };
    timeout(DEADLINE, whole).await.unwrap();
    let (_, told) = crate::raw::get(house.address, "/readyz").await;
    assert!(told.contains(r#""embeddings":{"status":"ok"}"#), "{told}");
    meaning.is_down.store(true, Ordering::Relaxed);
    let done = client.ask(ask).await;
    assert_eq!(done["degraded"], json!(["embed"]));
    assert_eq!(done["sources"][0]["file"], "loom.md");
    assert!(done["answer"].as_str().unwrap().contains("閣樓"), "{done}");
    house.close().await;
}

#[tokio::test]
async fn a_changed_document_is_served_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let mut config = Config::demo();
    config.knowledge = Documents::Paths(vec![directory.path().to_owned()]);
    config.reload = Duration::from_millis(50);
    config.session.messages_per_minute = 0;
    let house = House::open(config).await;
    let mut client = house.connect("").await;
    let ask = r#"{"text_user_msg": "這座鐘有多高？", "convert_tone": false}"#;
    assert!(client.ask(ask).await["answer"].as_str().unwrap().contains("三公尺"));

    // A mistake in a list leaves the old documents in place.
    std::fs::write(directory.path().join("more.json"), "[{").unwrap();
    std::fs::write(directory.path().join("clock.md"), "# 鐘\n\n這座鐘高五公尺。").unwrap();
    let stale = async || {
        let told: Value = serde_json::from_str(&crate::raw::get(house.address, "/readyz").await.1).unwrap();
        assert_eq!(told["ready"], true);
        told["knowledge"]["stale"].as_str().map(str::to_owned)
    };
    let told = async {
        loop {
            match stale().await {
                Some(reason) => return reason,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    let reason = timeout(DEADLINE, told).await.unwrap();
    assert!(reason.contains("more.json:1:2: malformed JSON"), "{reason}");
    assert!(client.ask(ask).await["answer"].as_str().unwrap().contains("三公尺"));

    std::fs::remove_file(directory.path().join("more.json")).unwrap();
    let changed = async {
        loop {
            let done = client.ask(ask).await;
            let answer = done["answer"].as_str().unwrap();
            if answer.contains("五公尺") {
                return;
            }
            assert!(answer.contains("三公尺"), "{done}");
        }
    };
    timeout(DEADLINE, changed).await.unwrap();
    let fresh = async { while stale().await.is_some() {} };
    timeout(DEADLINE, fresh).await.unwrap();
    house.close().await;
}

/// Keeps a library while that goes on.
async fn kept_while(library: &Library, goes_on: impl Future<Output = ()>) {
    tokio::select! {
        () = library.keep(Duration::from_millis(50)) => {}
        done = timeout(DEADLINE, goes_on) => done.expect("it takes too long"),
    }
}

/// Waits until a search's best passage has that.
async fn served(library: &Library, question: &str, text: &str) {
    loop {
        let found = library.search(question, 2_500).await.passages;
        if found.first().is_some_and(|it| it.text.contains(text)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_changes_while_it_is_loaded_or_all_the_time_is_served() {
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let library = Library::load(vec![directory.path().to_owned()], None).unwrap();
    std::fs::write(directory.path().join("clock.md"), "# 鐘\n\n這座鐘高五公尺。").unwrap();
    kept_while(&library, served(&library, "這座鐘有多高？", "五公尺")).await;

    std::fs::write(directory.path().join("clock.md"), "# 鐘\n\n這座鐘高六公尺。").unwrap();
    let log = directory.path().join("log.txt");
    let growing = async {
        for line in 0.. {
            std::fs::write(&log, format!("Line {line} of the log.")).unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = growing => {}
        () = kept_while(&library, served(&library, "這座鐘有多高？", "六公尺")) => {}
    }
}

#[tokio::test]
async fn changed_documents_dont_wait_for_a_server_that_hangs_and_nothing_is_embedded_twice() {
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let (meaning, endpoint) = Meaning::start().await;
    let library = library(directory.path(), &endpoint);
    let hangs = Arc::clone(&meaning.gate).write_owned().await;
    let changed = async {
        meaning.asked.notified().await;
        std::fs::write(directory.path().join("clock.md"), "# 鐘\n\n這座鐘高五公尺。").unwrap();
        served(&library, "這座鐘有多高？", "五公尺").await;
        assert_eq!(library.current().embedded(), 0);
        drop(hangs);
        while library.current().embedded() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    kept_while(&library, changed).await;
    assert_eq!(meaning.embedded(), 3);
}

#[tokio::test]
async fn what_is_not_served_any_more_is_dropped_from_the_index() {
    let (directory, former) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    documents(directory.path());
    documents(former.path());
    let (_, endpoint) = Meaning::start().await;
    let library = library(directory.path(), &endpoint);
    library.embed(Keep::Always, |_| {}).await.unwrap();
    let store = Store::at(directory.path().join(".rapport-index"));
    let embedder = Embedder::new(Embeddings::new(endpoint).unwrap(), store);
    let former = Library::load(vec![former.path().to_owned()], Some(embedder)).unwrap();
    assert!(former.recall().await.unwrap());
    for name in ["loom.md", "garden.md"] {
        std::fs::remove_file(directory.path().join(name)).unwrap();
    }
    let dropped = async {
        while former.recall().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    kept_while(&library, dropped).await;
}

#[tokio::test]
async fn a_model_rewrites_a_follow_up_unless_it_is_too_slow() {
    for (model, rewritten) in [("sim-rewrite-ttft1-tps0", true), ("sim-rewrite-ttft5000-tps1", false)] {
        let (url, simulator) = simulate(vlm_sim::Config::default()).await;
        let mut config = Config::demo();
        let mut endpoint = models(&url, "sim-answer-ttft1-tps0", "sim-convert-ttft1-tps0", "sim-select");
        endpoint.rewrite_model = Some(model.to_owned());
        config.llm = Some(endpoint);
        config.warmup = Duration::ZERO;
        let house = House::open(config).await;
        let mut client = house.connect("").await;
        client.ask(r#"{"text_user_msg": "How tall is the clock?", "convert_tone": false}"#).await;
        let done = client.ask(r#"{"text_user_msg": "And who made it?", "convert_tone": false}"#).await;
        assert_eq!(done["status"], "completed");
        assert!(done["sources"].as_array().is_some_and(|sources| !sources.is_empty()), "{done}");
        let stages: Vec<_> = done["spans"].as_array().unwrap().iter().map(|span| &span["stage"]).collect();
        assert_eq!(stages[..2], ["rewrite", "retrieve"]);
        let stats = serde_json::to_value(simulator.stats()).unwrap();
        let calls = &stats["models"][model];
        assert_eq!(calls["begun"], 1, "{stats}");
        assert_eq!(calls["finished"], u8::from(rewritten), "{stats}");
        house.close().await;
    }
}

#[tokio::test]
async fn a_price_that_no_document_has_is_refused_without_a_model() {
    let (url, simulator) = simulate(vlm_sim::Config::default()).await;
    let directory = tempfile::tempdir().unwrap();
    documents(directory.path());
    let mut config = Config::demo();
    config.knowledge = Documents::Paths(vec![directory.path().to_owned()]);
    config.llm = Some(models(&url, "sim-answer-ttft1-tps0", "sim-convert-ttft1-tps0", "sim-select"));
    config.warmup = Duration::ZERO;
    let house = House::open(config).await;
    let mut client = house.connect("").await;
    let done = client.ask(r#"{"text_user_msg": "織布機多少錢？", "convert_tone": false}"#).await;
    assert_eq!((&done["usage"]["llm_calls"], &done["sources"]), (&json!(0), &json!([])));
    assert!(done["answer"].as_str().unwrap().contains("不知道"), "{done}");
    let done = client.ask(r#"{"text_user_msg": "織布機在哪裡？", "convert_tone": false}"#).await;
    assert_eq!(done["usage"]["llm_calls"], 1);
    drop(simulator);
    house.close().await;
}

#[test]
fn what_says_the_same_is_one_passage_that_is_found_by_either_title() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        "The clock was made by Hsu Wen-shan for the harbour office, to warn ships of low water at night.";
    std::fs::write(directory.path().join("a.md"), format!("# Timepiece\n\n{text}")).unwrap();
    std::fs::write(
        directory.path().join("b.txt"),
        format!("Harbour bell\n\n{}", text.replace("night.", "night")),
    )
    .unwrap();
    let knowledge = Knowledge::load(&[directory.path().to_owned()]).unwrap();
    assert_eq!((knowledge.documents(), knowledge.len()), (2, 1));
    for question in ["timepiece", "bell"] {
        assert_eq!(&*knowledge.search(question, None, 500)[0].source.file, "a.md");
    }
}
