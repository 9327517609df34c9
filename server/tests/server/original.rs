//! The predecessor's HTTP API.

use std::net::SocketAddr;
use std::time::Duration;

use rapport::app::Stop;
use rapport::config::Config;
use rapport::session::Overlap;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::timeout;
use vlm_sim::{Config as Sim, Simulator};

use crate::house::{DEADLINE, House, models, simulate};

const API: &str = "/api/rag-llm";
const QUESTION: &str = "How tall is the clock?";

/// A request whose reply is being read. HTTP/1.0, so that a body is what comes until the end.
pub(crate) struct Exchange {
    stream: TcpStream,
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Exchange {
    async fn begin(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut this = Self { stream, status: 0, head: String::new(), body: String::new() };
        while !this.body.contains("\r\n\r\n") {
            assert!(this.more().await, "a whole head");
        }
        let whole = std::mem::take(&mut this.body);
        let (head, body) = whole.split_once("\r\n\r\n").unwrap();
        this.status = head[9..12].parse().unwrap();
        (this.head, this.body) = (head.to_lowercase(), body.to_owned());
        this
    }

    /// Reads some more; false at the end.
    async fn more(&mut self) -> bool {
        let mut piece = [0; 4096];
        let read = timeout(DEADLINE, self.stream.read(&mut piece)).await.expect("more in time").unwrap();
        self.body.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        read > 0
    }

    async fn until(&mut self, text: &str) {
        while !self.body.contains(text) {
            assert!(self.more().await, "{text} in {}", self.body);
        }
    }

    async fn end(mut self) -> Self {
        while self.more().await {}
        self
    }

    fn json(&self) -> Value {
        assert!(self.head.contains("content-type: application/json"), "{}", self.head);
        serde_json::from_str(&self.body).unwrap()
    }

    fn session_id(&self) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix("x-session-id: "));
        line.expect("a session id")
    }
}

pub(crate) async fn post(house: &House, route: &str, body: &Value) -> Exchange {
    let path = format!("{API}{route}");
    Exchange::begin(house.address, "POST", &path, "", &body.to_string()).await.end().await
}

pub(crate) async fn get_status(house: &House, method: &str, route: &str) -> u16 {
    Exchange::begin(house.address, method, &format!("{API}{route}"), "", "").await.end().await.status
}

async fn get(house: &House, path: &str) -> Value {
    let got = Exchange::begin(house.address, "GET", path, "", "").await.end().await;
    assert_eq!(got.status, 200, "{path}: {}", got.body);
    got.json()
}

async fn history(house: &House, id: &str) -> Value {
    get(house, &format!("{API}/sessions/{id}/history")).await
}

/// A server on models of a simulator.
async fn on_models(answer: &str, change: impl FnOnce(&mut Config)) -> (House, Simulator) {
    let (url, simulator) = simulate(Sim { latency: Duration::ZERO, ..Sim::default() }).await;
    let mut config = Config::demo();
    config.llm = Some(models(&url, answer, "sim-convert-ttft0-tps0", "sim-select-ttft0-tps0"));
    config.warmup = Duration::ZERO;
    change(&mut config);
    (House::open(config).await, simulator)
}

#[tokio::test]
async fn a_question_is_answered_plainly_or_in_a_tone() {
    let house = House::with_camera(Duration::ZERO, |_| ()).await;
    let plain = post(&house, "/query", &json!({ "text_user_msg": QUESTION, "session_id": "a" })).await;
    assert_eq!(plain.status, 200);
    assert!(plain.head.contains("content-type: text/plain; charset=utf-8"), "{}", plain.head);
    assert!(plain.body.contains("3.2 metres") && plain.body.ends_with("\nEND_FLAG\n"), "{}", plain.body);
    assert_eq!(plain.body.matches("END_FLAG").count(), 1);
    assert_eq!(plain.session_id(), "a");

    let question = json!({ "text_user_msg": QUESTION, "user_description": "A girl of about seven." });
    let toned = post(&house, "/query-with-tone", &question).await;
    assert!(toned.body.contains("3.2 metres") && toned.body.ends_with("\nEND_FLAG\n"));
    assert_ne!(toned.body, plain.body);
    // Each default can be said otherwise.
    let mut reversed = question.clone();
    reversed["convert_tone"] = false.into();
    assert_eq!(post(&house, "/query-with-tone", &reversed).await.body, plain.body);
    reversed["convert_tone"] = true.into();
    assert_ne!(post(&house, "/query", &reversed).await.body, plain.body);
    let chinese = json!({ "text_user_msg": "大潮鐘有多高？" });
    assert!(post(&house, "/query", &chinese).await.body.contains("3.2"));
}

