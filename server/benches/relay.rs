//! What Rapport adds to a plain relay of a model's stream: `convert_tone: false` over a simulator that answers at
//! once, first token against a direct call, beside peers that do the same or less.
//!
//! `cargo bench -p rapport --bench relay`. The model's client, Rapport and each peer are processes of their own. A
//! block is so many calls by one or 64 callers at once, each asking again as soon as its reply is whole; blocks of all
//! rows take turns in shuffled order. Added is a block's median less the direct calls' of the same round.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use axum::serve::ListenerExt;
use common::bare::{self, Bare};
use common::client::Client;
use common::numbers::{head, median, ms, quantile, row};
use common::peers::{self, Peer};
use common::{machine, process::Process};
use futures_util::future::join_all;
use serde_json::json;
use tokio::net::TcpListener;

const MODEL: &str = "sim-answer-ttft0-tps0";
const QUESTION: &str = "How tall is the clock?";

/// Callers at once, how often each asks in a block, and blocks of each row: of many at once more, for the first
/// token of a busy machine depends on who comes first.
const CROWDS: [(usize, usize, usize); 2] = [(1, 150, 15), (64, 20, 30)];

/// Where this program is the axum relay: the address of the models.
const UPSTREAM: &str = "RAPPORT_BENCH_UPSTREAM";

#[tokio::main]
async fn main() {
    if let Ok(upstream) = std::env::var(UPSTREAM) {
        return relay(upstream).await;
    }
    let machine = machine::quiet();
    let simulator = Process::simulator(&[]);
    let address = simulator.address.as_str();
    let models = format!("http://{address}/v1");
    let flags = ["--llm-url", &models, "--llm-model", MODEL, "--messages-per-minute", "0", "--warmup", "0"];
    let rapport = Process::rapport(&flags);
    let axum = Process::part(UPSTREAM, address);
    let vllm = peers::vllm_router(address);
    let fastapi = peers::fastapi(address, "httpx", [MODEL; 3]);
    let aiohttp = peers::fastapi(address, "aiohttp", [MODEL; 3]);
    let rows = [
        ("direct", Row::Completions(Bare::new(address))),
        ("control: direct again", Row::Completions(Bare::new(address))),
        ("Rapport", Row::Rapport(&rapport.address)),
        ("axum + reqwest, bytes passed on", Row::Completions(Bare::new(&axum.address))),
        ("vllm-router 0.1.17", Row::Completions(Bare::new(vllm.address()))),
        ("FastAPI + httpx", Row::Guide(&fastapi)),
        ("FastAPI + httpx over aiohttp", Row::Guide(&aiohttp)),
    ];
    let mut rng = fastrand::Rng::with_seed(1);
    for (callers, calls, rounds) in CROWDS {
        let mut blocks = vec![Vec::new(); rows.len()];
        for round in 0..=rounds {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            rng.shuffle(&mut order);
            for at in order {
                let firsts = rows[at].1.block(callers, calls).await;
                if round > 0 {
                    // the first one warms up
                    blocks[at].push(median(&firsts));
                }
            }
        }
        report(callers, &rows.each_ref().map(|(name, _)| *name), &blocks);
    }
    println!("\n{machine}");
}

fn report(callers: usize, names: &[&str], blocks: &[Vec<f64>]) {
    // Both rows of direct calls tell what a call takes; the control is compared with the first.
    let added = |at: usize| -> Vec<f64> {
        let direct =
            blocks[0].iter().zip(&blocks[1]).map(|(a, b)| if at < 2 { *a } else { f64::midpoint(*a, *b) });
        blocks[at].iter().zip(direct).map(|(block, direct)| block - direct).collect()
    };
    let rapport = median(&added(2));
    println!("\n{callers} at once, medians of {} blocks, first token:\n", blocks[0].len());
    head(&["asked", "ms", "added ms (quarter to three quarters)", "Rapport's added / its"]);
    for (at, name) in names.iter().enumerate() {
        let added = added(at);
        // Beside nothing there is no ratio.
        let is_told = at >= 2 && quantile(&added, 0.25) > 0.0;
        let ratio = if is_told { format!("{:.2}", rapport / median(&added)) } else { String::new() };
        row(&[
            (*name).to_owned(),
            format!("{:.3}", median(&blocks[at])),
            format!("{:.3} ({:.3} to {:.3})", median(&added), quantile(&added, 0.25), quantile(&added, 0.75)),
            ratio,
        ]);
    }
}

/// Who is asked, and how.
enum Row<'a> {
    /// The chat completions of a model or of a relay before it.
    Completions(Bare),
    /// A socket of Rapport's.
    Rapport(&'a str),
    /// The relay of plain text.
    Guide(&'a Peer),
}

impl Row<'_> {
    /// The first tokens' times in ms, of all callers' calls.
    async fn block(&self, callers: usize, calls: usize) -> Vec<f64> {
        let callers = (0..callers).map(|_| self.caller(calls));
        join_all(callers).await.concat()
    }

    async fn caller(&self, calls: usize) -> Vec<f64> {
        let mut firsts = Vec::with_capacity(calls);
        match self {
            Self::Completions(bare) => {
                for _ in 0..calls {
                    let begun = Instant::now();
                    let mut reply = bare.chat(MODEL, QUESTION).await;
                    reply.next().await.expect("text");
                    firsts.push(begun.elapsed());
                    reply.rest().await;
                }
            }
            Self::Rapport(address) => {
                let mut client = Client::connect(address).await;
                let message =
                    json!({"text_user_msg": QUESTION, "convert_tone": false, "include_history": false});
                let message = message.to_string();
                for _ in 0..calls {
                    firsts.push(client.ask(&message).await.first);
                }
            }
            Self::Guide(peer) => {
                for _ in 0..calls {
                    let message = json!({"text_user_msg": QUESTION, "convert_tone": false}).to_string();
                    firsts.push(peer.ask("/api/rag-llm/query-with-tone", message).await.0);
                }
            }
        }
        firsts.into_iter().map(ms).collect::<Vec<f64>>()
    }
}

/// The least that a relay can be: a request's body goes on, the reply's comes back, nobody looks at them.
async fn relay(upstream: String) {
    async fn pass(State((client, url)): State<(reqwest::Client, String)>, body: Bytes) -> Response {
        let request = client.post(url).header("content-type", "application/json").body(body);
        let response = axum::http::Response::from(request.send().await.unwrap());
        response.map(Body::new)
    }
    let url = format!("http://{upstream}/v1/chat/completions");
    let router = Router::new().route("/v1/chat/completions", post(pass)).with_state((bare::client(), url));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("axum relay listens on http://{}", listener.local_addr().unwrap());
    // Without it each reply waits for the client's delayed acknowledgement, 40 ms.
    let listener = listener.tap_io(|io| io.set_nodelay(true).unwrap());
    axum::serve(listener, router).await.unwrap();
}
