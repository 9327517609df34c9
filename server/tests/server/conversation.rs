//! Conversations over real sockets: frames, formats, overlap.

use std::time::Duration;

use crate::house::{Client, House, models, simulate};
use rapport::config::Config;
use rapport::session::Overlap;
use serde_json::{Value, json};

const QUICK: Duration = Duration::from_millis(5);

/// A question that the sample museum answers.
const QUESTION: &str = "How tall is the clock?";

#[tokio::test]
async fn a_question_is_answered_frame_by_frame() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let mut client = house.connect("").await;
    let session = client.frame().await;
    assert_eq!(session["type"], "session");
    assert_eq!(session["server"], "builtin");
    assert_eq!(
        (&session["resumed"], &session["epoch"], &session["last_seq"]),
        (&json!(false), &json!(1), &json!(0))
    );
    assert_eq!(session["limits"]["max_message"], 65536);
    assert_eq!(client.frame().await["type"], "description"); // the prefetch

    client.say(json!({"type": "message", "text_user_msg": QUESTION, "id": "m1"}).to_string()).await;
    let (done, before) = client.until("turn_done").await;
    let kinds: Vec<&str> = before.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "turn_started");
    assert_eq!(before[0]["id"], "m1");
    let tone = kinds.iter().position(|kind| *kind == "tone").unwrap();
    let token = kinds.iter().position(|kind| *kind == "token").unwrap();
    assert!(tone < token && kinds.iter().filter(|kind| **kind == "tone").count() == 1);

    let text: String = before
        .iter()
        .filter_map(|frame| frame["text"].as_str().filter(|_| frame["type"] == "token"))
        .collect();
    assert_eq!(done["text"], text);
    assert!(text.contains("3.2 metres"), "{text}");
    assert_eq!(done["status"], "completed");
    assert_eq!(done["turn_id"], before[0]["turn_id"]);
    assert!(done["sources"].as_array().unwrap().iter().any(|source| source["file"] == "exhibits.json"));
    assert_eq!(done["degraded"], json!([]));
    assert!(
        done["timings_ms"]["first_token"].as_f64().unwrap() <= done["timings_ms"]["total"].as_f64().unwrap()
    );
    client.leave().await;
    house.close().await;
}

#[tokio::test]
async fn the_predecessors_payload_and_a_bare_line_are_questions() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let mut client = house.connect("").await;
    let done = client
        .ask(&json!({"text_user_msg": QUESTION, "convert_tone": false, "session_id": "x"}).to_string())
        .await;
    assert_eq!((&done["tone"], &done["outcome"]), (&Value::Null, &Value::Null));
    assert_eq!(done["text"], done["answer"]);
    let done = client.ask("這座鐘有多高？\n").await;
    assert!(done["text"].as_str().unwrap().contains("3.2 公尺"));

    let described = json!({"text_user_msg": QUESTION, "user_description": "an elderly man with a cane"});
    let done = client.ask(&described.to_string()).await;
    assert_eq!((&done["tone"], &done["outcome"]), (&json!("elder_friendly"), &json!("client")));
}

#[tokio::test]
async fn the_text_format_speaks_in_sentences_and_ends_each_reply() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let mut client = house.connect("?format=text").await;
    for question in [QUESTION, "How tall is the clock?\n"] {
        client.say(question).await;
        let mut lines = Vec::new();
        loop {
            match client.hear().await.unwrap() {
                flag if flag == "END_FLAG" => break,
                line => lines.push(line),
            }
        }
        assert!(lines.iter().any(|line| line.contains("3.2 metres")), "{lines:?}");
        assert!(lines.iter().all(|line| line.trim() == line && !line.contains('\n')));
    }
    client.say("").await;
    assert!(client.hear().await.unwrap().starts_with("ERROR: empty_question: "));
    assert_eq!(client.hear().await.unwrap(), "END_FLAG");
}