#[tokio::test]
async fn a_session_remembers_is_cleared_and_is_closed() {
    let house = House::open(Config::demo()).await;
    for question in [QUESTION, "Who built it?"] {
        post(&house, "/query", &json!({ "text_user_msg": question, "session_id": "visitor-1" })).await;
    }
    let told = history(&house, "visitor-1").await;
    assert_eq!((&told["session_id"], &told["message_count"]), (&json!("visitor-1"), &json!(4)));
    assert_eq!(told["history"][0], json!({ "role": "user", "content": QUESTION }));
    assert_eq!(told["history"][1]["role"], "assistant");

    let path = format!("{API}/sessions/visitor-1/history");
    let cleared = Exchange::begin(house.address, "DELETE", &path, "", "").await.end().await;
    assert_eq!(cleared.json(), json!({ "session_id": "visitor-1", "message": "History cleared" }));
    assert_eq!(history(&house, "visitor-1").await["message_count"], 0);

    post(&house, "/query", &json!({ "text_user_msg": QUESTION, "session_id": "visitor-1" })).await;
    let closed = post(&house, "/close", &json!({ "session_id": "visitor-1" })).await.json();
    let expected = json!({
        "success": true, "session_id": "visitor-1", "message": "Connection closed successfully",
        "session_existed": true, "messages_cleared": 2, "timestamp": closed["timestamp"],
    });
    assert_eq!(closed, expected);
    assert!(closed["timestamp"].is_string());
    let again = post(&house, "/close", &json!({ "session_id": "visitor-1" })).await.json();
    assert_eq!((&again["session_existed"], &again["messages_cleared"]), (&json!(false), &json!(0)));
    assert!(house.sessions.is_empty());
}

#[tokio::test]
async fn sessions_of_http_are_apart_and_new_ones_have_an_id() {
    let house = House::open(Config::demo()).await;
    let first = post(&house, "/query", &json!({ "text_user_msg": QUESTION })).await;
    let second = post(&house, "/query", &json!({ "text_user_msg": QUESTION, "session_id": null })).await;
    assert_ne!(first.session_id(), second.session_id());
    let (id, told) = (first.session_id(), history(&house, first.session_id()).await);
    assert_eq!(told["message_count"], 2);
    // The native protocol's session with the same id is another one.
    let mut native = house.connect(&format!("?session_id={id}")).await;
    assert_eq!(native.frame().await["session_id"], id);
    native.say(json!({ "text_user_msg": "Who built it?" }).to_string()).await;
    native.until("turn_done").await;
    assert_eq!(history(&house, id).await, told);
    // Any text is an id.
    let odd = json!({ "text_user_msg": QUESTION, "session_id": "訪客 一/../x" });
    assert!(post(&house, "/query", &odd).await.body.ends_with("END_FLAG\n"));
    assert_eq!(history(&house, "%E8%A8%AA%E5%AE%A2%20%E4%B8%80%2F..%2Fx").await["message_count"], 2);
    assert_eq!(
        history(&house, "nobody").await,
        json!({ "session_id": "nobody", "history": [], "message_count": 0 })
    );
}

#[tokio::test]
async fn nobody_is_looked_at_before_a_question_needs_it() {
    let (url, simulator) = simulate(Sim { latency: Duration::ZERO, ..Sim::default() }).await;
    let mut config = Config::demo();
    config.vlm = Some(rapport::description::Endpoint::new(
        url,
        rapport::description::Api::Service(rapport::description::Contract::Description),
    ));
    let house = House::open(config).await;
    post(&house, "/query", &json!({ "text_user_msg": QUESTION, "session_id": "a" })).await;
    house.rest().await;
    assert_eq!(simulator.stats().routes.get("/api/get-user-description").map_or(0, |it| it.begun), 0);
    post(&house, "/query-with-tone", &json!({ "text_user_msg": QUESTION, "session_id": "a" })).await;
    assert_eq!(simulator.stats().routes["/api/get-user-description"].begun, 1);
}

