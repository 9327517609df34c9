//! Many sessions: what an idle one holds, what idle ones cost those who talk, and what a turn costs however many run.
//!
//! `cargo bench -p rapport --bench scale`. Server and simulator are processes of their own; memory is the server
//! process's resident memory, CPU time that of all its threads.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use common::client::{Client, talk};
use common::machine;
use common::numbers::{count, head, median, quantile, row};
use common::process::Process;
use futures_util::future::join_all;
use tokio::task::JoinSet;

/// How many sessions idle.
const IDLE: usize = 10_000;
/// How many sockets open at once.
const OPENING: usize = 200;

/// How many talk beside them.
const TALKING: usize = 100;
/// How many questions each of them asks.
const TALKS: usize = 5;
/// How often all is repeated, each time on a new server.
const GAP_ROUNDS: usize = 3;

/// Turns at once, and how many turns in all.
const CROWDS: [(usize, usize); 4] = [(1, 10), (10, 150), (100, 1000), (1000, 3000)];
const TURN_ROUNDS: usize = 3;

const QUESTION: &str = r#"{"text_user_msg":"Who built the clock?","include_history":false}"#;
const ANSWER: &str = "sim-answer-ttft100-tps50";
const CONVERT: &str = "sim-convert-ttft100-tps50";

/// A reply of one sentence, 12 words.
const SENTENCE: &str = "The tall clock in the hall was built by two careful brothers.";

#[tokio::main]
async fn main() {
    let machine = machine::quiet();
    let answer = std::env::temp_dir().join(format!("rapport-bench-{}", std::process::id()));
    std::fs::write(&answer, SENTENCE).unwrap();
    let simulator = Process::simulator(&["--latency", "100", "--answer", answer.to_str().unwrap()]);
    memory(&simulator).await;
    gaps(&simulator).await;
    turns(&simulator).await;
    std::fs::remove_file(answer).unwrap();
    println!("\n{machine}");
}

/// A server whose sessions are described and converted, as in a house.
fn rapport(simulator: &Process, answer: &str, convert: &str) -> Process {
    let (models, camera) =
        (format!("http://{}/v1", simulator.address), format!("http://{}", simulator.address));
    let mut flags =
        vec!["--llm-url", &models, "--llm-model", answer, "--convert-model", convert, "--warmup", "0"];
    flags.extend(["--user-description-server", &camera, "--select", "rules", "--messages-per-minute", "0"]);
    flags.extend(["--pong-timeout", "10m"]); // clients that wait for others to open don't read
    Process::rapport(&flags)
}

/// Opens sessions, some at once, and waits until each is greeted and described.
async fn open(house: &Process, sessions: usize) -> Vec<Client> {
    let mut clients = Vec::with_capacity(sessions);
    while clients.len() < sessions {
        let opening = (0..OPENING.min(sessions - clients.len())).map(|_| async {
            let mut client = Client::connect(&house.address).await;
            client.until(r#"{"type":"description""#).await;
            client
        });
        clients.extend(join_all(opening).await);
    }
    clients
}

async fn memory(simulator: &Process) {
    let house = rapport(simulator, "sim-answer-ttft0-tps0", "sim-convert-ttft0-tps0");
    // What the first session and turn bring into being, code included, is not a session's.
    open(&house, 1).await[0].ask(QUESTION).await;
    let before = house.resident();
    let mut clients = open(&house, IDLE).await;
    let idle = (house.resident() - before) / count(IDLE);
    for some in clients.chunks_mut(OPENING) {
        join_all(some.iter_mut().map(|client| client.ask(QUESTION))).await;
    }
    let spoken = (house.resident() - before) / count(IDLE);
    println!("{IDLE} sessions, each described, with its socket; resident bytes a session:\n");
    head(&["sessions", "KiB each"]);
    row(&["idle".to_owned(), format!("{:.2}", idle / 1024.0)]);
    row(&["after a converted turn of one sentence each".to_owned(), format!("{:.2}", spoken / 1024.0)]);
}

async fn gaps(simulator: &Process) {
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
    for round in 1..=GAP_ROUNDS {
        let house = rapport(simulator, ANSWER, CONVERT);
        talk(&house.address, TALKING, TALKS, QUESTION).await; // warms up
        rounds[0].push(talk(&house.address, TALKING, TALKS, QUESTION).await);
        rounds[1].push(talk(&house.address, TALKING, TALKS, QUESTION).await);
        let mut idle = JoinSet::new();
        for mut client in open(&house, IDLE).await {
            idle.spawn(async move { client.idle().await });
        }
        rounds[2].push(talk(&house.address, TALKING, TALKS, QUESTION).await);
        idle.shutdown().await;
        eprintln!("gaps: round {round} of {GAP_ROUNDS}");
    }
    println!(
        "\n{TALKING} talk, replies at 50 tokens a second; 99th percentile of the gaps between tokens:\n"
    );
    head(&["beside them", "ms, median of the rounds", "/ none"]);
    let names = ["none", "control: none again", "10,000 idle"];
    for (name, round) in names.iter().zip(&rounds) {
        let ratios: Vec<f64> = round.iter().zip(&rounds[0]).map(|(some, none)| some / none).collect();
        row(&[(*name).to_owned(), format!("{:.2}", median(round)), format!("{:.3}", median(&ratios))]);
    }
}

async fn turns(simulator: &Process) {
    let house = rapport(simulator, "sim-answer-ttft100-tps20", "sim-convert-ttft100-tps20");
    let mut spent = vec![Vec::new(); CROWDS.len()];
    for round in 0..=TURN_ROUNDS {
        let mut order: Vec<usize> = (0..CROWDS.len()).collect();
        fastrand::shuffle(&mut order);
        for at in order {
            let cpu = a_turn(&house, CROWDS[at]).await;
            if round > 0 {
                // the first one warms up
                spent[at].push(cpu);
            }
        }
        eprintln!("turns: round {round} of {TURN_ROUNDS}");
    }
    println!("\nConverted turns of one sentence, 20 tokens a second; CPU time of the server a turn:\n");
    head(&["turns at once", "ms a turn (min to max)", "/ that of 10"]);
    for ((callers, _), spent_at) in CROWDS.iter().zip(&spent) {
        let ratios: Vec<f64> = spent_at.iter().zip(&spent[1]).map(|(some, ten)| some / ten).collect();
        let range = format!("{:.3} to {:.3}", quantile(spent_at, 0.0), quantile(spent_at, 1.0));
        row(&[
            callers.to_string(),
            format!("{:.3} ({range})", median(spent_at)),
            format!("{:.2}", median(&ratios)),
        ]);
    }
}

/// Milliseconds of CPU that a turn takes while so many run.
async fn a_turn(house: &Process, (callers, turns): (usize, usize)) -> f64 {
    let mut clients = open(house, callers).await;
    let before = house.cpu();
    join_all(clients.iter_mut().map(|client| async move {
        for _ in 0..turns / callers {
            client.ask(QUESTION).await;
        }
    }))
    .await;
    (house.cpu() - before) * 1e3 / count(turns)
}
