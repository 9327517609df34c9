//! Search in a corpus of 10,000 and of 100,000 passages, made with their vectors from a seed: what it takes to load,
//! to embed (without the model's own time) and to find, and what it costs those who are being talked to meanwhile.
//!
//! `cargo bench -p rapport --bench search`. A passage is 60 words, drawn as in real texts (the n-th most common one
//! comes 1/n as often), on one of many topics; vectors have what all have in common, their topic and noise, as those
//! of E5 have. A question is six words of one passage, with a vector on its topic.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::routing::{get, post};
use common::client::Client;
use common::machine;
use common::numbers::{count, head, median, ms, quantile, row};
use common::process::Process;
use futures_util::future::join_all;
use rapport::config::Config;
use rapport::knowledge::{Embedder, Keep, Knowledge, Library, Store};
use rapport::llm::embeddings::{Embeddings, Endpoint};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SIZES: [usize; 2] = [10_000, 100_000];
const DIMENSION: usize = 384;
const VOCABULARY: usize = 50_000;
const WORDS: usize = 60;
/// Passages of one topic.
const OF_TOPIC: usize = 20;
const AT_ONCE: usize = 16;
const QUESTIONS: usize = 2_000;

/// Who talks while others search, and how often each asks.
const TALKING: usize = 20;
const TURNS: usize = 4;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let machine = machine::quiet();
    let embeddings = embeddings().await;
    head(&[
        "passages",
        "load, s",
        "embed and keep, s (without the model)",
        "recall at a start, s",
        "memory, MiB",
        "documents; index on disk, MiB",
        "search, 1 at once, ms p50 (p99)",
        "search, 16 at once, ms p50 (p99)",
        "of the 6 nearest found",
    ]);
    let mut largest = None;
    let mut alone = Vec::new();
    for size in SIZES {
        let directory = tempfile::tempdir().unwrap();
        let (library, at_once) = measure(size, directory.path(), &embeddings).await;
        alone.push(at_once);
        largest = Some((library, directory));
    }
    println!("\np99 of 16 at once, of {} passages to {}: {:.2}", SIZES[1], SIZES[0], alone[1] / alone[0]);
    let (library, _directory) = largest.unwrap();
    talk_beside(library).await;
    println!("\n{machine}");
}

/// A row; returns the library and the 99th percentile with 16 at once.
async fn measure(size: usize, directory: &Path, embeddings: &str) -> (Arc<Library>, f64) {
    let documents = directory.join("documents");
    std::fs::create_dir(&documents).unwrap();
    let texts = write(size, &documents);
    let before = resident();
    let begun = Instant::now();
    let open = || {
        let client = Embeddings::new(Endpoint { url: embeddings.to_owned(), ..Endpoint::default() }).unwrap();
        let store = Store::at(directory.join("index"));
        Library::load(vec![documents.clone()], Some(Embedder::new(client, store))).unwrap()
    };
    let library = open();
    let load = begun.elapsed();
    let begun = Instant::now();
    library.embed(Keep::Always, |_| {}).await.unwrap();
    let embed = begun.elapsed();
    drop(library);
    let library = Arc::new(open());
    let begun = Instant::now();
    assert!(library.recall().await.unwrap());
    let recall = begun.elapsed();
    let memory = resident() - before;
    let mib = |bytes: u64| (bytes >> 20).to_string();
    let on_disk: u64 =
        std::fs::read_dir(&documents).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).sum();
    let index = std::fs::metadata(directory.join("index")).unwrap().len();

    let knowledge = library.current();
    let questions: Arc<Vec<_>> = Arc::new((0..QUESTIONS).map(|at| question(&texts, at)).collect());
    let single = search(&library, &questions, 1, QUESTIONS / 4).await;
    let many = search(&library, &questions, AT_ONCE, QUESTIONS).await;
    let told = |times: &[f64]| format!("{:.1} ({:.1})", median(times), quantile(times, 0.99));
    row(&[
        knowledge.len().to_string(),
        format!("{:.1}", load.as_secs_f64()),
        format!("{:.1}", embed.as_secs_f64()),
        format!("{:.1}", recall.as_secs_f64()),
        format!("{memory:.0}"),
        format!("{}; {}", mib(on_disk), mib(index)),
        told(&single),
        told(&many),
        format!("{:.3}", nearest_found(&knowledge, &questions, &texts)),
    ]);
    (library, quantile(&many, 0.99))
}

