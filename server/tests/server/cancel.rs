//! A turn that ends early reaches the model: its body is dropped, whichever stage it was in, and no task of
//! the turn is left.

use std::time::Duration;

use rapport::config::Config;
use serde_json::json;
use tokio::task::yield_now;
use tokio::time::timeout;
use vlm_sim::{Config as Sim, Simulator};

use crate::house::{Client, DEADLINE, House, models, simulate};

/// Takes seconds for its reply.
const SLOW: &str = "sim-answer-ttft0-tps5";
const SLOW_CONVERSION: &str = "sim-convert-ttft0-tps5";
const FAST: &str = "sim-answer-ttft0-tps0";

async fn house(answer: &str, convert: &str) -> (House, Simulator) {
    let (url, simulator) = simulate(Sim { latency: Duration::ZERO, ..Sim::default() }).await;
    let mut config = Config::demo();
    config.llm = Some(models(&url, answer, convert, FAST));
    config.warmup = Duration::ZERO; // its calls would be counted
    (House::open(config).await, simulator)
}

async fn ask(client: &mut Client, convert_tone: bool) {
    let message = json!({"text_user_msg": "How tall is the clock?", "convert_tone": convert_tone});
    client.say(message.to_string()).await;
}

/// Asks and waits for the first token.
async fn begin(client: &mut Client, convert_tone: bool) {
    ask(client, convert_tone).await;
    client.until("token").await;
}

/// Waits until a model has seen at least so many of its calls dropped (a turn may convert two segments at once), and something was still to be sent.
async fn dropped(simulator: &Simulator, model: &str, calls: u64) {
    let seen = async {
        loop {
            let counts = simulator.stats().models.get(model).copied().unwrap_or_default();
            if counts.dropped >= calls {
                assert_eq!(counts.finished, 0, "{counts:?}");
                assert!(counts.unsent_tokens > 0, "{counts:?}");
                return;
            }
            yield_now().await;
        }
    };
    timeout(DEADLINE, seen).await.expect("the model sees its client leave");
}

async fn no_task_is_left(house: &House) {
    house.tasks.close();
    timeout(DEADLINE, house.tasks.wait()).await.expect("the turn's tasks end");
}

#[tokio::test]
async fn a_cancel_drops_the_answer_and_the_conversion() {
    for (answer, convert, converted) in [(SLOW, FAST, false), (FAST, SLOW_CONVERSION, true)] {
        let (house, simulator) = house(answer, convert).await;
        let slow = if converted { convert } else { answer };
        let mut client = house.connect("").await;
        for turn in 1..=2 {
            begin(&mut client, converted).await;
            client.say(json!({"type": "cancel"}).to_string()).await;
            assert_eq!(client.until("turn_done").await.0["status"], "cancelled");
            dropped(&simulator, slow, turn).await;
        }
        no_task_is_left(&house).await;
    }
}

#[tokio::test]
async fn a_message_that_waits_is_cancelled_by_its_id() {
    let (house, _) = {
        let (url, simulator) = simulate(Sim { latency: Duration::ZERO, ..Sim::default() }).await;
        let mut config = Config::demo();
        config.llm = Some(models(&url, "sim-answer-ttft0-tps60", FAST, FAST));
        config.warmup = Duration::ZERO;
        config.session.on_overlap = rapport::session::Overlap::Queue;
        (House::open(config).await, simulator)
    };
    let mut client = house.connect("").await;
    for id in ["a", "b"] {
        let asked = json!({"text_user_msg": "How tall is the clock?", "convert_tone": false, "id": id});
        client.say(asked.to_string()).await;
    }
    client.until("token").await;
    client.say(r#"{"type":"cancel","id":"b"}"#).await;
    for status in ["completed", "cancelled"] {
        assert_eq!(client.until("turn_done").await.0["status"], status);
    }
}

#[tokio::test]
async fn a_newer_message_drops_the_answer_of_the_older_one() {
    let (house, simulator) = house(SLOW, FAST).await;
    let mut client = house.connect("").await;
    begin(&mut client, false).await;
    ask(&mut client, false).await;
    assert_eq!(client.until("turn_done").await.0["status"], "interrupted");
    client.until("token").await;
    dropped(&simulator, SLOW, 1).await;
    client.say(json!({"type": "forget"}).to_string()).await;
    assert_eq!(client.until("turn_done").await.0["status"], "cancelled");
    dropped(&simulator, SLOW, 2).await;
    no_task_is_left(&house).await;
}

#[tokio::test]
async fn a_turn_outlives_its_socket_but_not_a_cancel_of_the_next_one() {
    let (house, simulator) = house(SLOW, FAST).await;
    let mut client = house.connect("").await;
    let session = client.frame().await;
    ask(&mut client, false).await;
    let seen = client.until("token").await.0["seq"].as_u64().unwrap();
    client.leave().await;
    let mut client = Client::resume(house.address, &session, seen).await;
    client.until("token").await; // it went on
    let counts = simulator.stats().models[SLOW];
    assert_eq!((counts.begun, counts.dropped), (1, 0));
    client.say(json!({"type": "cancel"}).to_string()).await;
    client.until("turn_done").await;
    dropped(&simulator, SLOW, 1).await;
    no_task_is_left(&house).await;
}

#[tokio::test]
async fn the_servers_end_drops_what_runs() {
    let (house, simulator) = house(SLOW, FAST).await;
    let mut client = house.connect("").await;
    begin(&mut client, false).await;
    let tasks = house.tasks.clone();
    let served = house.stop(rapport::app::Stop::Shutdown);
    dropped(&simulator, SLOW, 1).await;
    timeout(DEADLINE, tasks.wait()).await.expect("the turn's tasks end");
    client.closed().await;
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
}