#[tokio::test]
async fn a_text_is_converted_by_itself() {
    let (house, simulator) = on_models("sim-answer-ttft0-tps0", |_| ()).await;
    let text = json!({ "text": "The clock is 3.2 metres tall.", "user_msg": QUESTION, "stream": false });
    let whole = post(&house, "/convert-tone", &text).await.json();
    let expected = json!({
        "success": true, "original_text": text["text"], "converted_text": text["text"],
        "tone": "child_friendly", "user_description": "",
    });
    assert_eq!(whole, expected, "the simulator converts by saying it again");
    assert_eq!(simulator.stats().models["sim-convert-ttft0-tps0"].finished, 1);
    let text = json!({ "text": "The clock is 3.2 metres tall.", "tone": "elder_friendly" });
    let streamed = post(&house, "/convert-tone", &text).await;
    assert!(streamed.head.contains("text/plain; charset=utf-8"));
    assert_eq!(streamed.body, "The clock is 3.2 metres tall.\nEND_FLAG\n");

    let builtin = House::open(Config::demo()).await;
    let mut text = json!({ "text": "The clock is 3.2 metres tall.", "stream": false });
    let child = post(&builtin, "/convert-tone", &text).await.json();
    text["tone"] = "professional_friendly".into();
    let professional = post(&builtin, "/convert-tone", &text).await.json();
    assert_ne!(child["converted_text"], professional["converted_text"]);
    assert!(child["converted_text"].as_str().unwrap().contains("3.2 metres"));
}

#[tokio::test]
async fn it_tells_how_it_is() {
    let (house, simulator) = on_models("sim-answer-ttft0-tps0", |_| ()).await;
    let healthy = get(&house, "/health").await;
    assert_eq!((&healthy["status"], &healthy["rag_initialized"]), (&json!("healthy"), &json!(true)));
    assert!(healthy["timestamp"].is_string());
    let begun = post(&house, "/init", &json!({})).await.json();
    assert_eq!((&begun["success"], &begun["rag_initialized"]), (&json!(true), &json!(true)));
    assert!(begun["message"].is_string());
    let warm = post(&house, "/warmup", &json!({})).await.json();
    assert_eq!((&warm["llm_model"]["status"], &warm["overall_success"]), (&json!("success"), &json!(true)));
    assert_eq!(warm["embedding_model"]["status"], "skipped");
    assert!(warm["llm_model"]["time_ms"].is_number() && warm["llm_model"]["message"].is_string());
    assert_eq!(simulator.stats().models["sim-answer-ttft0-tps0"].begun, 1);

    let builtin = House::open(Config::demo()).await;
    let warm = post(&builtin, "/warmup", &json!({})).await.json();
    assert_eq!((&warm["llm_model"]["status"], &warm["overall_success"]), (&json!("success"), &json!(true)));
    let (dead, _) = on_models("sim-answer-ttft0-tps0-status503", |_| ()).await;
    let cold = post(&dead, "/warmup", &json!({})).await.json();
    assert_eq!((&cold["llm_model"]["status"], &cold["overall_success"]), (&json!("failed"), &json!(false)));
}

#[tokio::test]
async fn tokens_come_one_by_one_and_a_client_that_hangs_up_ends_the_turn() {
    let slow = "sim-answer-ttft0-tps2";
    let (house, simulator) = on_models(slow, |_| ()).await;
    let body = json!({ "text_user_msg": QUESTION, "session_id": "a" }).to_string();
    let mut asked = Exchange::begin(house.address, "POST", &format!("{API}/query"), "", &body).await;
    asked.until(" ").await;
    assert!(!asked.body.contains("END_FLAG"));
    drop(asked);
    let dropped = async {
        while simulator.stats().models[slow].dropped == 0 {
            yield_now().await;
        }
    };
    timeout(DEADLINE, dropped).await.expect("the model sees its client leave");
    house.rest().await;
}

#[tokio::test]
async fn a_second_question_ends_the_first_as_it_is_configured() {
    let slow = "sim-answer-ttft0-tps2";
    for (overlap, refused) in [(Overlap::Interrupt, false), (Overlap::Reject, true)] {
        let (house, _simulator) = on_models(slow, |config| config.session.on_overlap = overlap).await;
        let (path, body) = (format!("{API}/query"), json!({ "text_user_msg": QUESTION, "session_id": "a" }));
        let body = body.to_string();
        let mut first = Exchange::begin(house.address, "POST", &path, "", &body).await;
        first.until(" ").await;
        let second = Exchange::begin(house.address, "POST", &path, "", &body).await;
        if refused {
            assert_eq!(second.status, 409);
            assert!(second.end().await.json()["error"].is_string());
        } else {
            assert_eq!(second.status, 200);
            let ended = first.end().await.body;
            assert!(
                ended.ends_with("\nERROR: a newer question of this session took its place\nEND_FLAG\n"),
                "{ended}"
            );
        }
    }
}

