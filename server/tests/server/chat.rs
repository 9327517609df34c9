//! The AI SDK's WebSocket transport.

use std::time::Duration;

use rapport::app::Stop;
use rapport::config::Config;
use rapport::session::Overlap;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::house::{Client, DEADLINE, House};

const PATH: &str = "/v1/chat/ws";

fn message(role: &str, text: &str) -> Value {
    json!({ "id": text, "role": role, "parts": [{ "type": "text", "text": text }] })
}

fn send(request: &str, chat: &str, messages: &[Value]) -> Value {
    json!({
        "type": "send", "requestId": request, "id": chat, "trigger": "submit-message",
        "messages": messages, "headers": {}, "body": {},
    })
}

/// Asks for a plain answer.
pub(crate) fn plain(request: &str, chat: &str, text: &str) -> Value {
    let mut asked = send(request, chat, &[message("user", text)]);
    asked["body"] = json!({ "convert_tone": false });
    asked
}

pub(crate) fn resume(request: &str, chat: &str) -> Value {
    json!({ "type": "resume", "requestId": request, "id": chat, "headers": {}, "body": {} })
}

pub(crate) struct Chat(Client);

impl Chat {
    pub(crate) async fn open(house: &House) -> Self {
        Self(Client::at(house.address, PATH).await)
    }

    pub(crate) async fn say(&mut self, frame: &Value) {
        self.0.say(frame.to_string()).await;
    }

    async fn hear(&mut self) -> Value {
        serde_json::from_str(&self.0.hear().await.expect("a frame")).unwrap()
    }

    /// A request's chunks, numbered from 0, until its last frame, which is returned beside them.
    pub(crate) async fn whole(&mut self, request: &str) -> (Vec<Value>, Value) {
        let mut chunks = Vec::new();
        loop {
            let frame = self.hear().await;
            assert_eq!(frame["requestId"], request, "{frame}");
            match frame["type"].as_str().unwrap() {
                "start" => assert!(chunks.is_empty()),
                "chunk" => {
                    assert_eq!(frame["sequence"], chunks.len());
                    chunks.push(frame["chunk"].clone());
                }
                _ => return (chunks, frame),
            }
        }
    }

    /// Hears until a text delta comes.
    pub(crate) async fn until_text(&mut self) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["chunk"]["type"] == "text-delta" {
                return frame;
            }
        }
    }
}

pub(crate) fn text_of(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["delta"].as_str()).collect()
}

fn types(chunks: &[Value]) -> Vec<&str> {
    let mut types: Vec<_> = chunks.iter().map(|chunk| chunk["type"].as_str().unwrap()).collect();
    types.dedup();
    types
}

#[tokio::test]
async fn a_reply_comes_in_chunks() {
    let house = House::with_camera(Duration::ZERO, |_| ()).await;
    let mut chat = Chat::open(&house).await;
    let question = "How tall is the clock?";
    chat.say(&send("r1", "c1", &[message("user", question)])).await;
    let (chunks, last) = chat.whole("r1").await;
    assert_eq!(last, json!({ "type": "end", "requestId": "r1" }));
    let expected = [
        "start",
        "data-tone",
        "text-start",
        "text-delta",
        "text-end",
        "source-document",
        "data-timings",
        "finish",
    ];
    assert_eq!(types(&chunks), expected);
    assert!(chunks[0]["messageId"].as_str().unwrap().starts_with("msg-"));
    assert!(chunks[1]["data"]["tone"].is_string() && chunks[1]["data"]["outcome"].is_string());
    assert!(text_of(&chunks).contains("3.2"));
    let source = chunks.iter().find(|chunk| chunk["type"] == "source-document").unwrap();
    assert!(["sourceId", "mediaType", "title", "filename"].iter().all(|name| source[name].is_string()));
    let timings = &chunks[chunks.len() - 2]["data"];
    assert!(timings["timings_ms"]["total"].is_number() && timings["status"] == "completed");
    // Another language, another chat, the same socket.
    chat.say(&send("r2", "聊天", &[message("user", "大潮鐘有多高？")])).await;
    assert!(text_of(&chat.whole("r2").await.0).contains("3.2"));
}

