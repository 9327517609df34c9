//! More visitors than the models take, and upstreams that fail: who is answered, who is told to come back, and how often
//! an upstream that is down is called.

use std::time::Duration;

use rapport::config::{Config, Turns};
use serde_json::json;
use vlm_sim::Config as Sim;

use crate::house::{House, models, simulate};
use crate::manual::ask;

#[tokio::test]
async fn who_finds_no_place_is_told_so_at_once_and_who_is_answered_is_not_hurt() {
    let (house, mut calls) = House::manual(|config: &mut Config| config.turns = Turns::AtMost(1));
    let (mut first, mut second) = (house.connect("").await, house.connect("").await);
    let mut third = house.connect("").await;
    ask(&mut first, "a").await;
    let reply = calls.next().await;
    // One waits for the place, no more: a turn takes a second, as far as is known.
    ask(&mut second, "b").await;
    second.say(r#"{"type":"ping"}"#).await;
    second.until("pong").await;
    reply.say("It is ");
    first.until("token").await;
    ask(&mut third, "c").await;
    let (error, _) = third.until("error").await;
    assert_eq!(
        (&error["code"], &error["id"], &error["retryable"]),
        (&json!("overloaded"), &json!("c"), &json!(true))
    );
    assert!(error["retry_after_ms"].as_u64().is_some_and(|ms| ms >= 500), "{error}");
    assert!(error.get("turn_id").is_none());
    // A visitor's own next question has its place already.
    ask(&mut first, "d").await;
    assert_eq!(first.until("turn_done").await.0["status"], "interrupted");
    reply.dropped().await;
    let reply = calls.next().await;
    reply.say("It is tall.");
    drop(reply);
    assert_eq!(first.until("turn_done").await.0["text"], "It is tall.");
    calls.next().await.say("Yes.");
    assert_eq!(second.until("turn_done").await.0["text"], "Yes.");
    let (_, metrics) = crate::raw::get(house.address, "/metrics").await;
    assert!(
        metrics.contains("rapport_turns_refused_total 1\n") && metrics.contains("rapport_turns_limit 1\n")
    );
}

#[tokio::test]
async fn a_message_that_waits_for_its_place_can_be_cancelled() {
    let (house, mut calls) = House::manual(|config: &mut Config| config.turns = Turns::AtMost(1));
    let (mut first, mut second) = (house.connect("").await, house.connect("").await);
    ask(&mut first, "a").await;
    let reply = calls.next().await;
    ask(&mut second, "b").await;
    second.say(r#"{"type":"cancel"}"#).await;
    second.say(r#"{"type":"ping"}"#).await;
    second.until("pong").await;
    reply.say("Yes.");
    drop(reply);
    assert_eq!(first.until("turn_done").await.0["status"], "completed");
    assert_eq!(second.until("turn_done").await.0["status"], "cancelled");
}

#[tokio::test]
async fn a_dead_model_is_called_hardly_more_than_it_is_asked() {
    let (url, simulator) = simulate(Sim { latency: Duration::ZERO, ..Sim::default() }).await;
    let mut config = Config::demo();
    let dead = "sim-answer-ttft0-tps0-status503";
    config.llm = Some(models(&url, dead, "sim-convert-ttft0-tps0", "sim-select-ttft0-tps0"));
    (config.warmup, config.session.messages_per_minute) = (Duration::ZERO, 0);
    let house = House::open(config).await;
    let mut client = house.connect("").await;
    let mut codes = Vec::new();
    for _ in 0..40 {
        client.say(json!({"text_user_msg": "How tall?", "convert_tone": false}).to_string()).await;
        let (done, before) = client.until("turn_done").await;
        assert_eq!(done["status"], "failed");
        let error = before.iter().find(|frame| frame["type"] == "error").unwrap();
        codes.push(error["code"].as_str().unwrap().to_owned());
    }
    // Five calls open its breaker; then there is one a second.
    assert_eq!((&*codes[0], &*codes[39]), ("llm_refused", "llm_away"));
    let calls = simulator.stats().models[dead].begun;
    assert!((5..12).contains(&calls), "{calls} calls for 40 turns");
    let (status, _) = crate::raw::get(house.address, "/healthz").await;
    assert_eq!(status, 200);
    let (_, metrics) = crate::raw::get(house.address, "/metrics").await;
    assert!(
        metrics.contains("rapport_upstream_breaker_open{") && metrics.contains("upstream=\"llm\"} 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn one_of_two_models_that_is_down_costs_nobody_an_answer() {
    let (url, _) = simulate(Sim { latency: Duration::ZERO, ..Sim::default() }).await;
    let (down, _) = simulate(Sim { latency: Duration::ZERO, error_rate: 1.0, ..Sim::default() }).await;
    let mut config = Config::demo();
    let mut endpoint =
        models(&url, "sim-answer-ttft0-tps0", "sim-convert-ttft0-tps0", "sim-select-ttft0-tps0");
    endpoint.urls.insert(0, format!("{down}/v1"));
    config.llm = Some(endpoint);
    (config.warmup, config.session.messages_per_minute) = (Duration::ZERO, 0);
    let house = House::open(config).await;
    let mut client = house.connect("").await;
    for _ in 0..20 {
        assert_eq!(client.ask("How tall is the clock?").await["status"], "completed");
    }
}
