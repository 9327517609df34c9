//! Coming back to a session: what was missed is sent again, exactly; what can't be is told as a snapshot.

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{Client, House};
use crate::manual::{ask, told};

const QUICK: Duration = Duration::from_millis(5);

/// A question that the sample museum answers.
const QUESTION: &str = "How tall is the clock?";

#[tokio::test]
async fn a_session_outlives_its_socket() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let mut client = house.connect("?session_id=a").await;
    let session = client.frame().await;
    let token = session["resume_token"].as_str().unwrap().to_owned();
    let done = client.ask(QUESTION).await;
    let seq = done["seq"].as_u64().unwrap();

    // Without the token, the id is somebody else's.
    let mut stranger = house.connect("?session_id=a").await;
    assert_ne!(stranger.frame().await["session_id"], "a");
    let mut intruder = house.connect("?session_id=a&resume=wrong").await;
    let guessed = intruder.frame().await;
    assert_ne!(guessed["session_id"], "a");
    assert_eq!(guessed["resumed"], false);

    // With it, the newer socket takes over and is told exactly what it missed.
    let mut second = Client::resume(house.address, &session, 1).await;
    let resumed = second.frame().await;
    assert_eq!((&resumed["session_id"], &resumed["resumed"]), (&json!("a"), &json!(true)));
    assert_eq!((&resumed["resume_token"], &resumed["last_seq"]), (&json!(token), &json!(seq)));
    assert!(resumed.get("snapshot").is_none());
    assert_eq!(second.until("turn_done").await.0, done);
    assert_eq!(client.closed().await.code, 4003);
}

#[tokio::test]
async fn what_can_not_be_sent_again_comes_as_a_snapshot() {
    let house = House::with_camera(QUICK, |config| config.session.replay_bytes = 4096).await;
    let mut client = house.connect("").await;
    let session = client.frame().await;
    let done = client.ask(QUESTION).await;
    client.ask(QUESTION).await;
    client.ask(QUESTION).await;
    for last_seq in [1, u64::MAX] {
        let mut again = Client::resume(house.address, &session, last_seq).await;
        let resumed = again.frame().await;
        assert_eq!((&resumed["session_id"], &resumed["resumed"]), (&session["session_id"], &json!(false)));
        assert_eq!(resumed["snapshot"]["history"][0], json!({"role": "user", "content": QUESTION}));
        assert_eq!(resumed["snapshot"]["history"][1]["content"], done["answer"]);
        assert_eq!(resumed["snapshot"]["turn"], json!(null));
    }
}

#[tokio::test]
async fn a_session_without_a_socket_is_dropped_in_time() {
    let house =
        House::with_camera(QUICK, |config| config.session.session_ttl = Duration::from_millis(50)).await;
    let mut client = house.connect("").await;
    client.ask(QUESTION).await;
    assert_eq!(house.sessions.len(), 1);
    client.leave().await;
    let gone = async {
        while !house.sessions.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::house::DEADLINE, gone).await.expect("the session goes");
    assert!(house.sessions.engine().descriptions.is_empty());
}

#[tokio::test]
async fn a_newer_socket_takes_a_streaming_turn_over() {
    let (house, mut calls) = House::manual(|_| ());
    let mut first = house.connect("").await;
    let session = first.frame().await;
    ask(&mut first, "m1").await;
    let reply = calls.next().await;
    reply.say("One ");
    first.until("token").await;

    let mut second = Client::resume(house.address, &session, 0).await;
    assert_eq!(second.frame().await["resumed"], true);
    let closed = first.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (4003, "replaced"));
    reply.say("two.");
    drop(reply);
    let (done, before) = second.until("turn_done").await;
    assert_eq!((&done["status"], &done["text"]), (&json!("completed"), &json!("One two.")));
    assert_eq!(told(&before), "One two.");
}

