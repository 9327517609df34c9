//! What a store that nodes share costs: a turn and a token with sessions in memory alone and in Redis, and what Redis is
//! asked for it.
//!
//! `cargo bench -p rapport --bench store`. Server, simulator and Redis are processes of their own; CPU time is that of all
//! of a process's threads.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::collections::HashMap;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use common::client::Client;
use common::machine;
use common::numbers::{count, head, median, ms, quantile, row};
use common::process::{Process, free_port};
use futures_util::future::join_all;

const QUESTION: &str =
    r#"{"text_user_msg":"Who built the clock?","include_history":false,"convert_tone":false}"#;

/// How many ask at once, and how often each does.
const CALLERS: usize = 50;
const TURNS: usize = 2;
const ROUNDS: usize = 5;

/// How many turns follow one another where the first token is timed.
const ALONE: usize = 100;

/// How many sessions Redis is weighed with, and after how many turns each.
const SESSIONS: usize = 500;
const WEIGHED: [usize; 2] = [1, 5];

/// A short reply: 12 words. The long one is the simulator's own, 60.
const SENTENCE: &str = "The tall clock in the hall was built by two careful brothers.";
const WORDS: [usize; 2] = [12, 60];

const STORES: [&str; 3] = ["memory", "control: memory again", "Redis"];

/// A Redis that keeps nothing on disk.
struct Redis {
    program: Child,
    url: String,
}

impl Redis {
    fn start() -> Self {
        let port = free_port();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
        let program = command.stdout(Stdio::null()).spawn().expect("redis-server is installed");
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Self { program, url: format!("redis://127.0.0.1:{port}") }
    }

    /// All of `INFO` that is a number.
    fn info(&self) -> HashMap<String, f64> {
        let mut connection = redis::Client::open(&*self.url).unwrap().get_connection().unwrap();
        let text: String = redis::cmd("INFO").arg("everything").query(&mut connection).unwrap();
        let number = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let value =
                value.strip_prefix("calls=").map_or(value, |calls| calls.split(',').next().unwrap_or(calls));
            Some((name.to_owned(), value.parse().ok()?))
        };
        text.lines().filter_map(number).collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[tokio::main]
async fn main() {
    let machine = machine::quiet();
    let answer = std::env::temp_dir().join(format!("rapport-bench-{}", std::process::id()));
    std::fs::write(&answer, SENTENCE).unwrap();
    let simulators = [Process::simulator(&["--answer", answer.to_str().unwrap()]), Process::simulator(&[])];
    let redis = Redis::start();
    turns(&simulators, &redis).await;
    weigh(&simulators[1], &redis).await;
    std::fs::remove_file(answer).unwrap();
    println!("\n{machine}");
}

fn rapport(simulator: &Process, store: &str, model: &str) -> Process {
    let models = format!("http://{}/v1", simulator.address);
    let flags = ["--llm-url", &models, "--llm-model", model, "--warmup", "0", "--messages-per-minute", "0"];
    Process::rapport(&[&flags[..], &["--store", store]].concat())
}

/// What was measured of one store.
#[derive(Default)]
struct Measured {
    /// CPU of a turn in ms, by length.
    cpu: [Vec<f64>; 2],
    first: Vec<f64>,
}

async fn turns(simulators: &[Process; 2], redis: &Redis) {
    let stores = ["memory", "memory", &redis.url];
    let houses =
        stores.map(|store| simulators.each_ref().map(|it| rapport(it, store, "sim-answer-ttft0-tps50")));
    let quick = stores.map(|store| rapport(&simulators[0], store, "sim-answer-ttft0-tps0"));
    let mut measured = STORES.map(|_| Measured::default());
    let mut asked = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let mut order = [0, 1, 2];
        fastrand::shuffle(&mut order);
        for at in order {
            for length in 0..WORDS.len() {
                let before = redis.info();
                let cpu = a_turn(&houses[at][length]).await;
                if round == 0 {
                    continue; // it warms up
                }
                measured[at].cpu[length].push(cpu);
                if at == 2 {
                    asked[length].push(difference(&before, &redis.info()));
                }
            }
            let mut client = Client::connect(&quick[at].address).await;
            for _ in 0..ALONE {
                let heard = client.ask(QUESTION).await;
                if round > 0 {
                    measured[at].first.push(ms(heard.first));
                }
            }
        }
        eprintln!("store: round {round} of {ROUNDS}");
    }
    tell(&measured);
    println!("\nWhat Redis does for a turn, beats of the nodes included:\n");
    head(&["a turn of", "scripts", "commands, in scripts too", "KiB in", "KiB out", "CPU ms"]);
    for (words, asked) in WORDS.iter().zip(&asked) {
        let middle = |at: usize| format!("{:.2}", median(&asked.iter().map(|it| it[at]).collect::<Vec<_>>()));
        row(&[format!("{words} words"), middle(0), middle(1), middle(2), middle(3), middle(4)]);
    }
}