#[tokio::test]
async fn the_clients_conversation_and_system_messages_reach_the_prompt() {
    let (house, mut calls) = House::manual(|_| ());
    let mut chat = Chat::open(&house).await;
    let told = [
        message("system", "Answer in one sentence."),
        message("user", "Who built it?"),
        message("assistant", "Lin."),
        message("user", "When?"),
    ];
    let mut asked = send("r1", "c1", &told);
    asked["body"] = json!({ "convert_tone": false });
    chat.say(&asked).await;
    let reply = calls.next().await;
    let history: Vec<_> = reply.request.history.iter().map(|message| &*message.text).collect();
    assert_eq!(history, ["Who built it?", "Lin."]);
    assert!(reply.request.system.ends_with("\n\nAnswer in one sentence."), "{}", reply.request.system);
    assert!(reply.request.user.contains("When?"));
    reply.say("In 1987.");
    drop(reply);
    assert_eq!(text_of(&chat.whole("r1").await.0), "In 1987.");
    // What the client does not tell again is not known.
    chat.say(&plain("r2", "c1", "Why?")).await;
    assert!(calls.next().await.request.history.is_empty());
}

#[tokio::test]
async fn two_chats_share_a_socket() {
    let (house, mut calls) = House::manual(|_| ());
    let mut chat = Chat::open(&house).await;
    chat.say(&plain("r1", "c1", "One?")).await;
    let first = calls.next().await;
    chat.say(&plain("r2", "c2", "Two?")).await;
    let second = calls.next().await;
    second.say("second ");
    assert_eq!(chat.until_text().await["requestId"], "r2");
    first.say("first ");
    assert_eq!(chat.until_text().await["requestId"], "r1");
    drop((first, second));
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let frame = chat.hear().await;
        if frame["type"] == "end" {
            ended.push(frame["requestId"].clone());
        }
    }
    ended.sort_by_key(Value::to_string);
    assert_eq!(ended, ["r1", "r2"]);
}

#[tokio::test]
async fn a_reply_is_resumed_from_its_start_under_the_same_message() {
    let (house, mut calls) = House::manual(|_| ());
    let mut chat = Chat::open(&house).await;
    chat.say(&resume("r0", "c1")).await;
    assert_eq!(chat.hear().await, json!({ "type": "no-active", "requestId": "r0" }));
    chat.say(&plain("r1", "c1", "Long?")).await;
    let reply = calls.next().await;
    let started = chat.hear().await;
    reply.say("It ");
    chat.until_text().await;
    drop(chat);
    reply.say("goes ");

    let mut again = Chat::open(&house).await;
    again.say(&resume("r2", "c1")).await;
    assert_eq!(again.hear().await, json!({ "type": "start", "requestId": "r2" }));
    let first = again.hear().await;
    assert_eq!((&first["sequence"], &first["chunk"]), (&json!(0), &started["chunk"]));
    again.until_text().await;
    // A third listener hears all of it as well.
    let mut beside = Chat::open(&house).await;
    beside.say(&resume("r3", "c1")).await;
    beside.until_text().await;
    reply.say("on.");
    drop(reply);
    for (chat, request) in [(&mut again, "r2"), (&mut beside, "r3")] {
        loop {
            let frame = chat.hear().await;
            if frame["type"] == "end" {
                assert_eq!(frame["requestId"], request);
                break;
            }
        }
    }
    // And once more, behind its end.
    again.say(&resume("r4", "c1")).await;
    let (chunks, last) = again.whole("r4").await;
    assert_eq!((text_of(&chunks), &last["type"]), ("It goes on.".to_owned(), &json!("end")));
    assert_eq!(chunks[0], started["chunk"]);
    again.say(&resume("r5", "c9")).await;
    assert_eq!(again.hear().await["type"], "no-active");
}

#[tokio::test]
async fn an_abort_ends_the_turn_early_or_late() {
    let (house, mut calls) = House::manual(|config| config.session.on_overlap = Overlap::Queue);
    let mut chat = Chat::open(&house).await;
    chat.say(&plain("r1", "c1", "Long?")).await;
    let reply = calls.next().await;
    reply.say("It ");
    chat.until_text().await;
    // One that waits for its turn.
    chat.say(&plain("r2", "c1", "Next?")).await;
    chat.say(&json!({ "type": "abort", "requestId": "r2" })).await;
    chat.say(&json!({ "type": "abort", "requestId": "r1" })).await;
    reply.dropped().await;
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let frame = chat.hear().await;
        match frame["chunk"]["type"].as_str() {
            Some("abort") => assert_eq!(frame["chunk"]["reason"], "cancelled"),
            Some("text-delta") => panic!("{frame}"),
            _ if frame["type"] == "end" => ended.push(frame["requestId"].clone()),
            _ => {}
        }
    }
    assert_eq!(ended, ["r1", "r2"]);
    // What is over, or unknown, is not answered.
    chat.say(&json!({ "type": "abort", "requestId": "r1" })).await;
    chat.say(&resume("r3", "c9")).await;
    assert_eq!(chat.hear().await, json!({ "type": "no-active", "requestId": "r3" }));
}

