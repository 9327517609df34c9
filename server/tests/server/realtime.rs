//! `/v1/realtime` over real sockets: who comes in, what a still does, what a connection's end ends.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::SinkExt;
use rapport::config::Config;
use rapport::description::{Api, Endpoint};
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use vlm_sim::{Config as Sim, Pool};

use crate::house::{Client, DEADLINE, House, simulate};
use crate::images::png;

const TOKEN: &str = "secret";

/// Connects with headers; returns the client and the subprotocol that was selected.
async fn connect(house: &House, headers: &[(&'static str, &str)]) -> Result<(Client, Option<String>), Error> {
    let url = format!("ws://{}/v1/realtime?model=gpt-realtime", house.address);
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (ws, response) = timeout(DEADLINE, connect_async(request)).await.expect("an answer in time")?;
    let protocol = response.headers().get("sec-websocket-protocol");
    Ok((Client::over(ws), protocol.map(|protocol| protocol.to_str().unwrap().to_owned())))
}

/// The next event of a type, with those before it.
async fn until(client: &mut Client, kind: &str) -> (Value, Vec<Value>) {
    let mut before = Vec::new();
    loop {
        let event: Value = serde_json::from_str(&client.hear().await.expect("an event")).unwrap();
        if event["type"] == kind {
            return (event, before);
        }
        before.push(event);
    }
}

async fn ask(client: &mut Client, content: Value) {
    let item = json!({ "type": "message", "role": "user", "content": content });
    client.say(json!({ "type": "conversation.item.create", "item": item }).to_string()).await;
    client.say(json!({ "type": "response.create" }).to_string()).await;
}

fn text(text: &str) -> Value {
    json!([{ "type": "input_text", "text": text }])
}

#[tokio::test]
async fn a_key_opens_the_door_by_header_or_subprotocol() {
    let mut config = Config::demo();
    config.tokens = vec![TOKEN.into()];
    let house = House::open(config).await;
    let offer = format!("realtime, openai-insecure-api-key.{TOKEN}, openai-agents-sdk.x");
    let bearer = format!("Bearer {TOKEN}");
    for (header, value, selected) in
        [("authorization", &bearer, None), ("sec-websocket-protocol", &offer, Some("realtime"))]
    {
        let (mut client, protocol) = connect(&house, &[(header, value)]).await.unwrap();
        assert_eq!(protocol.as_deref(), selected);
        let (created, _) = until(&mut client, "session.created").await;
        assert_eq!(created["session"]["model"], "gpt-realtime");
    }
    let Err(Error::Http(response)) = connect(&house, &[]).await else { panic!("it came in") };
    assert_eq!(response.status(), 401);
    // A browser can't read a status.
    let origin = format!("http://{}", house.address);
    let (mut client, _) = connect(&house, &[("origin", &origin)]).await.unwrap();
    let (error, _) = until(&mut client, "error").await;
    assert_eq!(error["error"]["code"], "unauthorized");
    assert_eq!(client.closed().await.code, 1008);
    house.close().await;
}

#[tokio::test]
async fn a_turns_events_are_in_order_and_a_limit_is_told_in_numbers() {
    let mut config = Config::demo();
    config.session.messages_per_minute = 1;
    let house = House::open(config).await;
    let (mut client, _) = connect(&house, &[]).await.unwrap();
    ask(&mut client, text("How tall is the clock?")).await;
    let (limits, events) = until(&mut client, "rate_limits.updated").await;
    let limit = &limits["rate_limits"][0];
    assert_eq!(
        (&limit["name"], &limit["limit"], &limit["remaining"]),
        (&json!("requests"), &json!(1), &json!(0))
    );
    assert!(limit["reset_seconds"].as_f64().unwrap() > 0.0);
    let at = |kind: &str| events.iter().rposition(|event| event["type"] == kind).unwrap();
    let order = [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ];
    assert!(order.map(at).is_sorted(), "{events:?}");
    let create = json!({ "type": "response.create", "event_id": "mine" });
    client.say(create.to_string()).await;
    let (error, _) = until(&mut client, "error").await;
    assert_eq!(
        (&error["error"]["code"], &error["error"]["event_id"]),
        (&json!("rate_limited"), &json!("mine"))
    );
    house.close().await;
}

#[tokio::test]
async fn a_still_gives_the_turn_its_tone_and_a_bad_one_is_refused() {
    let pool = Pool::parse("a boy of about six with a dinosaur backpack").unwrap();
    let (url, _) = simulate(Sim { latency: Duration::from_millis(5), pool, ..Sim::default() }).await;
    let mut config = Config::demo();
    config.vlm = Some(Endpoint::new(url, Api::OpenAi));
    let house = House::open(config).await;
    let (mut client, _) = connect(&house, &[]).await.unwrap();
    let image = |bytes: &[u8]| {
        let url = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes));
        json!([{ "type": "input_image", "image_url": url }, { "type": "input_text", "text": "How tall is the clock?" }])
    };
    ask(&mut client, image(&png(640, 480))).await;
    let (done, before) = until(&mut client, "response.done").await;
    assert_eq!(done["response"]["x_rapport"]["tone"], "child_friendly", "{before:?}");
    let item = json!({ "type": "message", "role": "user", "content": image(b"no picture") });
    let create = json!({ "type": "conversation.item.create", "event_id": "bad", "item": item });
    client.say(create.to_string()).await;
    let (error, _) = until(&mut client, "error").await;
    assert_eq!((&error["error"]["code"], &error["error"]["event_id"]), (&json!("bad_image"), &json!("bad")));
    house.close().await;
}

#[tokio::test]
async fn a_connections_end_ends_its_session_and_its_turn() {
    let (house, mut calls) = House::manual(|_| {});
    let (mut client, _) = connect(&house, &[]).await.unwrap();
    ask(&mut client, text("What is there?")).await;
    let reply = calls.next().await;
    client.leave().await;
    reply.dropped().await;
    let gone = async {
        while !house.sessions.is_empty() {
            yield_now().await;
        }
    };
    timeout(DEADLINE, gone).await.expect("the session is gone");
    house.close().await;
}

#[tokio::test]
async fn what_is_no_event_is_refused_and_the_connection_stays() {
    let house = House::open(Config::demo()).await;
    let (mut client, _) = connect(&house, &[]).await.unwrap();
    let huge = json!({ "type": "response.create", "event_id": "x".repeat(60_000) }).to_string();
    let deep = format!("{{\"type\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000));
    for text in ["", "{", "[]", "null", r#"{"type":7}"#, r#"{"type":"dance"}"#, &huge, &deep] {
        client.say(text).await;
        until(&mut client, "error").await;
    }
    client.ws.send(Message::Binary(vec![0; 1000].into())).await.unwrap();
    until(&mut client, "error").await;
    ask(&mut client, text("How tall is the clock?")).await;
    let (done, _) = until(&mut client, "response.done").await;
    assert_eq!(done["response"]["status"], "completed");
    house.close().await;
}
