//! Clients that leave, calls that hang, and a shutdown in between.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use vlm_sim::{Config, Counts, Pool};

use crate::client::{Server, chat, quick};

const CHAT: &str = "/v1/chat/completions";

/// Reads until the text has come.
async fn read_until(stream: &mut TcpStream, text: &str) {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(text) {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "ended before {text}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_is_counted_with_what_was_unsent() {
    let server = Server::start(quick()).await;
    let model = "sim-answer-ttft0-tps0-stall7";
    let mut stream = server.send("POST", CHAT, "", &chat(model, true, "hi").to_string()).await;
    read_until(&mut stream, "the \"").await;
    assert_eq!(server.simulator.stats().models[model].dropped, 0);
    drop(stream);
    let stats = server.stats_when(|stats| stats.models[model].dropped == 1).await;
    let expect = Counts { begun: 1, finished: 0, dropped: 1, unsent_tokens: 53 };
    assert_eq!((stats.models[model], stats.routes[CHAT]), (expect, expect));
    let told = server.get("/stats").await.json();
    assert_eq!(told, serde_json::to_value(&stats).unwrap());
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_is_counted() {
    let pool = Pool::parse("a man in a red coat").unwrap();
    let server = Server::start(Config { pool, latency: Duration::from_secs(3600), ..quick() }).await;
    let path = "/api/get-user-description";
    let model = "sim-answer-ttft3600000-tps1";
    let description = server.send("GET", path, "", "").await;
    let whole = server.send("POST", CHAT, "", &chat(model, false, "hi").to_string()).await;
    server.stats_when(|stats| stats.routes[path].begun == 1 && stats.routes[CHAT].begun == 1).await;
    drop((description, whole));
    let stats =
        server.stats_when(|stats| stats.routes[path].dropped == 1 && stats.routes[CHAT].dropped == 1).await;
    assert_eq!(stats.routes[path].unsent_tokens, 6);
    assert_eq!(stats.models[model].unsent_tokens, 60);
    server.stop().await;
}

#[tokio::test]
async fn a_finished_stream_is_not_dropped_by_a_client_that_leaves_at_done() {
    let server = Server::start(quick()).await;
    for _ in 0..20 {
        let mut stream = server.send("POST", CHAT, "", &chat("sim-ttft0-tps0", true, "hi").to_string()).await;
        read_until(&mut stream, "[DONE]").await;
    }
    let stats = server.simulator.stats().routes[CHAT];
    assert_eq!((stats.finished, stats.dropped), (20, 0));
    server.stop().await;
}

#[tokio::test]
async fn a_hanging_call_ends_with_its_client() {
    let server = Server::start(Config { hang_rate: 1.0, ..quick() }).await;
    let path = "/visual-context/{id}";
    let stream = server.send("GET", "/visual-context/a", "", "").await;
    server.stats_when(|stats| stats.routes[path].begun == 1).await;
    drop(stream);
    server.stats_when(|stats| stats.routes[path].dropped == 1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_caller_waits_until_the_one_before_has_left() {
    let server = Server::start(Config { capacity: Some(1), ..quick() }).await;
    let body = chat("sim-answer-ttft0-tps0-stall1", true, "hi").to_string();
    let mut first = server.send("POST", CHAT, "", &body).await;
    read_until(&mut first, "For ").await;
    let mut second = server.send("POST", CHAT, "", &body).await;
    server.stats_when(|stats| stats.routes[CHAT].begun == 2).await;
    let mut byte = [0];
    assert!(second.try_read(&mut byte).is_err(), "the second call is served beside the first");
    drop(first);
    read_until(&mut second, "For ").await;
    server.stop().await;
}

#[tokio::test]
async fn a_shutdown_waits_neither_for_hanging_nor_for_idle_connections() {
    let server = Server::start(Config { hang_rate: 1.0, ..quick() }).await;
    let _hanging = server.send("GET", "/api/get-user-description", "", "").await;
    let _stalled = server.send("POST", CHAT, "", &chat("sim-stall0", true, "hi").to_string()).await;
    let _idle = TcpStream::connect(server.address).await.unwrap();
    server.stats_when(|stats| stats.routes[CHAT].begun == 1).await;
    let simulator = server.simulator.clone();
    server.stop().await;
    let stats = simulator.stats().routes[CHAT];
    assert_eq!((stats.begun, stats.dropped), (1, 1), "nothing outlives the server");
}
