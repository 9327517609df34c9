//! Many visitors at once.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::timeout;

use crate::house::{DEADLINE, House};

const QUESTIONS: [&str; 6] = [
    "How tall is the clock?",
    "Who founded the museum?",
    "Where are the toilets?",
    "這座鐘有多高？",
    "誰創辦了這座博物館？",
    "廁所在哪裡？",
];

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sessions_ask_three_questions_each() {
    let house = House::with_camera(Duration::from_millis(50), |_| ()).await;

    // What each question's reply must be, whoever else is asking.
    let mut answers = HashMap::new();
    let mut client = house.connect("").await;
    for question in QUESTIONS {
        let done =
            client.ask(&json!({"text_user_msg": question, "include_history": false}).to_string()).await;
        answers.insert(question, done["answer"].clone());
    }
    assert_eq!(answers.values().collect::<std::collections::HashSet<_>>().len(), QUESTIONS.len());
    client.leave().await;

    let (house_ref, answers) = (&house, &answers);
    join_all((0..200).map(|visitor| async move {
        let mut client = house_ref.connect("").await;
        for turn in 0..3 {
            let question = QUESTIONS[(visitor + turn) % QUESTIONS.len()];
            client.say(json!({"text_user_msg": question, "include_history": false}).to_string()).await;
            let (done, before) = client.until("turn_done").await;
            assert_eq!(done["status"], "completed");
            assert_eq!(done["answer"], answers[question], "visitor {visitor}, question {question}");
            assert_eq!(done["turn_id"], format!("t{}", turn + 1));
            let tokens = before.iter().filter(|frame| frame["type"] == "token");
            let text: String = tokens.map(|frame| frame["text"].as_str().unwrap()).collect();
            assert_eq!(done["text"], text);
        }
        client.leave().await;
    }))
    .await;

    // Nothing is left running: the tracker empties once the last fetch has landed.
    let tasks = house.tasks.clone();
    tasks.close();
    timeout(DEADLINE, tasks.wait()).await.expect("all tasks end");
    house.close().await;
}
