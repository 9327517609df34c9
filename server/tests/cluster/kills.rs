//! Nodes that are killed while turns run. `RAPPORT_KILLS` says how many times; `make kills` a hundred.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use redis::AsyncCommands;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::place::{Node, Proxy, Redis, models, within};
use super::visitor::{Heard, Visitor};

/// How often a node is killed unless `RAPPORT_KILLS` says more.
const KILLS: usize = 10;

const VISITORS: usize = 6;

/// From how many frames on, and to how many, are heard between all being well and the next death.
const FRAMES_BETWEEN: std::ops::Range<usize> = 50..600;

/// A session's frames as the store holds them.
type Stored = BTreeMap<u64, Value>;

#[tokio::test(flavor = "multi_thread")]
async fn every_question_is_answered_once_however_often_a_node_is_killed() {
    let kills = std::env::var("RAPPORT_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let redis = Redis::start().await;
    let mut flags = models(60).await;
    flags.extend(["--store".to_owned(), redis.url()]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut nodes = [Node::start(&flags, &[]).await, Node::start(&flags, &[]).await];
    let proxy = Proxy::before("haproxy", [nodes[0].address, nodes[1].address]).await;

    let (telling, mut heard) = mpsc::unbounded_channel();
    let enough = CancellationToken::new();
    let mut visitors = JoinSet::new();
    for number in 0..VISITORS {
        let mut visitor = Visitor::enter(proxy.address).await;
        assert_eq!(visitor.ask("first", &json!({})).await["durable"], true); // from here on it must be kept
        visitor.tell(number, telling.clone());
        visitors.spawn(talk(visitor, enough.clone()));
    }

    let mut gaps = Vec::new();
    for _ in 0..kills {
        for _ in 0..fastrand::usize(FRAMES_BETWEEN) {
            within("somebody is talked to", heard.recv()).await.unwrap();
        }
        let node = &mut nodes[fastrand::usize(0..2)];
        let killed = Instant::now();
        node.kill().await;
        node.start_again().await;
        within("all go on", go_on(&mut heard, killed, &mut gaps)).await;
    }
    enough.cancel();

    let store = redis::Client::open(redis.url()).unwrap();
    let mut store = store.get_multiplexed_async_connection().await.unwrap();
    let (mut questions, mut restarted, mut returns, mut failed, mut kept) = (0, 0, 0, 0, 0);
    while let Some(visitor) = within("the last words", visitors.join_next()).await {
        let (visitor, asked) = visitor.unwrap();
        assert_eq!(visitor.ended.len(), asked, "each question has one end");
        kept += compare(&visitor, &stored(&mut store, visitor.id()).await);
        questions += asked;
        restarted += visitor.restarted;
        returns += visitor.returns;
        // A turn whose owners die three times is given up: that is told, and is an end as well.
        failed += visitor.ended.values().filter(|status| *status != "completed").count();
    }
    gaps.sort();
    let quantile = |share: usize| gaps.get((gaps.len() * share / 100).min(gaps.len().saturating_sub(1)));
    println!(
        "{kills} kills: {questions} questions, each with one end ({failed} not completed); {restarted} turns begun \
         again; {returns} returns, none of them to a lost session; {kept} frames in the store, all of them heard; \
         from a kill to the next frame of who was cut off ({} times): p50 {:?}, p99 {:?}, max {:?}",
        gaps.len(),
        quantile(50).unwrap_or(&Duration::ZERO),
        quantile(99).unwrap_or(&Duration::ZERO),
        gaps.last().unwrap_or(&Duration::ZERO)
    );
}

/// Asks one question after the other; returns how many.
async fn talk(mut visitor: Visitor, enough: CancellationToken) -> (Visitor, usize) {
    let mut asked = 1;
    while !enough.is_cancelled() {
        // One in two replies is converted.
        let more = json!({"convert_tone": asked % 2 == 0});
        let done = visitor.ask(&format!("m{asked}"), &more).await;
        asked += 1;
        assert!(matches!(done["status"].as_str(), Some("completed" | "failed")), "{done}");
        assert_eq!(done["durable"], true, "{done}");
    }
    (visitor, asked)
}

/// Waits until every visitor has heard something again, and notes how long those waited who were cut off.
async fn go_on(heard: &mut UnboundedReceiver<Heard>, killed: Instant, gaps: &mut Vec<Duration>) {
    let mut gone_on = [false; VISITORS];
    while gone_on.contains(&false) {
        let Heard { visitor, at, is_back } = heard.recv().await.expect("visitors talk on");
        if at > killed + Duration::from_millis(1) || is_back {
            gaps.extend(is_back.then(|| at.saturating_duration_since(killed)));
            gone_on[visitor] = true;
        }
    }
}

async fn stored(store: &mut redis::aio::MultiplexedConnection, id: &str) -> Stored {
    let entries: redis::streams::StreamRangeReply =
        store.xrange_all(format!("rapport:frames:{id}")).await.unwrap();
    let frame = |entry: redis::streams::StreamId| {
        let frame: String = entry.get("frame").unwrap();
        let frame: Value = serde_json::from_str(&frame).unwrap();
        (frame["seq"].as_u64().unwrap(), frame["event"].clone())
    };
    entries.ids.into_iter().map(frame).collect()
}

/// Whatever the store holds was heard, as it is there, without a gap and to the end. Returns how much that is.
fn compare(visitor: &Visitor, stored: &Stored) -> usize {
    let (first, last) = (*stored.first_key_value().unwrap().0, *stored.last_key_value().unwrap().0);
    assert_eq!(last, visitor.last_seq());
    assert_eq!(u64::try_from(stored.len()).unwrap(), last - first + 1, "the store's numbers have gaps");
    for (seq, event) in stored {
        let heard = &visitor.frames[seq];
        match heard["type"].as_str().unwrap() {
            "token" => assert_eq!(event["Token"]["text"], heard["text"]),
            "turn_started" => assert_eq!(event["TurnStarted"]["turn_id"], heard["turn_id"]),
            "turn_done" => assert_eq!(event["TurnDone"]["turn_id"], heard["turn_id"]),
            _ => {}
        }
    }
    stored.len()
}
