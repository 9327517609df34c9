//! Limits by address: who finds no room is told when to come back, and nobody else notices.

use rapport::app::GuestLimits;
use rapport::config::Config;
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::house::{Client, DEADLINE, House};
use crate::original::post;
use crate::raw;

async fn house(guests: GuestLimits) -> House {
    House::open(Config { guests, ..Config::demo() }).await
}

/// Connects as somebody whom a proxy names; else the status and when to come back.
async fn come(house: &House, from: &str) -> Result<Client, (u16, String)> {
    let mut request = format!("ws://{}/ws", house.address).into_client_request().unwrap();
    request.headers_mut().insert("x-forwarded-for", from.parse().unwrap());
    match timeout(DEADLINE, connect_async(request)).await.expect("an answer in time") {
        Ok((ws, _)) => Ok(Client::over(ws)),
        Err(Error::Http(response)) => {
            let retry = response.headers()["retry-after"].to_str().unwrap().to_owned();
            Err((response.status().as_u16(), retry))
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_house_and_an_address_have_room_for_so_many() {
    let proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let house =
        house(GuestLimits { sockets: 3, sockets_per_address: 2, proxies, ..GuestLimits::default() }).await;
    let (mut first, second) =
        (come(&house, "198.51.100.1").await.unwrap(), come(&house, "198.51.100.1").await.unwrap());
    assert_eq!(come(&house, "198.51.100.1").await.err(), Some((429, "5".to_owned())));
    let _third = come(&house, "198.51.100.2").await.unwrap();
    assert_eq!(come(&house, "198.51.100.3").await.err(), Some((503, "5".to_owned())));
    // Those who are there are answered, and whoever watches the server.
    first.frame().await;
    assert_eq!(first.ask("How tall is the clock?").await["status"], "completed");
    assert_eq!(raw::get(house.address, "/healthz").await.0, 200);
    second.leave().await;
    let let_in = async {
        while come(&house, "198.51.100.3").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, let_in).await.expect("the room is given back");
}

#[tokio::test]
async fn who_is_no_proxy_can_not_say_where_it_comes_from() {
    let house = house(GuestLimits { visits_per_minute: 2, ..GuestLimits::default() }).await;
    assert!(come(&house, "198.51.100.1").await.is_ok() && come(&house, "198.51.100.2").await.is_ok());
    let (status, retry) = come(&house, "198.51.100.3").await.err().unwrap();
    assert!(status == 429 && (1..=30).contains(&retry.parse::<u32>().unwrap()), "{status} {retry}");
    // Requests of the HTTP API are visits as well; those for the page and for health are none.
    let asked = json!({ "text_user_msg": "How tall is the clock?" });
    assert_eq!(post(&house, "/query", &asked).await.status, 429);
    for path in ["/", "/healthz", "/readyz"] {
        assert_eq!(raw::get(house.address, path).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn messages_of_an_address_are_counted_whatever_their_sessions_and_protocols() {
    let house = house(GuestLimits { messages_per_minute: 2, ..GuestLimits::default() }).await;
    for _ in 0..2 {
        let mut client = house.connect("").await;
        assert_eq!(client.ask("How tall is the clock?").await["status"], "completed");
    }
    let mut client = house.connect("").await;
    client.say(json!({ "text_user_msg": "How tall is the clock?", "id": "m" }).to_string()).await;
    let (error, _) = client.until("error").await;
    assert_eq!(
        (&error["code"], &error["id"], &error["retryable"]),
        (&json!("rate_limited"), &json!("m"), &json!(true))
    );
    assert!(error["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0 && ms <= 30_000), "{error}");

    let refused = post(&house, "/query", &json!({ "text_user_msg": "How tall?" })).await;
    assert!(refused.status == 429 && refused.body.contains("from this address"), "{}", refused.body);
    assert_eq!(post(&house, "/convert-tone", &json!({ "text": "It is tall." })).await.status, 429);
    let mut realtime = Client::at(house.address, "/v1/realtime").await;
    let item =
        json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] });
    realtime.say(json!({ "type": "conversation.item.create", "item": item }).to_string()).await;
    realtime.say(json!({ "type": "response.create", "event_id": "e" }).to_string()).await;
    let mut chat = Client::at(house.address, "/v1/chat/ws").await;
    chat.say(crate::chat::plain("r", "c", "How tall?").to_string()).await;
    for (client, expected) in [(&mut realtime, "\"event_id\":\"e\""), (&mut chat, "\"errorText\":")] {
        loop {
            let told = client.hear().await.unwrap();
            if told.contains("\"type\":\"error\"") {
                assert!(told.contains("from this address") && told.contains(expected), "{told}");
                break;
            }
        }
    }
}
