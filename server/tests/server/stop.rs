//! The end: running turns are told, sockets close with their code, nothing is left.

use std::time::Duration;

use rapport::app::Stop;
use serde_json::json;
use tokio::time::timeout;

use crate::house::{DEADLINE, House, models, simulate};

#[tokio::test]
async fn a_stop_ends_turns_and_closes_sockets_with_its_code() {
    for (how, code, reason) in [(Stop::Shutdown, 1001, "shutting_down"), (Stop::Restart, 1012, "restarting")]
    {
        let (url, simulator) = simulate(vlm_sim::Config::default()).await;
        let house = House::with_camera(Duration::from_millis(5), |config| {
            config.llm = Some(models(&url, "sim-answer-ttft1-tps1", "sim-convert", "sim-select"));
            config.drain_timeout = Duration::ZERO;
        })
        .await;
        let mut idle = house.connect("").await;
        idle.frame().await;
        let mut terminal = house.connect("?format=text").await;
        let mut busy = house.connect("").await;
        busy.say(json!({"text_user_msg": "How tall is the clock?", "convert_tone": false}).to_string()).await;
        busy.until("token").await;

        let (tasks, served) = (house.tasks.clone(), house.stop(how));
        let (done, _) = busy.until("turn_done").await;
        assert_eq!(done["status"], "cancelled");
        let closing = busy.frame().await;
        assert_eq!((&closing["type"], &closing["reason"]), (&json!("closing"), &json!(reason)));
        assert!(closing["retry_after_ms"].as_u64().unwrap() > 0);
        assert_eq!(busy.closed().await.code, code);
        assert_eq!(idle.closed().await.code, code);
        assert!(terminal.hear().await.unwrap().starts_with(&format!("ERROR: {reason}: ")));
        assert_eq!(terminal.closed().await.code, code);
        timeout(DEADLINE, served).await.expect("the server ends").unwrap();
        assert!(tasks.is_empty());

        // The model's stream was dropped with its turn.
        let dropped = async {
            while simulator.stats().models["sim-answer-ttft1-tps1"].dropped == 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, dropped).await.expect("the upstream sees the end");
        assert!(simulator.stats().models["sim-answer-ttft1-tps1"].unsent_tokens > 0);
    }
}

#[tokio::test]
async fn a_client_that_never_answers_holds_nobody_up() {
    let house = House::with_camera(Duration::from_millis(5), |_| ()).await;
    let _silent = crate::raw::RawSocket::open(house.address, "").await;
    let _mute = tokio::net::TcpStream::connect(house.address).await.unwrap();
    house.close().await;
}
