//! Two servers and the Redis that they share.

use std::time::Duration;

use rapport::config::Config;
use rapport::session::{StoreKnobs, StoreOutage};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::house::{Client, DEADLINE, House, models, simulate};
use crate::redis::Redis;

const QUESTION: &str = "How tall is the clock?";
const CHAT: &str = r#"{"type":"send","requestId":"r","id":"c","trigger":"submit-message",
    "messages":[{"id":"m","role":"user","parts":[{"type":"text","text":"Hi"}]}]}"#;

/// Models whose answer takes as long as it is told to: 60 tokens, so many a second.
pub(crate) async fn node(redis: &Redis, tokens_per_second: u32, change: impl FnOnce(&mut Config)) -> House {
    node_at(redis.knobs(), tokens_per_second, change).await
}

pub(crate) async fn node_at(
    store: StoreKnobs,
    tokens_per_second: u32,
    change: impl FnOnce(&mut Config),
) -> House {
    let (url, _) = simulate(vlm_sim::Config { latency: Duration::ZERO, ..vlm_sim::Config::default() }).await;
    let mut config = Config::demo();
    let answer = format!("sim-answer-ttft0-tps{tokens_per_second}");
    config.llm = Some(models(&url, &answer, "sim-convert-ttft0-tps0", "sim-select-ttft0-tps0"));
    config.warmup = Duration::ZERO;
    config.store = Some(store);
    config.session.messages_per_minute = 0;
    change(&mut config);
    House::open(config).await
}

/// Does something on a node that is gone behind it, without a word to anyone.
pub(crate) async fn on_a_dying_node<T: Send + 'static>(what: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let done = runtime.spawn(what).await.unwrap();
    runtime.shutdown_background();
    done
}

pub(crate) async fn ask(client: &mut Client, id: &str) {
    client.say(json!({"text_user_msg": QUESTION, "convert_tone": false, "id": id}).to_string()).await;
}

#[tokio::test]
async fn another_node_goes_on_with_a_session() {
    let redis = Redis::start().await;
    let (first, second) = (node(&redis, 0, |_| ()).await, node(&redis, 0, |_| ()).await);
    let mut client = first.connect("?session_id=kiosk").await;
    let session = client.frame().await;
    ask(&mut client, "m1").await;
    let done = client.until("turn_done").await.0;
    assert_eq!(done["durable"], true);

    // With all that it knows, and the former socket is told.
    let mut moved = Client::resume(second.address, &session, 1).await;
    let resumed = moved.frame().await;
    assert_eq!((&resumed["session_id"], &resumed["resumed"]), (&json!("kiosk"), &json!(true)));
    assert_eq!(resumed["resume_token"], session["resume_token"]);
    assert_eq!(moved.until("turn_done").await.0, done);
    assert_eq!(client.closed().await.code, 4003);
    ask(&mut moved, "m1").await; // a repeated id generates nothing
    assert_eq!(moved.repeated("turn_done").await["turn_id"], done["turn_id"]);
    ask(&mut moved, "m2").await;
    assert_eq!(moved.until("turn_done").await.0["turn_id"], "t2");

    // And back again.
    let seq = moved.last_seq();
    let mut back = Client::resume(first.address, &session, seq).await;
    assert_eq!(back.frame().await["resumed"], true);
    assert_eq!(moved.closed().await.code, 4003);

    // Without the token it is somebody else's, and its name is taken everywhere.
    let mut stranger = second.connect("?session_id=kiosk").await;
    assert_ne!(stranger.frame().await["session_id"], "kiosk");
}

#[tokio::test]
async fn a_running_turn_goes_on_where_it_is() {
    let redis = Redis::start().await;
    let (first, second) = (node(&redis, 50, |_| ()).await, node(&redis, 50, |_| ()).await);
    let mut client = first.connect("").await;
    let session = client.frame().await;
    ask(&mut client, "m1").await;
    client.until("token").await;
    let seq = client.last_seq();
    drop(client);
    let mut moved = Client::resume(second.address, &session, seq).await;
    assert_eq!(moved.frame().await["resumed"], true);
    let (done, before) = moved.until("turn_done").await;
    assert_eq!((&done["status"], &done["durable"]), (&json!("completed"), &json!(true)));
    assert!(before.iter().all(|frame| frame["type"] == "token"), "it was not begun again");
    assert_eq!((first.sessions.len(), second.sessions.len()), (1, 0));
}

