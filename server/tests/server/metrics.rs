//! What operators watch: the numbers of `/metrics` as they move, and who may see them.

#![allow(clippy::float_cmp)] // counts are whole numbers

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use rapport::config::Config;
use rapport::description::{self, Api, Contract};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::house::{Client, House, models, simulate};
use crate::raw;

const QUICK: Duration = Duration::from_millis(5);
const TOKEN: &str = "s3cret";

/// Every series with its value; the text must be in the format 0.0.4.
async fn scrape(address: SocketAddr) -> BTreeMap<String, f64> {
    let (status, head, text) = raw::request(address, "/metrics", "").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    read(&text)
}

fn read(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let mut described = "";
    let mut series = BTreeMap::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name, rest) =
                (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
            match kind {
                "HELP" => described = name,
                "TYPE" => {
                    assert_eq!(name, described, "a type follows its help");
                    assert!(["counter", "gauge", "histogram"].contains(&rest), "{line}");
                    assert_eq!(rest == "counter", name.ends_with("_total"), "{line}");
                }
                _ => panic!("{line}"),
            }
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(described), "{line} stands below {described}");
            assert!(series.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{line} comes twice");
        }
    }
    series
}

/// What moved between two scrapes, buckets, sums and times aside.
fn moved(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
    let is_count =
        |name: &str| !name.contains("_bucket") && !name.contains("_sum") && !name.starts_with("process_");
    let counts = after.iter().filter(|(name, _)| is_count(name));
    let steps = counts.map(|(name, value)| (name.clone(), value - before.get(name).unwrap_or(&0.0)));
    steps.filter(|(_, step)| *step != 0.0).collect()
}

#[tokio::test]
async fn a_turn_moves_each_counter_by_one_and_leaves_no_word_behind() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let before = scrape(house.address).await;
    assert_eq!((before["rapport_sessions"], before["rapport_sockets"]), (0.0, 0.0));
    assert_eq!(before["rapport_upstream_up{upstream=\"vlm\"}"], 1.0);
    assert!(!before.contains_key("rapport_upstream_up{upstream=\"llm\"}"), "the built-in engine is none");

    let mut client = house.connect("?session_id=canary-session").await;
    client.until("description").await;
    let message = json!({
        "text_user_msg": "How tall is the clock, canary-question?",
        "user_description": "an elderly man with a canary-coat",
        "id": "canary-id",
    });
    let done = client.ask(&message.to_string()).await;
    assert_eq!((&done["tone"], &done["outcome"]), (&json!("elder_friendly"), &json!("client")));

    let idle = async {
        while !house.tasks.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::house::DEADLINE, idle).await.expect("the turn's tasks end");
    let after = scrape(house.address).await;
    let spans =
        |stage: &str| done["spans"].as_array().unwrap().iter().filter(|it| it["stage"] == stage).count();
    let mut expected: BTreeMap<String, f64> = [
        "rapport_sessions",
        "rapport_sockets",
        "rapport_turns_total{status=\"completed\"}",
        "rapport_replies_total{outcome=\"client\",tone=\"elder_friendly\"}",
        "rapport_first_token_seconds_count",
        "rapport_turn_seconds_count",
        "rapport_descriptions_total{result=\"described\"}", // as the session opened
        "rapport_upstream_calls_total{result=\"ok\",upstream=\"vlm\"}",
        "rapport_stage_seconds_count{stage=\"describe\"}",
    ]
    .map(|name| (name.to_owned(), 1.0))
    .into();
    for stage in ["rewrite", "retrieve", "answer", "select", "convert"] {
        let count = u32::try_from(spans(stage)).unwrap();
        if count > 0 {
            expected.insert(format!("rapport_stage_seconds_count{{stage=\"{stage}\"}}"), count.into());
        }
    }
    assert_eq!(moved(&before, &after), expected.into_iter().collect::<Vec<_>>());
    let total = done["timings_ms"]["total"].as_f64().unwrap() / 1e3;
    assert!((after["rapport_turn_seconds_sum"] - total).abs() < 1e-3, "{total}");

    client.leave().await;
    let text = raw::get(house.address, "/metrics").await.1;
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn a_look_that_several_turns_use_is_counted_once() {
    let house = House::with_camera(QUICK, |config| config.session.prefetch = false).await;
    let mut client = house.connect("").await;
    for strategy in ["race", "race", "sequential", "race"] {
        client
            .ask(&json!({"text_user_msg": "How tall is the clock?", "strategy": strategy}).to_string())
            .await;
    }
    let after = scrape(house.address).await;
    let calls = after["rapport_descriptions_total{result=\"described\"}"];
    assert!((1.0..=4.0).contains(&calls), "{calls}");
    assert_eq!(after["rapport_stage_seconds_count{stage=\"describe\"}"], calls);
}

