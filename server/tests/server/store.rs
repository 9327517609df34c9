//! Two servers and the Redis that they share.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rapport::config::Config;
use rapport::session::{StoreKnobs, StoreOutage};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::house::{Client, DEADLINE, House, models, simulate};

const QUESTION: &str = "How tall is the clock?";

/// A Redis of the test's own, behind a socket in a directory that goes with it.
struct Redis {
    directory: TempDir,
    server: Child,
}

impl Redis {
    async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let server = Self::spawn(directory.path());
        let redis = Self { directory, server };
        redis.answers().await;
        redis
    }

    fn spawn(directory: &Path) -> Child {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(directory.join("redis.sock"))
            .current_dir(directory)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)")
    }

    /// Waits until it answers.
    async fn answers(&self) {
        let answered = async {
            while self.say("PING").await.is_none_or(|reply| !reply.starts_with("+PONG")) {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, answered).await.expect("Redis answers");
    }

    /// Sends a command inline; returns what comes at once.
    async fn say(&self, command: &str) -> Option<String> {
        let mut socket = UnixStream::connect(self.directory.path().join("redis.sock")).await.ok()?;
        socket.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.ok()?;
        let mut reply = Vec::new();
        socket.read_to_end(&mut reply).await.ok()?;
        Some(String::from_utf8_lossy(&reply).into_owned())
    }

    fn signal(&self, name: &str) {
        let pid = self.server.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args([format!("-{name}"), pid]).status();
        assert!(sent.unwrap().success());
    }

    fn knobs(&self) -> StoreKnobs {
        let url = format!("unix://{}", self.directory.path().join("redis.sock").display());
        StoreKnobs { url, prefix: "rapport:".into(), advertise: None, outage: StoreOutage::Memory }
    }
}

/// Models whose answer takes as long as it is told to: 60 tokens, so many a second.
async fn node(redis: &Redis, tokens_per_second: u32, change: impl FnOnce(&mut Config)) -> House {
    let (url, _) = simulate(vlm_sim::Config { latency: Duration::ZERO, ..vlm_sim::Config::default() }).await;
    let mut config = Config::demo();
    let answer = format!("sim-answer-ttft0-tps{tokens_per_second}");
    config.llm = Some(models(&url, &answer, "sim-convert-ttft0-tps0", "sim-select-ttft0-tps0"));
    config.warmup = Duration::ZERO;
    config.store = Some(redis.knobs());
    change(&mut config);
    House::open(config).await
}

async fn ask(client: &mut Client, id: &str) {
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
    let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
    let (session, text, seq) = {
        let knobs = redis.knobs();
        let doomed = Arc::clone(&runtime);
        let begun = doomed.spawn(async move {
            let (url, _) = simulate(vlm_sim::Config::default()).await;
            let mut config = Config::demo();
            let slow = "sim-answer-ttft0-tps5";
            config.llm = Some(models(&url, slow, "sim-convert-ttft0-tps0", "sim-select-ttft0-tps0"));
            config.warmup = Duration::ZERO;
            config.store = Some(knobs);
            let house = House::open(config).await;
            let mut client = house.connect("").await;
            let session = client.frame().await;
            ask(&mut client, "m1").await;
            let text = client.until("token").await.0["text"].clone();
            let seq = client.last_seq();
            std::mem::forget((house, client)); // it ends with its runtime
            (session, text, seq)
        });
        begun.await.unwrap()
    };
    Arc::into_inner(runtime).unwrap().shutdown_background();
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
    assert_eq!((&started["turn_id"], &started["id"], &started["restarted"]), (&json!("t1"), &json!("m1"), &json!(true)));
    let (done, before) = moved.until("turn_done").await;
    assert_eq!(done["status"], "completed");
    let said: String = before.iter().map(|frame| frame["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(done["text"], said.as_str());
    assert!(said.starts_with(text.as_str().unwrap()));
}
