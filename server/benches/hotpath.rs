//! What a token costs on its way from a model's stream to a socket, over a scripted model in the same
//! process and a real connection: tokens a CPU-second, beside a bare tungstenite that sends the very same
//! frames, and allocations a token. Only the server's own thread is counted, not the client's.
//!
//! `cargo bench -p rapport --bench hotpath`. Ratios of one run.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;

use common::machine;
use common::numbers::{self, head, median, row};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use futures_util::{FutureExt, SinkExt};
use rapport::app::{Backends, Server, Stop};
use rapport::config::{Config, Knowledge};
use rapport::llm::{Chat, ChatRequest, ChatStream, Delta, LlmError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{self, Message};

const QUESTION: &str = r#"{"text_user_msg":"How tall?","convert_tone":false,"include_history":false}"#;
const TOKEN: &str = "museum ";
const TURNS: usize = 100;
const TOKENS: usize = 1000;
const ROUNDS: usize = 7;
/// How many tokens a wake-up of the turn brings: the whole reply, a network packet's, one.
const BURSTS: [usize; 3] = [TOKENS, 64, 1];

fn main() {
    let machine = machine::quiet();
    println!("{TURNS} replies of {TOKENS} tokens, JSON frames, medians of {ROUNDS} runs each:\n");
    head(&[
        "what",
        "tokens a wake-up",
        "tokens a CPU-second",
        "/ tungstenite",
        "allocations a token, beside the model's own",
    ]);
    let (bare, again) = (speeds(|| bare().0), speeds(|| bare().0));
    let against_bare = |tokens: f64| [format!("{tokens:.0}"), format!("{:.2}", tokens / median(&bare))];
    for (name, speeds) in [("tungstenite, coalesced", &bare), ("control: tungstenite again", &again)] {
        let [speed, ratio] = against_bare(median(speeds));
        row(&[name.to_owned(), "all".to_owned(), speed, ratio, String::new()]);
    }
    for burst in BURSTS {
        let of = |tokens| measure("rapport", tokens, move |ready, stop| rapport(tokens, burst, ready, stop));
        let [speed, ratio] = against_bare(median(&speeds(|| of(TOKENS).0)));
        // What a turn costs is taken off.
        let allocations = numbers::count(usize::try_from(of(2 * TOKENS).1 - of(TOKENS).1).unwrap());
        let each = allocations / numbers::count(TURNS * TOKENS) - 1.0;
        row(&["Rapport".to_owned(), burst.to_string(), speed, ratio, format!("{each:.2}")]);
    }
    println!("\n{machine}");
}

fn speeds(measure: impl Fn() -> f64) -> Vec<f64> {
    (0..ROUNDS).map(|_| measure()).collect()
}

fn bare() -> (f64, u64) {
    measure("tungstenite", TOKENS, |ready, stop| tungstenite(TOKENS, ready, stop))
}

/// Where a server listens and where its thread's CPU time stands.
type Ready = mpsc::Sender<(SocketAddr, PathBuf)>;

/// Has a client ask `TURNS` times; returns tokens a CPU-second, and all allocations of the server's thread.
fn measure(
    name: &str, // for profilers
    tokens: usize,
    serve: impl FnOnce(&Ready, oneshot::Receiver<()>) + Send + 'static,
) -> (f64, u64) {
    let (ready, is_ready) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let serve = move || allocation_counter::measure(|| serve(&ready, stopped)).count_total;
    let server = thread::Builder::new().name(name.into()).spawn(serve).unwrap();
    let (address, clock) = is_ready.recv().unwrap();
    let (mut client, _) = tungstenite::connect(format!("ws://{address}/ws")).unwrap();
    ask(&mut client, tokens);
    let before = cpu_seconds(&clock);
    for _ in 0..TURNS {
        ask(&mut client, tokens);
    }
    let spent = cpu_seconds(&clock) - before;
    drop((client, stop));
    let allocations = server.join().unwrap();
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let heard = (TURNS * tokens) as f64;
    (heard / spent, allocations)
}

/// Asks and reads the whole reply: a frame a token, and its end.
fn ask<S: std::io::Read + std::io::Write>(client: &mut tungstenite::WebSocket<S>, tokens: usize) {
    client.send(Message::text(QUESTION)).unwrap();
    let mut heard = 0;
    loop {
        let Message::Text(frame) = client.read().unwrap() else { continue };
        heard += usize::from(frame.starts_with(r#"{"type":"token""#));
        if frame.starts_with(r#"{"type":"turn_done""#) {
            assert_eq!(heard, tokens, "one frame a token");
            return;
        }
    }
}

/// What a thread has used of the CPU so far.
fn cpu_seconds(clock: &PathBuf) -> f64 {
    let text = std::fs::read_to_string(clock).unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn own_clock() -> PathBuf {
    std::fs::read_link("/proc/thread-self")
        .map(|own| PathBuf::from("/proc").join(own))
        .unwrap()
        .join("schedstat")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Says the same number of tokens each time, so many at once.
struct Scripted {
    tokens: usize,
    burst: usize,
}

impl Chat for Scripted {
    fn chat(&self, _: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        let (tokens, burst) = (self.tokens, self.burst);
        let reply = stream::unfold(0, move |said| async move {
            if said > 0 && said % burst == 0 {
                tokio::task::yield_now().await;
            }
            (said < tokens).then(|| (Ok(Delta::Text(TOKEN.to_owned())), said + 1))
        });
        async { Ok(reply.boxed()) }.boxed()
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>> {
        async { Ok(()) }.boxed()
    }
}

fn rapport(tokens: usize, burst: usize, ready: &Ready, stop: oneshot::Receiver<()>) {
    let mut config = Config::demo();
    config.knowledge = Knowledge::None;
    config.session.messages_per_minute = 0;
    let backends = Backends { chat: Some(Arc::new(Scripted { tokens, burst })), vlm: None };
    runtime().block_on(async {
        let server = Server::with_backends(config, backends).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        ready.send((listener.local_addr().unwrap(), own_clock())).unwrap();
        server.serve(listener, stop.map(|_| Stop::Shutdown)).await;
    });
}

/// The same frames, made beforehand, fed one by one and flushed once a reply.
fn tungstenite(tokens: usize, ready: &Ready, stop: oneshot::Receiver<()>) {
    let mut frames: Vec<_> = (0..tokens)
        .map(|seq| format!(r#"{{"type":"token","turn_id":"t1","text":"{TOKEN}","seq":{}}}"#, 1000 + seq))
        .map(Message::text)
        .collect();
    frames.push(Message::text(r#"{"type":"turn_done"}"#));
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        ready.send((listener.local_addr().unwrap(), own_clock())).unwrap();
        let (io, _) = listener.accept().await.unwrap();
        io.set_nodelay(true).unwrap();
        let mut ws = tokio_tungstenite::accept_async(io).await.unwrap();
        while let Some(Ok(_)) = ws.next().await {
            for frame in &frames {
                ws.feed(frame.clone()).await.unwrap();
            }
            ws.flush().await.unwrap();
        }
        let _ = stop.await;
    });
}