#[tokio::test]
async fn once_closes_after_the_first_reply_whatever_it_is() {
    let house = House::with_camera(QUICK, |_| ()).await;
    for (question, last) in [(QUESTION, "turn_done"), ("{", "error")] {
        let mut client = house.connect("?once=1").await;
        client.say(question).await;
        client.until(last).await;
        assert_eq!(client.closed().await.code, 1000);
    }
    let mut client = house.connect("?once=1&format=text").await;
    client.say(QUESTION).await;
    while client.hear().await.unwrap() != "END_FLAG" {}
    assert_eq!(client.closed().await.code, 1000);
}

#[tokio::test]
async fn a_repeated_message_generates_nothing() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let mut client = house.connect("").await;
    let message = json!({"type": "message", "text_user_msg": QUESTION, "id": "m1"}).to_string();
    client.say(message.clone()).await;
    let (done, before) = client.until("turn_done").await;
    let started = before.iter().find(|frame| frame["type"] == "turn_started").unwrap();

    client.say(message).await;
    let mut again: Vec<Value> = Vec::new();
    while again.len() < 2 {
        let frame: Value = serde_json::from_str(&client.hear().await.unwrap()).unwrap();
        if frame["type"] != "description" {
            again.push(frame); // the turn's refresh may land meanwhile
        }
    }
    assert_eq!([&again[0], &again[1]], [started, &done]);
    client.say(json!({"type": "ping", "t": 1}).to_string()).await;
    let (pong, behind) = client.until("pong").await;
    assert_eq!(pong, json!({"type": "pong", "t": 1}));
    assert!(behind.iter().all(|frame| frame["type"] == "description"));
}

#[tokio::test]
async fn history_keeps_the_plain_answer_and_forget_ends_the_epoch() {
    let (url, _) = simulate(vlm_sim::Config::default()).await;
    let mut config = Config::demo();
    config.llm =
        Some(models(&url, "sim-answer-ttft1-tps0", "sim-convert-ttft1-tps0", "sim-select-ttft1-tps0"));
    let house = House::open(config).await;
    let mut client = house.connect("?session_id=kiosk-1").await;
    let first = client.frame().await;
    assert_eq!(first["session_id"], "kiosk-1");
    assert_eq!(first["server"], "llm");
    client.ask(QUESTION).await;

    client.say(json!({"type": "forget"}).to_string()).await;
    let (second, _) = client.until("session").await;
    assert_eq!(second["epoch"], 2);
    assert_eq!(second["session_id"], "kiosk-1");
    assert_ne!(second["resume_token"], first["resume_token"]);
    assert!(second["last_seq"].as_u64().unwrap() > 0);
    let done = client.ask(QUESTION).await;
    assert_eq!(done["status"], "completed");
}

#[tokio::test]
async fn forget_ends_the_running_turn_first() {
    let (_house, mut client) = slow_house(Overlap::Interrupt).await;
    client.say(QUESTION).await;
    client.until("turn_started").await;
    client.say(json!({"type": "forget"}).to_string()).await;
    client.say(json!({"type": "typing", "refresh": true}).to_string()).await; // the next visitor is there already
    let (done, _) = client.until("turn_done").await;
    assert_eq!(done["status"], "cancelled");
    assert_eq!(client.frame().await["type"], "session");
    client.until("description").await;
    client.say(json!({"type": "ping"}).to_string()).await;
    assert_eq!(client.frame().await["type"], "pong"); // nothing of the old epoch followed
}

/// A server whose model answers within a minute, and a client of it.
async fn slow_house(on_overlap: Overlap) -> (House, Client) {
    let (url, _) = simulate(vlm_sim::Config::default()).await;
    let house = House::with_camera(QUICK, |config| {
        config.llm =
            Some(models(&url, "sim-answer-ttft10-tps1", "sim-convert-ttft1-tps0", "sim-select-ttft1-tps0"));
        config.session.on_overlap = on_overlap;
    })
    .await;
    let client = house.connect("").await;
    (house, client)
}