#[tokio::test]
async fn a_model_that_fails_and_a_server_that_stops_are_told_in_the_stream() {
    for fault in ["cut3", "status503", "garbage"] {
        let (house, _simulator) = on_models(&format!("sim-answer-ttft0-tps0-{fault}"), |_| ()).await;
        let failed = post(&house, "/query", &json!({ "text_user_msg": QUESTION })).await;
        assert_eq!(failed.status, 200, "{fault}");
        let lines: Vec<_> = failed.body.lines().collect();
        let [.., error, "END_FLAG"] = *lines else { panic!("{fault}: {}", failed.body) };
        assert!(error.starts_with("ERROR: The model"), "{fault}: {error}");
    }
    let (house, _simulator) = on_models("sim-answer-ttft0-tps2", |_| ()).await;
    let body = json!({ "text_user_msg": QUESTION }).to_string();
    let mut asked = Exchange::begin(house.address, "POST", &format!("{API}/query"), "", &body).await;
    asked.until(" ").await;
    let served = house.stop(Stop::Shutdown);
    let ended = asked.end().await.body;
    assert!(ended.ends_with("\nERROR: the reply was cancelled\nEND_FLAG\n"), "{ended}");
    timeout(DEADLINE, served).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let house = House::open(Config::demo()).await;
    for (route, body, expected) in [
        ("/query", "{}", "text_user_msg is required"),
        ("/query-with-tone", r#"{"text_user_msg":""}"#, "text_user_msg is required"),
        ("/convert-tone", r#"{"tone":"elder_friendly"}"#, "text is required"),
        ("/close", "{}", "session_id is required"),
    ] {
        let told =
            Exchange::begin(house.address, "POST", &format!("{API}{route}"), "", body).await.end().await;
        assert_eq!((told.status, told.json()), (400, json!({ "error": expected })), "{route}");
    }
    let deep = format!("{{\"text_user_msg\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let values = ["null", "7", "true", "[]", "{}", "\"\"", "\"\\u0000\"", "1e999", "\"\\ud800\""];
    let mut bodies = vec![String::new(), "[]".into(), "{".into(), "\"text\"".into(), deep];
    for field in [
        "text_user_msg",
        "text",
        "tone",
        "stream",
        "session_id",
        "user_description",
        "user_msg",
        "lang",
        "strategy",
    ] {
        bodies.extend(values.map(|value| format!("{{\"{field}\":{value}}}")));
    }
    for route in ["/query", "/query-with-tone", "/convert-tone", "/close"] {
        for body in &bodies {
            let told =
                Exchange::begin(house.address, "POST", &format!("{API}{route}"), "", body).await.end().await;
            assert!(matches!(told.status, 200 | 400), "{route} {body}: {}", told.status);
            if told.status == 400 {
                assert!(told.json()["error"].is_string(), "{route} {body}");
            }
        }
    }
    let large = json!({ "text": "x".repeat(70_000) });
    let told = post(&house, "/convert-tone", &large).await;
    assert_eq!(told.status, 413);
    assert!(told.json()["error"].as_str().unwrap().contains("65536"));
    let limited = House::open(Config {
        session: rapport::session::Knobs { messages_per_minute: 1, ..Config::demo().session },
        ..Config::demo()
    })
    .await;
    let question = json!({ "text_user_msg": QUESTION, "session_id": "a" });
    assert_eq!(post(&limited, "/query", &question).await.status, 200);
    let told = post(&limited, "/query", &question).await;
    assert_eq!(told.status, 429);
    assert!(told.head.contains("retry-after: "), "{}", told.head);
}

#[tokio::test]
async fn the_door_is_the_same() {
    let mut config = Config::demo();
    config.tokens = vec!["s3cret".into()];
    config.origins = vec!["https://shop.example".into()];
    let house = House::open(config).await;
    let ask = async |headers: &str| {
        let body = json!({ "text_user_msg": QUESTION }).to_string();
        Exchange::begin(house.address, "POST", &format!("{API}/query"), headers, &body).await.end().await
    };
    let refused = ask("").await;
    assert_eq!((refused.status, refused.json()["error"].is_string()), (401, true));
    let token = "Authorization: Bearer s3cret\r\n";
    assert_eq!(ask(token).await.status, 200);
    let page = ask(&format!("{token}Origin: https://shop.example\r\n")).await;
    assert_eq!(page.status, 200);
    assert!(page.head.contains("access-control-allow-origin: https://shop.example"), "{}", page.head);
    let foreign = ask(&format!("{token}Origin: https://evil.example\r\n")).await;
    assert_eq!(foreign.status, 403);
    assert!(!foreign.head.contains("access-control-allow-origin"));
    let preflight = "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n";
    let asked =
        Exchange::begin(house.address, "OPTIONS", &format!("{API}/query"), preflight, "").await.end().await;
    assert_eq!(asked.status, 204);
    assert!(asked.head.contains("access-control-allow-headers: authorization, content-type"));
    assert_eq!(get(&house, "/health").await["status"], "healthy");
}
