//! Churn: visitors who come, ask, lose their connection, come back, are forgotten and leave, for half an hour. What the
//! server holds must level off, and nothing may be left behind them.
//!
//! `make soak`, or `SOAK_MINUTES=5 cargo bench -p rapport --bench soak`. With `SOAK_STORE=redis://...` sessions are kept
//! there as well, and its keys are counted at the end.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::numbers::{count, head, row};
use common::process::Process;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long, unless `SOAK_MINUTES` says otherwise.
const MINUTES: f64 = 30.0;
/// How many visitors there are at a time.
const VISITORS: u64 = 40;
/// How often memory is looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// What memory may grow by over the last two thirds.
const MOST_GROWTH: f64 = 0.01;
/// How long the server may take to let go of what is left. Sessions without a socket are kept for 5 s here.
const SETTLE: Duration = Duration::from_secs(60);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[derive(Default)]
struct Done {
    turns: AtomicU64,
    resumed: AtomicU64,
    snapshots: AtomicU64,
    forgotten: AtomicU64,
    is_over: AtomicBool,
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default(); // it is the only one
    let minutes = std::env::var("SOAK_MINUTES").map_or(MINUTES, |minutes| minutes.parse().unwrap());
    let simulator = Process::simulator(&["--latency", "50"]);
    let (models, camera) =
        (format!("http://{}/v1", simulator.address), format!("http://{}", simulator.address));
    let store = std::env::var("SOAK_STORE").unwrap_or_else(|_| "memory".into());
    let house = Process::rapport(&[
        "--llm-url",
        &models,
        "--llm-model",
        "sim-answer-ttft20-tps200",
        "--convert-model",
        "sim-convert-ttft20-tps400",
        "--user-description-server",
        &camera,
        "--select",
        "rules",
        "--warmup",
        "0",
        "--messages-per-minute",
        "0",
        "--session-ttl",
        "5s",
        "--store",
        &store,
    ]);
    let done = Arc::new(Done::default());
    let mut visitors = JoinSet::new();
    for seed in 0..VISITORS {
        let (address, done) = (house.address.clone(), Arc::clone(&done));
        visitors.spawn(async move { churn(&address, fastrand::Rng::with_seed(seed), &done).await });
    }
    let (begun, whole) = (Instant::now(), Duration::from_secs_f64(minutes * 60.0));
    let mut samples = Vec::new();
    while begun.elapsed() < whole {
        sleep(SAMPLE_EVERY).await;
        samples.push((begun.elapsed().as_secs_f64(), house.resident()));
    }
    done.is_over.store(true, Ordering::Relaxed);
    while let Some(visitor) = visitors.join_next().await {
        visitor.unwrap();
    }
    let left = settle(&house.address).await;
    let (level, growth) = growth(&samples[samples.len() / 3..]);

    let read = |counted: &AtomicU64| counted.load(Ordering::Relaxed).to_string();
    head(&[
        "minutes",
        "store",
        "turns",
        "resumed",
        "of these by snapshot",
        "forgotten",
        "memory",
        "its growth over the last two thirds",
        "left behind",
    ]);
    row(&[
        format!("{minutes}"),
        store.split(':').next().unwrap().to_owned(),
        read(&done.turns),
        read(&done.resumed),
        read(&done.snapshots),
        read(&done.forgotten),
        format!("{:.1} MiB", level / 1024.0 / 1024.0),
        format!("{:.2} %", growth * 100.0),
        left.clone(),
    ]);
    if growth > MOST_GROWTH || left != "nothing" {
        eprintln!("error: memory grows, or something is left behind");
        exit(1);
    }
}

/// The mean of samples of (s, bytes), and by which share of it the line through them rises.
fn growth(samples: &[(f64, f64)]) -> (f64, f64) {
    let n = count(samples.len());
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / n;
    let (at, bytes) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let along: f64 = samples.iter().map(|sample| (sample.0 - at) * (sample.1 - bytes)).sum();
    let across: f64 = samples.iter().map(|sample| (sample.0 - at).powi(2)).sum();
    let span = samples.last().unwrap().0 - samples[0].0;
    (bytes, along / across * span / bytes)
}