#[tokio::test]
async fn a_new_message_interrupts_the_running_turn() {
    let (_house, mut client) = slow_house(Overlap::Interrupt).await;
    for _ in 0..3 {
        client.say(QUESTION).await;
    }
    client.say(json!({"text_user_msg": QUESTION, "convert_tone": false}).to_string()).await;
    for turn in 1..=3 {
        let (done, _) = client.until("turn_done").await;
        assert_eq!((&done["status"], &done["turn_id"]), (&json!("interrupted"), &json!(format!("t{turn}"))));
    }
    client.until("token").await;
    client.say(json!({"type": "cancel", "turn_id": "t1"}).to_string()).await; // not the running one
    client.say(json!({"type": "cancel"}).to_string()).await;
    let (done, _) = client.until("turn_done").await;
    assert_eq!((&done["status"], &done["turn_id"]), (&json!("cancelled"), &json!("t4")));
    assert!(!done["text"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn messages_wait_or_are_refused_as_configured() {
    let (_house, mut client) = slow_house(Overlap::Queue).await;
    client.say(QUESTION).await;
    client.until("turn_started").await;
    for _ in 0..9 {
        client.say(QUESTION).await;
    }
    let (error, _) = client.until("error").await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("queue_full"), &json!(true)));
    client.say(json!({"type": "cancel"}).to_string()).await;
    let (done, _) = client.until("turn_done").await;
    assert_eq!(done["status"], "cancelled");
    assert_eq!(client.until("turn_started").await.0["turn_id"], "t2");

    let (_house, mut client) = slow_house(Overlap::Reject).await;
    client.say(QUESTION).await;
    client.until("turn_started").await;
    client.say(QUESTION).await;
    let (error, _) = client.until("error").await;
    assert_eq!(error["code"], "busy");
    assert!(error.get("turn_id").is_none());
}

#[tokio::test]
async fn too_many_messages_are_told_when_to_come_back() {
    let house = House::with_camera(QUICK, |config| config.session.messages_per_minute = 2).await;
    let mut client = house.connect("").await;
    client.ask(QUESTION).await;
    client.ask(QUESTION).await;
    client.say(QUESTION).await;
    let (error, _) = client.until("error").await;
    assert_eq!(error["code"], "rate_limited");
    let wait = error["retry_after_ms"].as_u64().unwrap();
    assert!((1..=30_000).contains(&wait), "{wait}");
}

#[tokio::test]
async fn that_is_not_me_asks_again() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let mut client = house.connect("").await;
    let (first, _) = client.until("description").await;
    client.say(json!({"type": "typing"}).to_string()).await; // young enough: nothing is asked
    client.say(json!({"type": "typing", "refresh": true}).to_string()).await;
    let (again, before) = client.until("description").await;
    assert!(before.is_empty());
    assert_eq!(again["source"], "vlm");
    assert_ne!(again["text"], first["text"], "the camera is told that another visitor stands there");
}

