//! What each strategy takes, over the paced simulator in one run: describe 800 ms, answer 1500 ms, select
//! 100 ms (a model), convert 800 ms, no history, nothing prefetched. And what the race takes while the VLM
//! hangs and a description is cached.
//!
//! `cargo bench -p rapport --bench strategies`. The machine's speed hardly matters: nearly all is waiting.

#![allow(clippy::unwrap_used)] // a benchmark that can't run says so by its panic

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rapport::app::{Server, Stop};
use rapport::config::Config;
use rapport::description::Api;
use rapport::llm::openai::Endpoint;
use rapport::tone::SelectMode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const ROUNDS: usize = 7;

/// 60 words at 50 a second behind 300 ms: complete after 1500 ms.
const ANSWER: &str = "sim-answer-ttft300-tps50";
/// 60 words behind 100 ms: complete after 800 ms.
const CONVERT: &str = "sim-convert-ttft100-tps85.7142857";
const SELECT: &str = "sim-select-ttft100-tps0";

#[derive(Clone, Copy, PartialEq)]
struct Case {
    name: &'static str,
    strategy: &'static str,
    /// A description is cached when the message comes.
    is_cached: bool,
    /// The VLM hangs after its first answer.
    hangs: bool,
    /// What the stages' arrangement allows, in ms.
    expected: f64,
}

const CASES: [Case; 5] = [
    Case { name: "sequential", strategy: "sequential", is_cached: false, hangs: false, expected: 3200.0 },
    Case { name: "parallel", strategy: "parallel", is_cached: false, hangs: false, expected: 2400.0 },
    Case { name: "race", strategy: "race", is_cached: false, hangs: false, expected: 2300.0 },
    Case { name: "race, cached", strategy: "race", is_cached: true, hangs: false, expected: 2300.0 },
    Case {
        name: "race, cached, VLM hangs",
        strategy: "race",
        is_cached: true,
        hangs: true,
        expected: 2300.0,
    },
];

#[tokio::main]
async fn main() {
    let mut totals: Vec<Vec<f64>> = vec![Vec::new(); CASES.len()];
    let mut rng = fastrand::Rng::with_seed(1);
    for round in 0..ROUNDS {
        let mut order: Vec<usize> = (0..CASES.len()).collect();
        rng.shuffle(&mut order);
        for case in order {
            totals[case].push(play(&CASES[case]).await);
        }
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    let medians: Vec<f64> = totals.iter_mut().map(|totals| median(totals)).collect();
    println!("| turn | total, median ms (min to max) | expected ms | / expected | / parallel |");
    println!("|---|---|---|---|---|");
    for (index, Case { name, expected, .. }) in CASES.iter().enumerate() {
        let (total, all) = (medians[index], &totals[index]);
        println!(
            "| {name} | {total:.0} ({:.0} to {:.0}) | {expected:.0} | {:.3} | {:.3} |",
            all[0],
            all[all.len() - 1],
            total / expected,
            total / medians[1],
        );
    }
}

fn median(totals: &mut [f64]) -> f64 {
    totals.sort_by(f64::total_cmp);
    totals[totals.len() / 2]
}

/// Plays one turn on a server of its own and returns its total in ms.
async fn play(case: &Case) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let models = format!("http://{}/v1", listener.local_addr().unwrap());
    let paced = vlm_sim::Config { latency: Duration::from_millis(800), ..vlm_sim::Config::default() };
    tokio::spawn(vlm_sim::serve(listener, paced, std::future::pending()));

    let mut config = Config::demo();
    config.llm = Some(Endpoint {
        url: models.clone(),
        model: Some(ANSWER.into()),
        convert_model: Some(CONVERT.into()),
        select_model: Some(SELECT.into()),
        key: None,
    });
    config.select = SelectMode::Model;
    let vlm = if case.hangs { once().await } else { models.trim_end_matches("/v1").to_owned() };
    config.vlm = Some((vlm, Api::Description));
    config.session.prefetch = case.is_cached;

    let server = Server::new(config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.serve(listener, async {
        let _ = stopped.await;
        Stop::Shutdown
    }));

    let (mut ws, _) = connect_async(format!("ws://{address}/ws")).await.unwrap();
    if case.is_cached {
        until(&mut ws, "description").await;
        tokio::time::sleep(Duration::from_millis(200)).await; // and its tone
    }
    let question = json!({"text_user_msg": "How tall is the clock?", "strategy": case.strategy, "include_history": false});
    ws.send(Message::text(question.to_string())).await.unwrap();
    let done = until(&mut ws, "turn_done").await;
    assert_eq!(done["status"], "completed");
    assert_eq!(done["outcome"], if case.is_cached && case.hangs { "cached" } else { "fresh" });
    drop((ws, stop));
    running.await.unwrap();
    done["timings_ms"]["total"].as_f64().unwrap()
}

async fn until<S>(ws: &mut S, kind: &str) -> Value
where
    S: StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    loop {
        let frame: Value =
            serde_json::from_str(ws.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
        if frame["type"] == kind {
            return frame;
        }
    }
}

/// A description service that answers once and hangs from then on.
async fn once() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let body = r#"{"success":true,"user_description":"a young girl in a red raincoat"}"#;
        let _ = stream.read(&mut [0; 4096]).await;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let _open = (listener, stream);
        std::future::pending::<()>().await;
    });
    url
}