#[tokio::test]
async fn a_dead_nodes_turn_is_begun_again() {
    let redis = Redis::start().await;
    let second = node(&redis, 50, |_| ()).await;
    let store = redis.knobs();
    let (session, text, seq) = on_a_dying_node(async move {
        let house = node_at(store, 5, |_| ()).await;
        let mut client = house.connect("").await;
        let session = client.frame().await;
        ask(&mut client, "m1").await;
        let text = client.until("token").await.0["text"].clone();
        let seq = client.last_seq();
        std::mem::forget((house, client)); // they end with their runtime
        (session, text, seq)
    })
    .await;
    let mut moved = loop {
        // Until the dead node is missed.
        let mut moved = Client::resume(second.address, &session, seq).await;
        let told = moved.hear().await;
        if let Ok(told) = told {
            let told: Value = serde_json::from_str(&told).unwrap();
            assert_eq!((&told["session_id"], &told["resumed"]), (&session["session_id"], &json!(true)));
            break moved;
        }
    };
    let (started, _) = moved.until("turn_started").await;
    assert_eq!(
        (&started["turn_id"], &started["id"], &started["restarted"]),
        (&json!("t1"), &json!("m1"), &json!(true))
    );
    let (done, before) = moved.until("turn_done").await;
    assert_eq!(done["status"], "completed");
    let said: String = before.iter().map(|frame| frame["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(done["text"], said.as_str());
    assert!(said.starts_with(text.as_str().unwrap()));
}

/// Asks until the store holds a turn.
async fn used_again(client: &mut Client) {
    let asked = async {
        for number in 0.. {
            ask(client, &format!("again-{number}")).await;
            if client.until("turn_done").await.0["durable"] == true {
                return;
            }
        }
    };
    timeout(DEADLINE, asked).await.expect("the store is used again");
}

/// Reads the store's keyspace, whole, as bytes.
async fn dump(redis: &Redis) -> String {
    let script = "local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do all[#all + 1] = key \
                  local kind = redis.call('TYPE', key).ok \
                  if kind == 'hash' then all[#all + 1] = table.concat(redis.call('HVALS', key), ' ') end \
                  if kind == 'string' then all[#all + 1] = redis.call('GET', key) end \
                  if kind == 'list' then all[#all + 1] = table.concat(redis.call('LRANGE', key, 0, -1), ' ') end \
                  if kind == 'stream' then all[#all + 1] = cjson.encode(redis.call('XRANGE', key, '-', '+')) end \
                  end return table.concat(all, ' ')";
    redis.say(&format!("EVAL \"{script}\" 0")).await.expect("a reply")
}

#[tokio::test]
async fn nothing_waits_for_a_store_that_is_away() {
    for fault in ["STOP", "KILL"] {
        let mut redis = Redis::start().await;
        let house = node(&redis, 100, |_| ()).await;
        let mut client = house.connect("").await;
        let session = client.frame().await;
        ask(&mut client, "m1").await;
        client.until("token").await;
        redis.signal(fault);
        // The running turn streams on, and says at its end that it is not kept; so does the next.
        let done = client.until("turn_done").await.0;
        assert_eq!((&done["status"], &done["durable"]), (&json!("completed"), &json!(false)), "{fault}");
        ask(&mut client, "m2").await;
        assert_eq!(client.until("turn_done").await.0["durable"], false);
        // Who comes back is served here, and so is who is new.
        let mut back = Client::resume(house.address, &session, client.last_seq()).await;
        assert_eq!(back.frame().await["resumed"], true);
        let mut new = house.connect("").await;
        new.frame().await;
        ask(&mut new, "m1").await;
        assert_eq!(new.until("turn_done").await.0["durable"], false);

        // Back again, maybe empty, it is given all that it missed, by itself.
        if fault == "STOP" {
            redis.signal("CONT");
        } else {
            redis.restart().await;
        }
        used_again(&mut back).await;
        let second = node(&redis, 100, |_| ()).await;
        let mut moved = Client::resume(second.address, &session, back.last_seq()).await;
        assert_eq!(moved.frame().await["resumed"], true, "{fault}");
        assert_eq!(back.closed().await.code, 4003);
    }
}

#[tokio::test]
async fn a_store_that_refuses_to_write_is_away() {
    let redis = Redis::start().await;
    let house = node(&redis, 0, |_| ()).await;
    let mut client = house.connect("").await;
    client.frame().await;
    redis.say("CONFIG SET maxmemory 1").await.unwrap();
    ask(&mut client, "m1").await;
    assert_eq!(client.until("turn_done").await.0["durable"], false);
    redis.say("CONFIG SET maxmemory 0").await.unwrap();
    used_again(&mut client).await;
}

#[tokio::test]
async fn a_running_turn_survives_a_store_that_forgot_it() {
    let redis = Redis::start().await;
    let (first, second) = (node(&redis, 100, |_| ()).await, node(&redis, 100, |_| ()).await);
    let mut client = first.connect("").await;
    let session = client.frame().await;
    ask(&mut client, "m1").await;
    client.until("token").await;
    redis.say("FLUSHALL").await.unwrap();
    assert_eq!(client.until("turn_done").await.0["durable"], true);
    let mut moved = Client::resume(second.address, &session, 1).await;
    assert_eq!(moved.frame().await["resumed"], true);
    assert_eq!(moved.until("turn_done").await.0["status"], "completed");
}

#[tokio::test]
async fn a_store_that_comes_back_empty_is_filled_again() {
    let mut redis = Redis::start().await;
    let (first, second) = (node(&redis, 0, |_| ()).await, node(&redis, 0, |_| ()).await);
    let mut client = first.connect("").await;
    let session = client.frame().await;
    ask(&mut client, "m1").await;
    assert_eq!(client.until("turn_done").await.0["durable"], true);
    redis.signal("KILL");
    redis.restart().await;
    // Nobody says a word meanwhile.
    let key = format!("rapport:session:{}", session["session_id"].as_str().unwrap());
    let filled = async {
        while !dump(&redis).await.contains(&key) {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, filled).await.expect("the session is written again");
    let mut moved = Client::resume(second.address, &session, client.last_seq()).await;
    assert_eq!(moved.frame().await["resumed"], true);
}

#[tokio::test]
async fn new_sessions_can_be_refused_while_the_store_is_away() {
    let redis = Redis::start().await;
    let refuse = |config: &mut Config| config.store.as_mut().unwrap().outage = StoreOutage::Refuse;
    let (house, lenient) = (node(&redis, 0, refuse).await, node(&redis, 0, |_| ()).await);
    let mut client = house.connect("").await;
    let session = client.frame().await;
    redis.signal("KILL");
    ask(&mut client, "m1").await;
    assert_eq!(client.until("turn_done").await.0["durable"], false);
    let mut new = house.connect("").await;
    let error: Value = serde_json::from_str(&new.hear().await.unwrap()).unwrap();
    assert_eq!((&error["code"], &error["retryable"]), (&json!("store_unavailable"), &json!(true)));
    assert_eq!(new.closed().await.code, 1013);
    // So are those of the other protocols, each in its own words. Realtime sessions are kept nowhere, and begin.
    let mut chat = Client::at(house.address, "/v1/chat/ws").await;
    chat.say(CHAT).await;
    let told = chat.hear().await.unwrap();
    assert!(told.contains("Conversations can't be kept"), "{told}");
    let refused = crate::original::post(&house, "/query", &json!({ "text_user_msg": "Hi" })).await;
    assert_eq!(refused.status, 503);
    // Balancers and operators see it.
    for (node, code) in [(&house, 503), (&lenient, 200)] {
        let (status, told) = crate::raw::get(node.address, "/readyz").await;
        assert_eq!(status, code, "{told}");
        assert!(told.contains(r#""store":{"reason":"#), "{told}");
        let (_, metrics) = crate::raw::get(node.address, "/metrics").await;
        assert!(metrics.contains("rapport_upstream_up{upstream=\"store\"} 0"), "{metrics}");
    }
    // A session that another node has can't be found now, wherever one asks: it must not seem lost.
    let mut lost = Client::resume(lenient.address, &session, 0).await;
    assert_eq!(lost.closed().await.code, 1013);
}

#[tokio::test]
async fn what_is_forgotten_is_erased_from_the_store() {
    let redis = Redis::start().await;
    let house = node(&redis, 0, |config| config.session.session_ttl = Duration::from_millis(300)).await;
    let canary = "canary7Q2x";
    let mut client = house.connect("").await;
    client.frame().await;
    let message =
        json!({"text_user_msg": canary, "user_description": format!("a man with a {canary}"), "id": canary});
    client.ask(&message.to_string()).await;
    assert!(dump(&redis).await.contains(canary));
    client.say(json!({"type": "forget"}).to_string()).await;
    let session = client.until("session").await.0;
    assert_eq!(session["epoch"], 2);
    let kept = dump(&redis).await;
    assert!(!kept.contains(canary), "{kept}");
    assert!(
        !kept.contains(session["resume_token"].as_str().unwrap()),
        "a reader of the store can't come back"
    );

    // And what is left by itself runs out.
    client.ask(&message.to_string()).await;
    client.leave().await;
    let erased = async {
        while dump(&redis).await.contains(canary) || !house.sessions.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, erased).await.expect("the session runs out");
}

#[tokio::test]
async fn a_dead_nodes_sessions_run_out() {
    let redis = Redis::start().await;
    let store = redis.knobs();
    on_a_dying_node(async move {
        let ttl = |config: &mut Config| config.session.session_ttl = Duration::from_millis(300);
        let house = node_at(store, 0, ttl).await;
        let mut client = house.connect("").await;
        ask(&mut client, "m1").await;
        client.until("turn_done").await;
        std::mem::forget((house, client));
    })
    .await;
    assert!(dump(&redis).await.contains("session:"));
    let erased = async {
        while dump(&redis).await.contains("rapport:") {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, erased).await.expect("the session runs out");
}

#[tokio::test]
async fn a_turn_that_outlasts_its_nodes_drain_is_handed_over() {
    let redis = Redis::start().await;
    let impatient = |config: &mut Config| config.drain_timeout = Duration::from_millis(10);
    let (first, second) = (node(&redis, 5, impatient).await, node(&redis, 0, |_| ()).await);
    let mut client = first.connect("").await;
    let session = client.frame().await;
    ask(&mut client, "m1").await;
    client.until("token").await;
    let served = first.stop(rapport::app::Stop::Restart);
    client.until("closing").await;
    assert_eq!(client.closed().await.code, 1012);
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
    let mut moved = Client::resume(second.address, &session, client.last_seq()).await;
    assert_eq!(moved.frame().await["resumed"], true);
    assert_eq!(moved.until("turn_started").await.0["restarted"], true);
    assert_eq!(moved.until("turn_done").await.0["status"], "completed");
}
