//! What a token costs on its way from a model's stream to a socket, over a scripted model in the same
//! process and a real connection: tokens a CPU-second, beside a bare tungstenite that sends the very same
//! frames, and allocations a token. Only the server's own thread is counted, not the client's.
//!
//! `cargo bench -p rapport --bench hotpath`. Ratios of one run.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
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

/// What a client of a protocol says, and how it knows a token and the end.
struct Protocol {
    name: &'static str,
    path: &'static str,
    question: &'static str,
    token: &'static str,
    end: &'static str,
}

const NATIVE: Protocol = Protocol {
    name: "native",
    path: "/ws",
    question: r#"{"text_user_msg":"How tall?","convert_tone":false,"include_history":false}"#,
    token: r#""type":"token""#,
    end: r#""type":"turn_done""#,
};

/// The protocols of others.
const OTHERS: [Protocol; 3] = [
    Protocol {
        name: "`/v1/realtime`",
        path: "/v1/realtime",
        question: r#"{"type":"response.create","response":{"conversation":"none","x_rapport":{"convert_tone":false},"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"How tall?"}]}]}}"#,
        token: r#""type":"response.output_text.delta""#,
        end: r#""type":"response.done""#,
    },
    Protocol {
        name: "`/v1/chat/ws`",
        path: "/v1/chat/ws",
        question: r#"{"type":"send","requestId":"r","id":"c","trigger":"submit-message","body":{"convert_tone":false},"messages":[{"role":"user","parts":[{"type":"text","text":"How tall?"}]}]}"#,
        token: r#""type":"text-delta""#,
        end: r#""type":"end""#,
    },
    Protocol {
        name: "`/api/rag-llm/query`",
        path: "/api/rag-llm/query",
        question: r#"{"text_user_msg":"How tall?","session_id":"s","include_history":false}"#,
        token: "",
        end: "END_FLAG",
    },
];

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
    println!("\nWhat a token costs in each protocol, one a wake-up:\n");
    head(&["protocol", "tokens a CPU-second", "CPU a token / native", "allocations a token"]);
    let of = |protocol: &'static Protocol, tokens| {
        measure_as(protocol, "rapport", tokens, move |ready, stop| rapport(tokens, 1, ready, stop))
    };
    let native = median(&speeds(|| of(&NATIVE, TOKENS).0));
    for protocol in [&NATIVE].into_iter().chain(&OTHERS) {
        let speed = median(&speeds(|| of(protocol, TOKENS).0));
        let more = of(protocol, 2 * TOKENS).1 - of(protocol, TOKENS).1;
        let each = numbers::count(usize::try_from(more).unwrap()) / numbers::count(TURNS * TOKENS) - 1.0;
        let told = [format!("{speed:.0}"), format!("{:.2}", native / speed), format!("{each:.2}")];
        row(&[&[protocol.name.to_owned()][..], &told].concat());
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
    measure_as(&NATIVE, name, tokens, serve)
}

fn measure_as(
    protocol: &Protocol,
    name: &str,
    tokens: usize,
    serve: impl FnOnce(&Ready, oneshot::Receiver<()>) + Send + 'static,
) -> (f64, u64) {
    let (ready, is_ready) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let serve = move || allocation_counter::measure(|| serve(&ready, stopped)).count_total;
    let server = thread::Builder::new().name(name.into()).spawn(serve).unwrap();
    let (address, clock) = is_ready.recv().unwrap();
    let path = protocol.path;
    let mut client = (!protocol.token.is_empty())
        .then(|| tungstenite::connect(format!("ws://{address}{path}")).unwrap().0);
    let mut ask = || match &mut client {
        Some(client) => ask(client, protocol, tokens),
        None => request(address, protocol, tokens),
    };
    ask();
    let before = cpu_seconds(&clock);
    for _ in 0..TURNS {
        ask();
    }
    let spent = cpu_seconds(&clock) - before;
    drop((client, stop));
    let allocations = server.join().unwrap();
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let heard = (TURNS * tokens) as f64;
    (heard / spent, allocations)
}

/// Asks and reads the whole reply: a frame a token, and its end.
fn ask<S: Read + Write>(client: &mut tungstenite::WebSocket<S>, protocol: &Protocol, tokens: usize) {
    client.send(Message::text(protocol.question)).unwrap();
    let mut heard = 0;
    loop {
        let Message::Text(frame) = client.read().unwrap() else { continue };
        heard += usize::from(frame.contains(protocol.token));
        if frame.contains(protocol.end) {
            assert_eq!(heard, tokens, "one frame a token");
            return;
        }
    }
}

/// Asks over HTTP, by a connection of its own, and reads the whole reply.
fn request(address: SocketAddr, protocol: &Protocol, tokens: usize) {
    let Protocol { path, question, end, .. } = protocol;
    let length = question.len();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{question}")
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.trim_end().ends_with(end), "{reply}");
    assert_eq!(reply.matches(TOKEN.trim()).count(), tokens);
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
    config.session.outbound_queue = 1024 * 1024; // a whole reply at once is not yet pressure
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