/// The times of searches, so many at once, on the threads that a server searches on.
async fn search(
    library: &Arc<Library>,
    questions: &Arc<Vec<(String, Vec<f32>)>>,
    at_once: usize,
    all: usize,
) -> Vec<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let searchers = (0..at_once).map(|_| {
        let (library, questions, next) = (Arc::clone(library), Arc::clone(questions), Arc::clone(&next));
        tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= all {
                    return times;
                }
                let begun = Instant::now();
                let (knowledge, questions) = (library.current(), Arc::clone(&questions));
                let search = library.in_turn(move || {
                    let (text, vector) = &questions[at];
                    knowledge.search(text, Some(vector), 2_500).len()
                });
                assert!(search.await > 0);
                times.push(ms(begun.elapsed()));
            }
        })
    });
    join_all(searchers).await.into_iter().flat_map(Result::unwrap).collect()
}

/// The share of the six passages that are nearest by their vectors which a search by vectors alone finds.
fn nearest_found(knowledge: &Knowledge, questions: &[(String, Vec<f32>)], texts: &[String]) -> f64 {
    const LOOKED_AT: usize = 40;
    let vectors: Vec<Vec<f32>> = texts.iter().map(|text| vector(text)).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let mut found = 0;
    for (_, question) in &questions[..LOOKED_AT] {
        let mut exact: Vec<(f32, &String)> =
            vectors.iter().zip(texts).map(|(vector, text)| (dot(vector, question), text)).collect();
        exact.sort_by(|a, b| b.0.total_cmp(&a.0));
        let nearest = knowledge.search("—", Some(question), usize::MAX);
        let is_found = |text: &String| nearest.iter().any(|it| text.contains(&*it.text));
        found += exact[..6].iter().filter(|(_, text)| is_found(text)).count();
    }
    count(found) / count(6 * LOOKED_AT)
}

