//! A restart: idle sockets leave at once, turns that were taken are played to their end, nothing new comes in.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use rapport::app::Stop;
use rapport::session::{GivenUp, Overlap, Wanted};
use serde_json::json;
use tokio::time::timeout;

use crate::house::{Client, DEADLINE, House};
use crate::manual::ask;
use crate::raw::{self, RawSocket};

/// A drain that takes as long did not end by itself.
const FOREVER: Duration = Duration::from_secs(600);

const UPGRADE: &str =
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The last frame and the close of a server that restarts.
async fn leaves(client: &mut Client) {
    let closing = client.frame().await;
    assert_eq!((&closing["type"], &closing["reason"]), (&json!("closing"), &json!("restarting")));
    let retry_after = closing["retry_after_ms"].as_u64().unwrap();
    assert!((500..1500).contains(&retry_after), "{retry_after}");
    let closed = client.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (1012, "restarting"));
}

async fn refuses(address: SocketAddr) {
    for path in ["/ws", "/", "/status", "/house.json", "/none"] {
        let (status, head, _) = raw::request(address, path, UPGRADE).await;
        assert_eq!(status, 503, "{path}");
        assert!(head.contains("\r\nretry-after: 1\r\n"), "{path}: {head}");
    }
    let (status, told) = raw::get(address, "/readyz").await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, told), (503, json!({"ready": false, "reason": "draining"})));
    assert_eq!(raw::get(address, "/healthz").await.0, 200);
    assert_eq!(raw::get(address, "/metrics").await.0, 200);
}

/// Waits until the server refuses what is new.
async fn draining(sessions: &rapport::session::Sessions) {
    let begun = async {
        while !sessions.is_draining() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, begun).await.expect("the server drains");
}

#[tokio::test]
async fn idle_sockets_leave_at_once_and_a_running_turn_is_told_to_its_end() {
    let (house, mut calls) = House::manual(|config| config.drain_timeout = FOREVER);
    let mut idle = house.connect("").await;
    idle.frame().await;
    let mut terminal = house.connect("?format=text").await;
    let mut busy = house.connect("").await;
    ask(&mut busy, "m1").await;
    let reply = calls.next().await;
    reply.say("One ");
    busy.until("token").await;

    let (address, tasks, served) = (house.address, house.tasks.clone(), house.stop(Stop::Restart));
    leaves(&mut idle).await;
    assert!(terminal.hear().await.unwrap().starts_with("ERROR: restarting: "));
    assert_eq!(terminal.closed().await.code, 1012);
    refuses(address).await;
    ask(&mut busy, "m2").await;
    let (error, _) = busy.until("error").await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("shutting_down"), &json!(true)));
    assert_eq!(error["id"], "m2");

    reply.say("two.");
    drop(reply);
    let (done, _) = busy.until("turn_done").await;
    assert_eq!((&done["status"], &done["text"]), (&json!("completed"), &json!("One two.")));
    leaves(&mut busy).await;
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
    assert!(tasks.is_empty());
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_message_that_waits_is_played_too() {
    let (house, mut calls) = House::manual(|config| {
        config.drain_timeout = FOREVER;
        config.session.on_overlap = Overlap::Queue;
    });
    let mut client = house.connect("").await;
    ask(&mut client, "m1").await;
    ask(&mut client, "m2").await;
    let first = calls.next().await;
    client.say(json!({"type": "ping"}).to_string()).await;
    client.until("pong").await; // both messages are taken
    let (sessions, served) = (house.sessions.clone(), house.stop(Stop::Restart));
    draining(&sessions).await;
    first.say("One.");
    drop(first);
    assert_eq!(client.until("turn_done").await.0["status"], "completed");
    let second = calls.next().await;
    second.say("Two.");
    drop(second);
    let (done, _) = client.until("turn_done").await;
    assert_eq!((&done["status"], &done["text"]), (&json!("completed"), &json!("Two.")));
    leaves(&mut client).await;
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn a_turn_that_takes_too_long_is_cancelled() {
    for drain_timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let (house, mut calls) = House::manual(|config| {
            config.drain_timeout = drain_timeout;
            config.session.on_overlap = Overlap::Queue;
        });
        let mut client = house.connect("").await;
        ask(&mut client, "m1").await;
        ask(&mut client, "m2").await;
        let reply = calls.next().await;
        reply.say("One ");
        client.until("token").await;
        client.say(json!({"type": "ping"}).to_string()).await;
        client.until("pong").await;
        let served = house.stop(Stop::Restart);
        let (done, _) = client.until("turn_done").await;
        assert_eq!((&done["status"], &done["text"]), (&json!("cancelled"), &json!("One ")));
        assert_eq!(client.until("turn_done").await.0["status"], "cancelled"); // the one that waited
        leaves(&mut client).await;
        reply.dropped().await;
        timeout(DEADLINE, served).await.expect("the server ends").unwrap();
    }
}

#[tokio::test]
async fn a_turn_whose_client_is_away_is_played_to_its_end() {
    let (house, mut calls) = House::manual(|config| config.drain_timeout = FOREVER);
    let mut away = house.connect("").await;
    ask(&mut away, "m1").await;
    let reply = calls.next().await;
    reply.say("One ");
    away.until("token").await;
    away.leave().await;
    let mut present = house.connect("").await;
    ask(&mut present, "m1").await;
    let other = calls.next().await;
    other.say("Two.");
    present.until("token").await;

    let (address, sessions, served) = (house.address, house.sessions.clone(), house.stop(Stop::Restart));
    draining(&sessions).await;
    drop(other);
    present.until("turn_done").await;
    leaves(&mut present).await;
    refuses(address).await; // it still waits for the turn of the one who is away
    reply.say("three.");
    drop(reply);
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn a_socket_that_was_on_its_way_in_leaves_at_once() {
    let (house, _calls) = House::manual(|_| ());
    house.sessions.drain().await;
    let opened = house.sessions.open(&Wanted::default()).expect("the session is here");
    let why = timeout(DEADLINE, poll_fn(|cx| opened.attached.outbox.poll_given_up(cx))).await;
    assert_eq!(why, Ok(GivenUp::Drained));
}

#[tokio::test]
async fn a_client_that_never_reads_holds_nobody_up() {
    let (house, mut calls) = House::manual(|config| {
        config.drain_timeout = FOREVER;
        config.session.outbound_queue = 1024 * 1024; // it is not given up before
    });
    let mut dead = RawSocket::narrow(house.address).await;
    let question = json!({"text_user_msg": "What is there?", "convert_tone": false}).to_string();
    dead.send(0x81, question.len() as u64, question.as_bytes()).await;
    let reply = calls.next().await;
    reply.say("A long answer to whoever does not read it. ".repeat(1000));
    let (sessions, tasks, served) = (house.sessions.clone(), house.tasks.clone(), house.stop(Stop::Restart));
    draining(&sessions).await;
    drop(reply);
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
    assert!(tasks.is_empty());
    drop(dead);
}