fn tell(measured: &[Measured; 3]) {
    println!(
        "{CALLERS} at once, 50 tokens a second; CPU time of the server a turn and a token, ms; first token, one at a time, ms:\n"
    );
    head(&[
        "store",
        "turn of 12 words",
        "of 60",
        "/ memory",
        "a token",
        "/ memory",
        "first token p50 (p99)",
        "/ memory",
    ]);
    let middle = |it: &Measured| it.cpu.each_ref().map(|cpu| median(cpu));
    let token = |it: &Measured| (middle(it)[1] - middle(it)[0]) / count(WORDS[1] - WORDS[0]);
    let memory = &measured[0];
    for (name, it) in STORES.iter().zip(measured) {
        row(&[
            (*name).to_owned(),
            format!("{:.3}", middle(it)[0]),
            format!("{:.3}", middle(it)[1]),
            format!("{:.2}", middle(it)[1] / middle(memory)[1]),
            format!("{:.4}", token(it)),
            format!("{:.2}", token(it) / token(memory)),
            format!("{:.3} ({:.3})", median(&it.first), quantile(&it.first, 0.99)),
            format!("{:.2}", median(&it.first) / median(&memory.first)),
        ]);
    }
}

/// Milliseconds of CPU that a turn takes while many run.
async fn a_turn(house: &Process) -> f64 {
    let mut clients = join_all((0..CALLERS).map(|_| Client::connect(&house.address))).await;
    let before = house.cpu();
    join_all(clients.iter_mut().map(|client| async move {
        for _ in 0..TURNS {
            client.ask(QUESTION).await;
        }
    }))
    .await;
    (house.cpu() - before) * 1e3 / count(CALLERS * TURNS)
}

/// What was asked of Redis a turn.
fn difference(before: &HashMap<String, f64>, after: &HashMap<String, f64>) -> [f64; 5] {
    let of = |name: &str| {
        let at = |info: &HashMap<String, f64>| info.get(name).copied().unwrap_or(0.0);
        (at(after) - at(before)) / count(CALLERS * TURNS)
    };
    let all: f64 = after.keys().filter(|name| name.starts_with("cmdstat_")).map(|name| of(name)).sum();
    let cpu = of("used_cpu_user") + of("used_cpu_sys");
    let kib = |name: &str| of(name) / 1024.0;
    [of("cmdstat_evalsha"), all, kib("total_net_input_bytes"), kib("total_net_output_bytes"), cpu * 1e3]
}

async fn weigh(simulator: &Process, redis: &Redis) {
    let house = rapport(simulator, &redis.url, "sim-answer-ttft0-tps0");
    let mut clients = join_all((0..SESSIONS).map(|_| Client::connect(&house.address))).await;
    let before = redis.info()["used_memory"];
    println!("\n{SESSIONS} sessions; memory of Redis a session:\n");
    head(&["after", "KiB each"]);
    let mut turns = 0;
    for weighed in WEIGHED {
        while turns < weighed {
            for some in clients.chunks_mut(CALLERS) {
                join_all(some.iter_mut().map(|client| client.ask(QUESTION))).await;
            }
            turns += 1;
        }
        let each = (redis.info()["used_memory"] - before) / count(SESSIONS);
        row(&[format!("{turns} turns of 60 words"), format!("{:.2}", each / 1024.0)]);
    }
}
