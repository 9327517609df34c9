//! Slow readers and clients that come back: what a thousand who never read hold and cost the others, and how long a
//! resume takes.
//!
//! `cargo bench -p rapport --bench resume`. The server is this program once more, on a listener whose connections have
//! a send buffer such as a network gives them: on loopback the kernel would take megabytes for a client that doesn't
//! read. Simulator and clients are processes of their own.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::time::{Duration, Instant};

use common::client::{Client, talk};
use common::machine;
use common::numbers::{count, head, median, ms, quantile, row};
use common::process::Process;
use rapport::app::{Server, Stop};
use rapport::config::{Config, Knowledge};
use rapport::llm::openai::Endpoint;
use rapport::session::Overlap;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

/// Names the simulator's address and the model to the process that is the server.
const SERVER: &str = "RAPPORT_BENCH_RESUME";

/// A connection's send buffer: what Linux begins with on an Ethernet (ten segments, doubled, with what each takes
/// beside its bytes).
const SEND_BUFFER: u32 = 43 * 1024;

/// How many run turns beside those who are measured.
const READERS: usize = 1000;
/// How many turns each of them asks for at once; the server's bounds are reached in the middle of them.
const TURNS: usize = 8;
/// Rounds; each scene in each is a new server.
const ROUNDS: usize = 3;
/// How many are measured, and how many questions each of them asks.
const TALKING: usize = 20;
const TALKS: usize = 3;

/// A reply: 60 tokens of 500 bytes, so that few of them fill what may wait, and the machine is not busy with them.
const WORDS: usize = 60;
const WORD: usize = 500;
const STREAMING: &str = "sim-answer-ttft100-tps20";

/// What no reader may hold: `outbound_queue`, `replay_bytes` and a history, with room.
const MOST: f64 = 1024.0;

/// How many turns were missed, and how often each resume is measured.
const MISSED: [usize; 3] = [0, 1, 20];
const RESUMES: usize = 500;
const AT_ONCE: &str = "sim-answer-ttft0-tps0";

const QUESTION: &str =
    r#"{"text_user_msg":"Who built the clock?","include_history":false,"convert_tone":false}"#;

#[tokio::main]
async fn main() {
    if let Ok(upstream) = std::env::var(SERVER) {
        return serve(&upstream).await;
    }
    let machine = machine::quiet();
    readers().await;
    resumes().await;
    println!("\n{machine}");
}

/// The server. `upstream`: the simulator's address and a model.
async fn serve(upstream: &str) {
    let (address, model) = upstream.split_once(' ').unwrap();
    let mut config = Config::demo();
    config.knowledge = Knowledge::None;
    config.llm = Some(Endpoint {
        urls: vec![format!("http://{address}/v1")],
        model: Some(model.to_owned()),
        convert_model: None,
        select_model: None,
        rewrite_model: None,
        ..Endpoint::default()
    });
    config.warmup = Duration::ZERO;
    config.turns = rapport::config::Turns::Unlimited; // all visitors are told at once
    config.session.messages_per_minute = 0;
    config.session.on_overlap = Overlap::Queue;
    config.limits.pong_timeout = Duration::from_secs(600); // it is the queue that ends those who don't read
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(SEND_BUFFER).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1024).unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let server = Server::new(config).unwrap();
    server.serve(listener, std::future::pending::<Stop>()).await;
}

/// Who runs turns beside those who are measured.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    Nobody,
    Reading,
    NeverReading,
}