#[tokio::test]
async fn running_turns_and_their_ends_are_told_apart() {
    let (url, _) = simulate(vlm_sim::Config::default()).await;
    let mut config = Config::demo();
    config.vlm = None;
    config.llm =
        Some(models(&url, "sim-answer-ttft1-tps1", "sim-convert-ttft1-tps0", "sim-select-ttft1-tps0"));
    config.warmup = Duration::ZERO;
    let house = House::open(config).await;
    let mut client = house.connect("").await;
    client.say("How tall is the clock?").await;
    client.until("turn_started").await;
    let running = scrape(house.address).await;
    assert_eq!(running["rapport_turns_running"], 1.0);
    assert_eq!(running["rapport_upstream_up{upstream=\"llm\"}"], 1.0);
    assert!(!running.contains_key("rapport_upstream_up{upstream=\"vlm\"}"));

    let done = client.ask(&json!({ "type": "cancel" }).to_string()).await;
    assert_eq!(done["status"], "cancelled");
    let ended = scrape(house.address).await;
    assert_eq!(ended["rapport_turns_running"], 0.0);
    assert_eq!(ended["rapport_turns_total{status=\"cancelled\"}"], 1.0);
    assert_eq!(ended["rapport_turns_total{status=\"completed\"}"], 0.0);
}

#[tokio::test]
async fn a_vlm_that_is_down_is_told_and_what_was_done_without_it() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut config = Config::demo();
    let url = format!("http://{nowhere}");
    config.vlm = Some(description::Endpoint::new(url, Api::Service(Contract::Description)));
    config.vlm_timeout = Duration::from_millis(300);
    let house = House::open(config).await;
    assert_eq!(scrape(house.address).await["rapport_upstream_up{upstream=\"vlm\"}"], 0.0);
    let done = house.connect("").await.ask("How tall is the clock?").await;
    assert_eq!(done["degraded"], json!(["describe"]));
    let after = scrape(house.address).await;
    assert_eq!(after["rapport_degraded_total{stage=\"describe\"}"], 1.0);
    let failed: f64 = ["unreachable", "timed_out"]
        .map(|result| after[&format!("rapport_descriptions_total{{result=\"{result}\"}}")])
        .iter()
        .sum();
    assert!(failed > 0.0);
    assert_eq!(after["rapport_replies_total{outcome=\"fallback\",tone=\"casual_friendly\"}"], 1.0);
}

#[tokio::test]
async fn where_tokens_are_set_one_must_be_shown() {
    let house = House::with_camera(QUICK, |config| config.tokens = vec![TOKEN.into()]).await;
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    for path in ["/metrics", "/status"] {
        let (status, head, body) = raw::request(house.address, path, "").await;
        assert_eq!(status, 401, "{path}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
        assert!(!body.contains("rapport_"), "{path} told: {body}");
        let wrong = raw::get(house.address, &format!("{path}?token=s3cre")).await;
        assert_eq!(wrong.0, 401, "{path}");
        assert_eq!(raw::get(house.address, &format!("{path}?token={TOKEN}")).await.0, 200, "{path}");
        assert_eq!(raw::request(house.address, path, &bearer).await.0, 200, "{path}");
    }
    // Who comes without one gets the form: the same page, which holds nothing.
    let (_, head, form) = raw::request(house.address, "/status", "").await;
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(form.contains("<form"), "{form}");
}

#[tokio::test]
async fn without_tokens_anyone_may_look() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let (status, page) = raw::get(house.address, "/status").await;
    assert_eq!(status, 200);
    for file in page.split('"').filter(|it| it.starts_with("status")) {
        assert_eq!(raw::get(house.address, &format!("/{file}")).await.0, 200, "{file}");
    }
    let alive: Value = serde_json::from_str(&raw::get(house.address, "/healthz").await.1).unwrap();
    assert_eq!(alive["sessions"], 0);
}

#[tokio::test]
async fn ends_of_sockets_and_clients_that_come_back_are_counted() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let mut first = house.connect("").await;
    let session = first.frame().await;
    let mut second = Client::resume(house.address, &session, 0).await;
    second.frame().await;
    assert_eq!(first.closed().await.code, 4003);
    let stranger = serde_json::json!({ "session_id": session["session_id"], "resume_token": "wrong" });
    let mut third = Client::resume(house.address, &stranger, 0).await;
    third.frame().await;
    let ended = async {
        // A socket ends when its client's side has closed as well.
        while scrape(house.address).await["rapport_sockets_ended_total{reason=\"replaced\"}"] == 0.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::house::DEADLINE, ended).await.expect("it is counted");
    let told = scrape(house.address).await;
    for (result, count) in [("exact", 1.0), ("new", 1.0), ("snapshot", 0.0)] {
        assert_eq!(told[&format!("rapport_resumes_total{{result=\"{result}\"}}")], count, "{result}");
    }
    #[cfg(target_os = "linux")]
    assert!(told["process_resident_memory_bytes"] > 1e6 && told["process_start_time_seconds"] > 1.7e9);
}