#[tokio::test]
async fn the_visitors_coat_is_mentioned_first_and_then_by_the_draw() {
    for (first, rate, expected) in
        [(true, 0.0, [true, false, false]), (false, 0.0, [false; 3]), (true, 1.0, [true; 3])]
    {
        let house = House::with_camera(QUICK, |config| {
            config.session.mention_first = first;
            config.session.mention_rate = rate;
        })
        .await;
        let mut client = house.connect("").await;
        for mentions in expected {
            let asked = json!({"text_user_msg": QUESTION, "user_description": "a tall man in a green coat"});
            let text = client.ask(&asked.to_string()).await["text"].as_str().unwrap().to_owned();
            assert_eq!(text.contains("green coat"), mentions, "{text}");
            assert!(!text.contains("tall man"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_refusal_has_no_compliment_and_leaves_it_due() {
    let house = House::with_camera(QUICK, |config| config.session.mention_rate = 0.0).await;
    let mut client = house.connect("").await;
    for (question, mentions) in [("What is the capital of Peru?", false), (QUESTION, true), (QUESTION, false)]
    {
        let asked = json!({"text_user_msg": question, "user_description": "a man in a green coat"});
        let text = client.ask(&asked.to_string()).await["text"].as_str().unwrap().to_owned();
        assert_eq!(text.contains("green coat"), mentions, "{text}");
    }
}

#[tokio::test]
async fn the_draw_of_mentions_is_repeatable() {
    let mut draws = Vec::new();
    for _ in 0..2 {
        let house = House::with_camera(QUICK, |config| {
            config.session.seed = Some(7);
            config.session.mention_rate = 0.5;
        })
        .await;
        let mut client = house.connect("").await;
        let mut mentions = Vec::new();
        for _ in 0..12 {
            let asked = json!({"text_user_msg": QUESTION, "user_description": "a man in a green coat"});
            mentions
                .push(client.ask(&asked.to_string()).await["text"].as_str().unwrap().contains("green coat"));
        }
        draws.push(mentions);
    }
    assert_eq!(draws[0], draws[1]);
    assert!(draws[0].contains(&true) && draws[0][1..].contains(&false));
}

#[tokio::test]
async fn a_cancel_right_behind_its_message_is_not_lost() {
    let (_house, mut client) = slow_house(Overlap::Interrupt).await;
    for _ in 0..10 {
        client.say(QUESTION).await;
        client.say(json!({"type": "cancel"}).to_string()).await;
        assert_eq!(client.until("turn_done").await.0["status"], "cancelled");
    }
}

#[tokio::test]
async fn asking_the_camera_again_counts_like_a_message() {
    let house = House::with_camera(QUICK, |config| config.session.messages_per_minute = 3).await;
    let mut client = house.connect("").await;
    for _ in 0..4 {
        client.say(json!({"type": "typing", "refresh": true}).to_string()).await;
    }
    assert_eq!(client.until("error").await.0["code"], "rate_limited");
}

#[tokio::test]
async fn a_refusal_during_a_reply_does_not_end_it() {
    let house = House::with_camera(Duration::from_millis(300), |_| ()).await;
    let mut client = house.connect("?format=text&once=1").await;
    client.say(QUESTION).await;
    client.say("").await;
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line| line != "END_FLAG") {
        lines.push(client.hear().await.unwrap());
    }
    assert!(lines[0].starts_with("ERROR: empty_question: "), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("3.2 metres")), "{lines:?}");
    assert_eq!(client.closed().await.code, 1000);
}

#[tokio::test]
async fn the_newest_of_many_questions_is_answered() {
    let house =
        House::with_camera(Duration::from_millis(200), |config| config.session.messages_per_minute = 0).await;
    let mut client = house.connect("").await;
    for n in 0..40 {
        client.say(json!({"text_user_msg": QUESTION, "id": n.to_string()}).to_string()).await;
    }
    for _ in 0..39 {
        assert_eq!(client.until("turn_done").await.0["status"], "interrupted");
    }
    let (done, _) = client.until("turn_done").await;
    assert_eq!((&done["status"], &done["turn_id"]), (&json!("completed"), &json!("t40")));
}

#[tokio::test]
async fn a_large_reply_to_a_fast_reader_ends_no_socket() {
    let answer = "A long answer to whoever does read it. ".repeat(1000);
    let (url, _) = simulate(vlm_sim::Config { answer, ..vlm_sim::Config::default() }).await;
    let house = House::with_camera(QUICK, |config| {
        config.llm = Some(models(&url, "sim-answer-ttft0-tps20000", "sim-convert", "sim-select"));
        config.session.outbound_queue = 64 * 1024; // less than turn_done with its text and answer
    })
    .await;
    let mut client = house.connect("").await;
    let done = client.ask(&json!({"text_user_msg": QUESTION, "convert_tone": false}).to_string()).await;
    assert!(done["text"].as_str().unwrap().len() > 38_000);
}