async fn readers() {
    let answer = std::env::temp_dir().join(format!("rapport-bench-{}", std::process::id()));
    std::fs::write(&answer, format!("{} ", "x".repeat(WORD - 1)).repeat(WORDS)).unwrap();
    let simulator = Process::simulator(&["--answer", answer.to_str().unwrap()]);
    let scenes = [
        ("nobody", Beside::Nobody),
        ("control: nobody again", Beside::Nobody),
        ("1,000 that read", Beside::Reading),
        ("1,000 that never read", Beside::NeverReading),
    ];
    let (mut gaps, mut held) = (vec![Vec::new(); scenes.len()], vec![Vec::new(); scenes.len()]);
    for round in 1..=ROUNDS {
        let mut order: Vec<usize> = (0..scenes.len()).collect();
        fastrand::shuffle(&mut order);
        for at in order {
            let (gap, kib) = scene(&simulator, scenes[at].1).await;
            gaps[at].push(gap);
            held[at].push(kib);
        }
        eprintln!("readers: round {round} of {ROUNDS}");
    }
    std::fs::remove_file(answer).unwrap();
    println!(
        "{TALKING} talk, plain answers at 20 tokens a second, while others each run {TURNS} such turns of {} KB, with \
         {} KiB of send buffer; peak of the server's resident memory, and the 99th percentile of the gaps between the \
         tokens of those who talk:\n",
        WORDS * WORD / 1000,
        SEND_BUFFER / 1024
    );
    head(&["beside them", "KiB each (max)", "ms, median of the rounds", "/ nobody (min to max)"]);
    for (((name, beside), gaps_of), held_of) in scenes.iter().zip(&gaps).zip(&held) {
        let ratios: Vec<f64> = gaps_of.iter().zip(&gaps[0]).map(|(some, none)| some / none).collect();
        let most = quantile(held_of, 1.0);
        let held = format!("{:.0} ({most:.0})", median(held_of));
        row(&[
            (*name).to_owned(),
            if *beside == Beside::Nobody { String::new() } else { held },
            format!("{:.2}", median(gaps_of)),
            format!(
                "{:.3} ({:.3} to {:.3})",
                median(&ratios),
                quantile(&ratios, 0.0),
                quantile(&ratios, 1.0)
            ),
        ]);
        assert!(*beside == Beside::Nobody || most < MOST, "{name}: {most} KiB each");
    }
}

/// The 99th percentile of the gaps of those who talk, in ms, and what each of the others held at most, in KiB.
async fn scene(simulator: &Process, beside: Beside) -> (f64, f64) {
    let house = Process::part(SERVER, &format!("{} {STREAMING}", simulator.address));
    Client::connect(&house.address).await.ask(QUESTION).await; // what the first turn brings into being is nobody's
    let before = house.peak();
    let mut clients = Vec::with_capacity(READERS);
    if beside != Beside::Nobody {
        for _ in 0..READERS {
            clients.push(match beside {
                Beside::NeverReading => Client::narrow(&house.address).await,
                _ => Client::connect(&house.address).await,
            });
        }
        for client in &mut clients {
            for _ in 0..TURNS {
                client.say(QUESTION).await;
            }
        }
    }
    let (mut reading, mut silent) = (JoinSet::new(), Vec::new());
    for mut client in clients {
        if beside == Beside::Reading {
            reading.spawn(async move { client.idle().await });
        } else {
            silent.push(client);
        }
    }
    let gap = talk(&house.address, TALKING, TALKS, QUESTION).await;
    if beside != Beside::Nobody {
        house.rest().await;
    }
    reading.shutdown().await;
    drop(silent);
    (gap, (house.peak() - before) / count(READERS) / 1024.0)
}

async fn resumes() {
    let simulator = Process::simulator(&[]);
    let house = Process::part(SERVER, &format!("{} {AT_ONCE}", simulator.address));
    println!(
        "\nFrom before the connection to the last frame that was missed, {RESUMES} resumes each, on loopback:\n"
    );
    head(&["missed", "frames", "p50 ms", "p99 ms"]);
    let new: Vec<f64> = {
        let mut all = Vec::new();
        for _ in 0..RESUMES {
            let begun = Instant::now();
            Client::connect(&house.address).await;
            all.push(ms(begun.elapsed()));
        }
        all
    };
    tell("control: a new session", "", &new);
    for turns in MISSED {
        let (mut client, session) = Client::open(&house.address, "").await;
        let mut last = String::new();
        for _ in 0..turns {
            last = client.ask(QUESTION).await.done;
        }
        let session: Value = serde_json::from_str(&session).unwrap();
        let frames = serde_json::from_str::<Value>(&last).map_or(0, |done| done["seq"].as_u64().unwrap());
        let [id, token] = ["session_id", "resume_token"].map(|field| session[field].as_str().unwrap());
        let query = format!("?session_id={id}&resume={token}&last_seq=0");
        let end = format!(r#""seq":{frames}}}"#);
        let mut all = Vec::new();
        for _ in 0..RESUMES {
            let begun = Instant::now();
            let (mut client, session) = Client::open(&house.address, &query).await;
            assert!(session.contains(r#""resumed":true"#), "{session}");
            while turns > 0 && !client.frame().await.ends_with(&end) {}
            all.push(ms(begun.elapsed()));
        }
        let name = format!("{turns} turn{}", if turns == 1 { "" } else { "s" });
        tell(&name, &frames.to_string(), &all);
    }
}

fn tell(name: &str, frames: &str, all: &[f64]) {
    let [p50, p99] = [0.5, 0.99].map(|share| format!("{:.2}", quantile(all, share)));
    row(&[name.to_owned(), frames.to_owned(), p50, p99]);
}
