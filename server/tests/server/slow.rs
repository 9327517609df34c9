//! Clients that read slowly or not at all: tokens join, a socket is given up, and its session goes on.

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{Client, House};
use crate::manual::{ask, told};
use crate::raw::RawSocket;

/// More tokens than wait in half of the default `outbound_queue` one by one.
const MANY: usize = 5000;

#[tokio::test]
async fn who_reads_on_in_time_gets_joined_tokens() {
    let (house, mut calls) = House::manual(|_| ());
    let mut client = Client::narrow(house.address).await;
    client.frame().await;
    ask(&mut client, "m1").await;
    let reply = calls.next().await;
    for piece in 0..MANY {
        reply.say(format!("{piece} "));
    }
    drop(reply);
    house.rest().await; // the turn has ended, and most of it waits

    let (done, before) = client.until("turn_done").await; // that no number is missing is looked at there
    assert_eq!(done["status"], "completed");
    assert_eq!(done["text"], told(&before));
    let joined: Vec<&Value> = before.iter().filter(|frame| frame.get("from_seq").is_some()).collect();
    assert!(!joined.is_empty() && joined.iter().all(|frame| frame["type"] == "token"));
    assert!(before.len() < MANY);
    client.say(json!({"type": "ping"}).to_string()).await;
    assert_eq!(client.frame().await["type"], "pong");
}

/// A client that asks and reads nothing.
async fn asks_and_reads_nothing(house: &House) -> RawSocket {
    let mut socket = RawSocket::narrow(house.address).await;
    let question = json!({"text_user_msg": "What is there?", "convert_tone": false}).to_string();
    socket.send(0x81, question.len() as u64, question.as_bytes()).await;
    socket
}

/// Comes back with what a socket has heard before its end; returns the turn's end and all its text.
async fn come_back(house: &House, texts: &[String]) -> (Value, String) {
    let mut heard: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let session = heard.remove(0);
    let last_seq = heard.last().map_or(0, |frame| frame["seq"].as_u64().unwrap());
    let mut client = Client::resume(house.address, &session, last_seq).await;
    assert_eq!(client.frame().await["resumed"], true);
    let (done, rest) = client.until("turn_done").await;
    heard.extend(rest);
    (done, told(&heard))
}

#[tokio::test]
async fn who_never_reads_is_closed_and_can_come_back_to_the_whole_reply() {
    let (house, mut calls) = House::manual(|config| {
        config.session.outbound_queue = 16 * 1024;
        config.session.replay_bytes = 1024 * 1024;
    });
    let mut dead = asks_and_reads_nothing(&house).await;
    let reply = calls.next().await;
    // Soon too much, so that it can be read in the seconds that a socket has for its end.
    let pieces: Vec<String> = (0..500).map(|piece| format!("{piece:0>100} ")).collect();
    for piece in &pieces {
        reply.say(piece);
    }
    drop(reply);
    house.rest().await;
    let (texts, code) = dead.end().await;
    assert_eq!(code, Some(4000));
    let (done, text) = come_back(&house, &texts).await;
    assert_eq!((&done["status"], &done["text"]), (&json!("completed"), &json!(text)));
    assert_eq!(text, pieces.concat());
}

#[tokio::test]
async fn who_answers_no_ping_is_closed_and_can_come_back() {
    let (house, mut calls) = House::manual(|config| {
        config.limits.ping_interval = Duration::from_millis(50);
        config.limits.pong_timeout = Duration::from_secs(1);
    });
    let mut mute = asks_and_reads_nothing(&house).await;
    let reply = calls.next().await;
    reply.say("One ");
    let (texts, code) = mute.end().await;
    assert_eq!(code, Some(4001));
    reply.say("two.");
    drop(reply);
    let (done, text) = come_back(&house, &texts).await;
    assert_eq!((&done["status"], &done["text"]), (&json!("completed"), &json!("One two.")));
    assert_eq!(text, "One two.");
}