/// Gaps between tokens of those who are talked to, with nobody searching and with one search after another.
async fn talk_beside(library: Arc<Library>) {
    let simulator = Process::simulator(&[]);
    let mut config = Config::demo();
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.knowledge = rapport::config::Knowledge::None;
    config.session.messages_per_minute = 0;
    config.warmup = Duration::ZERO;
    config.llm = Some(rapport::llm::openai::Endpoint {
        urls: vec![format!("http://{}/v1", simulator.address)],
        model: Some("sim-answer-ttft50-tps50".into()),
        ..Default::default()
    });
    let server = rapport::app::Server::new(config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(server.serve(listener, std::future::pending()));
    println!(
        "\n{TALKING} talk, replies at 50 tokens a second; 99th percentile of the gaps between tokens:\n"
    );
    head(&["beside them", "ms", "/ nobody searches"]);
    let names = ["nobody searches", "control: again", "one search after another"];
    let mut measured = vec![Vec::new(); names.len()];
    let mut rng = fastrand::Rng::with_seed(2);
    for _ in 0..ROUNDS {
        let mut order = [0, 1, 2];
        rng.shuffle(&mut order);
        for at in order {
            let stop = Arc::new(AtomicBool::new(at != 2));
            let searching = tokio::spawn(search_on(Arc::clone(&library), Arc::clone(&stop)));
            measured[at].push(gaps(&address).await);
            stop.store(true, Ordering::Relaxed);
            searching.await.unwrap();
        }
    }
    for (at, name) in names.iter().enumerate() {
        let ratios: Vec<f64> = measured[at].iter().zip(&measured[0]).map(|(it, first)| it / first).collect();
        row(&[
            (*name).to_owned(),
            format!("{:.2}", median(&measured[at])),
            if at == 0 { String::new() } else { format!("{:.3}", median(&ratios)) },
        ]);
    }
}

/// Searches until it is told to stop, embedding included.
async fn search_on(library: Arc<Library>, stop: Arc<AtomicBool>) {
    let mut rng = fastrand::Rng::with_seed(3);
    while !stop.load(Ordering::Relaxed) {
        let words: Vec<String> = (0..6).map(|_| word(&mut rng)).collect();
        let topic = rng.usize(..SIZES[1] / OF_TOPIC);
        library.search(&format!("topic{topic} {}", words.join(" ")), 2_500).await;
    }
}

async fn gaps(address: &str) -> f64 {
    let talking = (0..TALKING).map(|_| async {
        let mut client = Client::connect(address).await;
        let message = json!({"text_user_msg": "How tall is it?", "convert_tone": false}).to_string();
        let mut gaps = Vec::new();
        for _ in 0..TURNS {
            gaps.extend(client.ask(&message).await.gaps);
        }
        gaps
    });
    let gaps: Vec<f64> = join_all(talking).await.concat().into_iter().map(ms).collect();
    quantile(&gaps, 0.99)
}

/// Writes a corpus, 1,000 passages a file; returns what is embedded of each passage.
fn write(size: usize, directory: &Path) -> Vec<String> {
    let mut rng = fastrand::Rng::with_seed(size as u64);
    let mut texts = Vec::new();
    for file in 0..size / 1_000 {
        let items: Vec<Value> = (0..1_000)
            .map(|at| {
                let number = file * 1_000 + at;
                let topic = number % (size / OF_TOPIC);
                let mut text = String::new();
                for _ in 0..WORDS {
                    let _ = write!(text, "{} ", word(&mut rng));
                }
                let (title, text) = (format!("topic{topic} item{number}"), text.trim_end().to_owned() + ".");
                texts.push(format!("{title}\n{text}"));
                json!({"title": title, "content": text})
            })
            .collect();
        std::fs::write(directory.join(format!("{file}.json")), serde_json::to_vec(&items).unwrap()).unwrap();
    }
    texts
}

/// A word, the common ones more often; every third is written in Han characters.
fn word(rng: &mut fastrand::Rng) -> String {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rank = (VOCABULARY as f64).powf(rng.f64()) as usize;
    if rank.is_multiple_of(3) {
        let han = |at: usize| {
            char::from_u32(0x4E00 + u32::try_from((rank * 7 + at * 4_001) % 8_000).unwrap()).unwrap()
        };
        [han(0), han(1)].iter().collect()
    } else {
        format!("w{rank}x")
    }
}

/// A passage's topic and six of its words.
fn question(texts: &[String], at: usize) -> (String, Vec<f32>) {
    let mut rng = fastrand::Rng::with_seed(at as u64);
    let text = &texts[rng.usize(..texts.len())];
    let words: Vec<&str> = text.split_whitespace().skip(2).collect();
    let asked: Vec<&str> = (0..6).map(|_| words[rng.usize(..words.len())]).collect();
    let topic = text.split(' ').next().unwrap();
    let asked = format!("{topic} {}", asked.join(" "));
    let vector = vector(&asked);
    (asked, vector)
}

/// A text's vector: what all have in common, its topic, and noise of its own.
fn vector(text: &str) -> Vec<f32> {
    let part = |seed: u64| {
        let mut rng = fastrand::Rng::with_seed(seed);
        move || rng.f32() - 0.5
    };
    let hash =
        |text: &str| text.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let topic = text.split(' ').next().unwrap_or_default();
    let (mut common, mut of_topic, mut noise) = (part(1), part(hash(topic)), part(hash(text)));
    let vector: Vec<f32> =
        (0..DIMENSION).map(|_| 2.0 * common() + 0.8 * of_topic() + 0.8 * noise()).collect();
    let length = vector.iter().map(|it| it * it).sum::<f32>().sqrt();
    vector.iter().map(|it| it / length).collect()
}

/// A server of such vectors.
async fn embeddings() -> String {
    async fn embed(body: Bytes) -> String {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let of_one =
            |(at, text): (usize, &Value)| json!({"index": at, "embedding": vector(text.as_str().unwrap())});
        let data: Vec<Value> = body["input"].as_array().unwrap().iter().enumerate().map(of_one).collect();
        json!({ "data": data }).to_string()
    }
    let router = axum::Router::new()
        .route("/v1/embeddings", post(embed))
        .route("/v1/models", get(|| async { r#"{"data": [{"id": "seeded"}]}"# }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, router.layer(axum::extract::DefaultBodyLimit::disable())).await
    });
    url
}

/// MiB of memory that this process holds.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