#[tokio::test]
async fn a_newer_question_interrupts_and_a_stop_is_told() {
    let (house, mut calls) = House::manual(|_| ());
    let mut chat = Chat::open(&house).await;
    chat.say(&plain("r1", "c1", "Long?")).await;
    let first = calls.next().await;
    first.say("It ");
    chat.until_text().await;
    chat.say(&plain("r2", "c1", "Other?")).await;
    let (mut seen, mut last) = (Vec::new(), Value::Null);
    while last["requestId"] != "r1" || last["type"] != "end" {
        last = chat.hear().await;
        seen.push(last["chunk"]["type"].clone());
    }
    assert!(seen.contains(&json!("abort")));
    let second = calls.next().await;
    second.say("So ");
    chat.until_text().await;
    let served = house.stop(Stop::Shutdown);
    loop {
        match chat.0.hear().await {
            Ok(_) => {}
            Err(closed) => {
                assert_eq!(closed.code, 1001);
                break;
            }
        }
    }
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn what_fails_is_an_error_of_its_request() {
    let (house, mut calls) = House::manual(|config| config.session.messages_per_minute = 1);
    let mut chat = Chat::open(&house).await;
    chat.say(&plain("r1", "c1", "One?")).await;
    drop(calls.next().await); // it says nothing
    drop(calls.next().await); // nor when it is asked again
    let (_, last) = chat.whole("r1").await;
    assert_eq!((&last["type"], &last["requestId"]), (&json!("error"), &json!("r1")));
    assert!(last["errorText"].as_str().unwrap().contains("no answer"), "{last}");
    chat.say(&plain("r2", "c1", "Two?")).await;
    let (chunks, last) = chat.whole("r2").await;
    assert!(chunks.is_empty() && last["errorText"].as_str().unwrap().contains("messages a minute"), "{last}");
    for number in 0..16 {
        chat.say(&plain(&format!("r{number}"), &format!("c-{number}"), "More?")).await;
    }
    chat.say(&plain("r99", "c-99", "More?")).await;
    loop {
        let frame = chat.hear().await;
        if frame["requestId"] == "r99" {
            assert!(frame["errorText"].as_str().unwrap().contains("Too many"), "{frame}");
            break;
        }
    }
}

#[tokio::test]
async fn malformed_frames_are_told_or_ignored_and_nothing_ends() {
    let house = House::open(Config::demo()).await;
    let mut chat = Chat::open(&house).await;
    let values = [
        json!(null),
        json!(7),
        json!(-1.5),
        json!(true),
        json!([]),
        json!({}),
        json!(""),
        json!("\u{202e}\0"),
        json!("x".repeat(50_000)),
        json!([[[[]]]]),
        json!({ "type": {} }),
    ];
    let frames = [
        plain("r", "c", "How tall is the clock?"),
        resume("r", "c"),
        json!({ "type": "abort", "requestId": "r" }),
    ];
    let mut number = 0;
    for frame in &frames {
        for name in
            ["type", "requestId", "id", "trigger", "messages", "headers", "body", "messageId", "lastSequence"]
        {
            for value in &values {
                let mut wrong = frame.clone();
                wrong["requestId"] = format!("r{number}").into();
                wrong[name] = value.clone();
                number += 1;
                chat.say(&wrong).await;
            }
        }
    }
    let deep = format!("{{\"requestId\":\"d\",\"type\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    for text in ["", "{", "[]", "null", "\"send\"", &deep] {
        chat.0.say(text).await;
    }
    chat.say(&resume("last", "nobody's")).await;
    loop {
        let frame = chat.hear().await;
        assert!(frame["requestId"].is_string(), "{frame}");
        match (&frame["requestId"], &frame["type"]) {
            (id, kind) if id == "last" && kind == "no-active" => break,
            // Those that were understood are still being answered.
            (id, _) if id == "last" => chat.say(&resume("last", "nobody's")).await,
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_door_is_the_same() {
    let mut config = Config::demo();
    config.tokens = vec!["s3cret".into()];
    let house = House::open(config).await;
    assert_eq!(crate::raw::get(house.address, PATH).await.0, 426);
    let mut chat = Chat(Client::at(house.address, &format!("{PATH}?token=s3cret")).await);
    chat.say(&resume("r", "c")).await;
    assert_eq!(chat.hear().await["type"], "no-active");
}