/// Reads to the turn's end, or to the socket's: its close code.
async fn to_the_end(client: &mut Client) -> Result<(Value, String), u16> {
    let mut frames = Vec::new();
    loop {
        match client.frame_or_end().await {
            Ok(frame) if frame["type"] == "turn_done" => return Ok((frame, told(&frames))),
            Ok(frame) => frames.push(frame),
            Err(closed) => return Err(closed.code),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_race_for_a_session_one_has_it() {
    let (house, mut calls) = House::manual(|config| config.session.messages_per_minute = 0);
    let mut client = house.connect("").await;
    let session = client.frame().await;
    let mut seen = 0;
    for round in 0..20 {
        ask(&mut client, &format!("m{round}")).await;
        let reply = calls.next().await;
        reply.say("One ");
        client.until("token").await;
        let resume = || async {
            let mut client = Client::resume(house.address, &session, seen).await;
            assert_eq!(client.frame().await["resumed"], true);
            client
        };
        let (mut a, mut b) = tokio::join!(resume(), resume());
        reply.say("two.");
        drop(reply);
        let (of_a, of_b) = tokio::join!(to_the_end(&mut a), to_the_end(&mut b));
        let (winner, (done, text)) = match (of_a, of_b) {
            (Ok(heard), Err(4003)) => (a, heard),
            (Err(4003), Ok(heard)) => (b, heard),
            other => panic!("{other:?}"),
        };
        assert_eq!((&done["text"], text.as_str()), (&json!("One two."), "One two."));
        seen = done["seq"].as_u64().unwrap();
        client = winner;
    }
}

#[tokio::test]
async fn a_turn_that_was_missed_as_a_whole_is_sent_again() {
    let (house, mut calls) = House::manual(|_| ());
    let mut client = house.connect("").await;
    let session = client.frame().await;
    ask(&mut client, "m1").await;
    let reply = calls.next().await;
    client.leave().await;
    for piece in ["One ", "two ", "three."] {
        reply.say(piece); // it goes on though nobody hears it
    }
    drop(reply);
    house.rest().await;
    let mut client = Client::resume(house.address, &session, 0).await;
    let session = client.frame().await;
    assert_eq!((&session["resumed"], session.get("snapshot")), (&json!(true), None));
    let (done, before) = client.until("turn_done").await;
    assert_eq!((&done["status"], &done["seq"]), (&json!("completed"), &session["last_seq"]));
    assert_eq!((told(&before), &done["text"]), ("One two three.".to_owned(), &json!("One two three.")));
    assert_eq!(before[0]["id"], "m1");
    client.say(json!({"type": "ping"}).to_string()).await;
    assert_eq!(client.frame().await["type"], "pong"); // nothing else came
}

#[tokio::test]
async fn what_was_forgotten_is_not_sent_again() {
    let (house, mut calls) = House::manual(|_| ());
    let mut client = house.connect("").await;
    let session = client.frame().await;
    ask(&mut client, "m1").await;
    calls.next().await.say("One.");
    client.until("turn_done").await;
    client.say(json!({"type": "forget"}).to_string()).await;
    let (next, _) = client.until("session").await;
    client.leave().await;

    // The token of the epoch before is nobody's.
    let mut old = Client::resume(house.address, &session, 0).await;
    let told = old.frame().await;
    assert_ne!(told["session_id"], session["session_id"]);
    assert_eq!((&told["resumed"], told.get("snapshot")), (&json!(false), None));
    assert_eq!(told["last_seq"], 0);
    // The new one's brings nothing of it, whatever number it comes with.
    let mut new = Client::resume(house.address, &next, 1).await;
    let told = new.frame().await;
    assert_eq!((&told["session_id"], &told["resumed"]), (&session["session_id"], &json!(false)));
    assert_eq!(told["snapshot"], json!({"history": [], "turn": null}));
    let mut new = Client::resume(house.address, &next, next["last_seq"].as_u64().unwrap()).await;
    assert_eq!(new.frame().await["resumed"], true);
}

#[tokio::test]
async fn a_snapshot_of_a_running_turn_is_continued_exactly() {
    let (house, mut calls) = House::manual(|config| config.session.replay_bytes = 512);
    let mut first = house.connect("").await;
    let session = first.frame().await;
    ask(&mut first, "m1").await;
    let reply = calls.next().await;
    let pieces: Vec<String> = (1..=20).map(|piece| format!("{piece} ")).collect();
    for piece in &pieces {
        reply.say(piece);
        first.until("token").await;
    }
    let mut second = Client::resume(house.address, &session, 1).await;
    let told_first = second.frame().await;
    assert_eq!(told_first["resumed"], false);
    let turn = &told_first["snapshot"]["turn"];
    let so_far = pieces.concat();
    assert_eq!((&turn["turn_id"], turn["text"].as_str()), (&json!("t1"), Some(so_far.as_str())));
    for piece in 21..=30 {
        reply.say(format!("{piece} "));
    }
    drop(reply);
    let (done, before) = second.until("turn_done").await;
    assert_eq!(done["text"], format!("{so_far}{}", told(&before)));
    assert_eq!(done["status"], "completed");
}