/// Waits until the server holds nothing for anybody; says what it still holds after a while.
async fn settle(address: &str) -> String {
    let begun = Instant::now();
    loop {
        let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
        let held = ["rapport_sessions", "rapport_sockets", "rapport_turns_running", "rapport_tasks"];
        let held: Vec<_> = text
            .lines()
            .filter(|line| held.iter().any(|name| line.split(' ').next() == Some(name)))
            .filter(|line| !line.ends_with(" 0"))
            .collect();
        if held.is_empty() {
            return "nothing".into();
        }
        if begun.elapsed() > SETTLE {
            return held.join(", ");
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// A client's knowledge of its session.
struct Visit {
    socket: Socket,
    session: Value,
    last_seq: u64,
}

async fn churn(address: &str, mut rng: fastrand::Rng, done: &Done) {
    while !done.is_over.load(Ordering::Relaxed) {
        let mut visit = Visit::open(address, None).await;
        for number in 0..rng.u32(1..5) {
            visit.ask(number).await;
            // Some connections are lost in the middle of a reply, some behind it.
            if rng.bool() {
                visit.hear(rng.u32(1..20)).await;
                visit = visit.come_back(address, done).await;
            }
            visit.end_of_turn(done).await;
            if rng.u8(..) < 50 {
                visit.forget().await;
                done.forgotten.fetch_add(1, Ordering::Relaxed);
            }
        }
        if rng.bool() {
            let _ = visit.socket.close(None).await; // else it is simply gone
        }
    }
}

impl Visit {
    async fn open(address: &str, former: Option<(Value, u64)>) -> Self {
        let query = former.as_ref().map_or_else(String::new, |(session, last_seq)| {
            let [id, token] = ["session_id", "resume_token"].map(|field| session[field].as_str().unwrap());
            format!("?session_id={id}&resume={token}&last_seq={last_seq}")
        });
        let (socket, _) = connect_async(format!("ws://{address}/ws{query}")).await.unwrap();
        let mut visit = Self { socket, session: Value::Null, last_seq: former.map_or(0, |(_, seq)| seq) };
        visit.session = visit.frame().await;
        if visit.session["resumed"] != true {
            visit.last_seq = visit.session["last_seq"].as_u64().unwrap();
        }
        visit
    }

    async fn come_back(self, address: &str, done: &Done) -> Self {
        let Self { socket, session, last_seq } = self;
        drop(socket);
        let visit = Self::open(address, Some((session.clone(), last_seq))).await;
        assert_eq!(visit.session["session_id"], session["session_id"]);
        done.resumed.fetch_add(1, Ordering::Relaxed);
        done.snapshots.fetch_add(u64::from(visit.session["resumed"] != true), Ordering::Relaxed);
        visit
    }

    async fn ask(&mut self, number: u32) {
        let question =
            json!({"text_user_msg": "Who built the clock?", "id": format!("q{number}-{}", self.last_seq)});
        self.socket.send(Message::text(question.to_string())).await.unwrap();
        while self.frame().await["type"] != "turn_started" {}
    }

    /// Some frames, at most to the turn's end.
    async fn hear(&mut self, frames: u32) {
        for _ in 0..frames {
            if matches!(self.peeked().await, Some(true)) {
                return;
            }
        }
    }

    /// Reads a frame; whether it ends a turn. The end of a turn that is read here is remembered.
    async fn peeked(&mut self) -> Option<bool> {
        let frame = self.frame().await;
        let is_end = frame["type"] == "turn_done";
        if is_end {
            self.session["ended"] = json!(true);
        }
        Some(is_end)
    }

    async fn end_of_turn(&mut self, done: &Done) {
        while self.session.as_object_mut().unwrap().remove("ended").is_none() {
            self.peeked().await;
        }
        done.turns.fetch_add(1, Ordering::Relaxed);
    }

    async fn forget(&mut self) {
        self.socket.send(Message::text(r#"{"type":"forget"}"#)).await.unwrap();
        loop {
            let frame = self.frame().await;
            if frame["type"] == "session" {
                self.session = frame;
                return;
            }
        }
    }

    /// The next frame; its number must follow the last one's.
    async fn frame(&mut self) -> Value {
        loop {
            let Message::Text(text) = self.socket.next().await.unwrap().unwrap() else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if let Some(seq) = frame["seq"].as_u64() {
                let from = frame["from_seq"].as_u64().unwrap_or(seq);
                assert_eq!(from, self.last_seq + 1, "{frame}");
                self.last_seq = seq;
            }
            return frame;
        }
    }
}
