//! Sessions of other protocols on nodes that share a store.

use rapport::config::Config;
use rapport::session::Overlap;
use serde_json::json;

use crate::chat::{Chat, plain, resume, text_of};
use crate::original::{get_status, post};
use crate::redis::Redis;
use crate::store::{node, on_a_dying_node};

const CLOCK: &str = "How tall is the clock?";

#[tokio::test]
async fn a_reply_that_another_node_begins_again_is_told_once() {
    let redis = Redis::start().await;
    let knobs = redis.knobs();
    on_a_dying_node(async move {
        let dying = crate::store::node_at(knobs, 20, |_| ()).await;
        let mut chat = Chat::open(&dying).await;
        chat.say(&plain("r1", "kiosk", CLOCK)).await;
        chat.until_text().await;
        chat.until_text().await;
        std::mem::forget((dying, chat)); // they end with their runtime
    })
    .await;
    let second = node(&redis, 200, |_| ()).await;
    let mut chat = Chat::open(&second).await;
    chat.say(&resume("r2", "kiosk")).await;
    let (chunks, end) = chat.whole("r2").await;
    assert_eq!(end["type"], "end", "{end}");
    let timings = chunks.iter().find(|chunk| chunk["type"] == "data-timings").unwrap();
    assert_eq!(
        (&timings["data"]["status"], &timings["data"]["answer"]),
        (&json!("completed"), &json!(text_of(&chunks)))
    );
    assert_eq!(chunks.iter().filter(|chunk| chunk["type"] == "start").count(), 1);
}

#[tokio::test]
async fn a_new_question_takes_the_place_of_a_turn_that_was_to_be_begun_again() {
    let redis = Redis::start().await;
    let knobs = redis.knobs();
    on_a_dying_node(async move {
        let dying = crate::store::node_at(knobs, 20, |_| ()).await;
        let mut chat = Chat::open(&dying).await;
        chat.say(&plain("r1", "kiosk", CLOCK)).await;
        chat.until_text().await;
        std::mem::forget((dying, chat));
    })
    .await;
    // Were the old turn played to its end, the new one would wait for a minute.
    let slow = |config: &mut Config| config.session.on_overlap = Overlap::Interrupt;
    let second = node(&redis, 1, slow).await;
    let mut chat = Chat::open(&second).await;
    chat.say(&plain("r2", "kiosk", "Who built it?")).await;
    assert_eq!(chat.until_text().await["requestId"], "r2");
}

#[tokio::test]
async fn what_can_not_be_looked_up_is_not_said_to_be_gone() {
    let redis = Redis::start().await;
    let (first, second) = (node(&redis, 0, |_| ()).await, node(&redis, 0, |_| ()).await);
    let asked = json!({ "text_user_msg": CLOCK, "session_id": "a" });
    assert!(post(&first, "/query", &asked).await.body.ends_with("END_FLAG\n"));
    redis.signal("KILL");
    for (method, path) in [("GET", "/sessions/a/history"), ("DELETE", "/sessions/a/history")] {
        assert_eq!(get_status(&second, method, path).await, 503, "{method}");
    }
    assert_eq!(post(&second, "/close", &json!({ "session_id": "a" })).await.status, 503);
    // Where it is, it is forgotten at once, and whoever asked for it learns that the store is not told.
    assert_eq!(get_status(&first, "GET", "/sessions/a/history").await, 200);
    assert_eq!(get_status(&first, "DELETE", "/sessions/a/history").await, 503);
    assert_eq!(post(&first, "/close", &json!({ "session_id": "a" })).await.status, 503);
}
