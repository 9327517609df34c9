//! Bad input and limits: an error that helps, a close code where the socket can't stay, never a bare end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::house::{DEADLINE, House, models, simulate};
use crate::raw::{self, RawSocket};

const QUICK: Duration = Duration::from_millis(5);
const QUESTION: &str = "How tall is the clock?";
const TEXT: u8 = 0x81;
const MODEL: &str = "sim-answer-ttft0-tps0";

#[tokio::test]
async fn bad_input_gets_an_error_and_the_next_question_works() {
    let house = House::with_camera(QUICK, |config| config.session.messages_per_minute = 0).await;
    let mut client = house.connect("").await;
    let deep = format!("{{\"type\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let long = json!({ "text_user_msg": "長".repeat(4001) }).to_string();
    let cases = [
        ("{\"type\":", "bad_json"),
        ("{\"text_user_msg\":\"\\ud800\"}", "bad_json"),
        (&deep, "bad_json"),
        ("{}", "missing_type"),
        ("{\"type\":\"dance\"}", "unknown_type"),
        ("{\"type\":\"message\"}", "missing_field"),
        ("{\"text_user_msg\":[]}", "bad_field"),
        ("{\"text_user_msg\":\"hi\",\"include_history\":1}", "bad_field"),
        ("{\"text_user_msg\":\"\"}", "empty_question"),
        ("   ", "empty_question"),
        (&long, "question_too_long"),
        ("{\"text_user_msg\":\"hi\",\"tone\":\"pirate\"}", "unknown_tone"),
        ("{\"text_user_msg\":\"hi\",\"strategy\":\"fast\"}", "unknown_strategy"),
    ];
    for (input, code) in cases {
        client.say(input).await;
        let (error, _) = client.until("error").await;
        assert_eq!(error["code"], code, "{input:.60}");
        assert!(error["message"].as_str().unwrap().len() > 20);
        assert_eq!(client.ask(QUESTION).await["status"], "completed", "{input:.60}");
    }
    client.ws.send(Message::Binary(Bytes::from_static(b"no image"))).await.unwrap();
    let (error, _) = client.until("error").await;
    assert_eq!(error["code"], "image_unsupported");
    assert_eq!(client.ask(QUESTION).await["status"], "completed");
}

#[tokio::test]
async fn a_message_of_exactly_the_limit_is_taken_and_a_larger_one_ends_the_socket() {
    let house = House::with_camera(QUICK, |config| config.limits.max_message = 1000).await;
    let padded = |length: usize| {
        let frame = json!({"text_user_msg": QUESTION, "padding": ""}).to_string();
        frame.replace("\"padding\":\"\"", &format!("\"padding\":\"{}\"", "x".repeat(length - frame.len())))
    };
    let mut client = house.connect("").await;
    assert_eq!(client.ask(&padded(1000)).await["status"], "completed");
    client.say(padded(1001)).await;
    let (error, _) = client.until("error").await;
    assert_eq!(error["code"], "message_too_big");
    assert_eq!(client.closed().await.code, 1009);
}

#[tokio::test]
async fn what_breaks_the_protocol_gets_its_code_and_a_fin() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let three_mib = 3 * 1024 * 1024;
    let cases: [(&str, u8, u64, Vec<u8>, u16); 5] = [
        ("reserved opcode", 0x83, 1, vec![0], 1002),
        ("reserved bit", 0xC1, 1, vec![b'a'], 1002),
        ("fragmented ping", 0x09, 1, vec![0], 1002),
        ("no UTF-8", TEXT, 2, vec![0xC3, 0x28], 1007),
        // The whole of it is on its way while the server has long refused it.
        ("larger than any limit", 0x82, three_mib, vec![0; 3 * 1024 * 1024], 1009),
    ];
    for (case, first, length, payload, code) in cases {
        for query in ["", "?format=text"] {
            let mut socket = RawSocket::open(house.address, query).await;
            socket.send(first, length, &payload).await;
            let (texts, closed) = socket.end().await;
            assert_eq!(closed, Some(code), "{case}");
            let last = texts.last().unwrap();
            assert!(last.contains("\"type\":\"error\"") || last.starts_with("ERROR: "), "{case}: {last}");
        }
    }
    // A frame without a mask.
    let mut socket = RawSocket::open(house.address, "").await;
    socket.stream.write_all(b"\x81\x01a").await.unwrap();
    assert_eq!(socket.end().await.1, Some(1002));
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_let_go() {
    let house = House::with_camera(QUICK, |config| {
        config.limits.ping_interval = Duration::from_millis(50);
        config.limits.pong_timeout = Duration::from_millis(50);
    })
    .await;
    let mut socket = RawSocket::open(house.address, "").await;
    assert_eq!(socket.end().await.1, Some(4001));

    // One that answers stays: it is pinged many times meanwhile.
    let house = House::with_camera(QUICK, |config| {
        config.limits.ping_interval = Duration::from_millis(20);
        config.limits.pong_timeout = Duration::from_secs(10);
    })
    .await;
    let mut client = house.connect("").await;
    assert_eq!(client.ask(QUESTION).await["status"], "completed");
    let mut pings = 0;
    while pings < 10 {
        let message = timeout(DEADLINE, client.ws.next()).await.expect("a ping in time").unwrap().unwrap();
        pings += u32::from(message.is_ping());
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go_and_its_turn_completes() {
    let answer = "A long answer to whoever does not read it. ".repeat(1000);
    let (url, simulator) = simulate(vlm_sim::Config { answer, ..vlm_sim::Config::default() }).await;
    let house = House::with_camera(QUICK, |config| {
        config.llm = Some(models(&url, MODEL, "sim-convert-ttft0-tps0", "sim-select"));
        config.session.on_overlap = rapport::session::Overlap::Queue;
        config.session.outbound_queue = 128 * 1024; // more than any single frame of these replies
    })
    .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut reader = RawSocket::over(socket.connect(house.address).await.unwrap(), "?session_id=slow").await;
    for _ in 0..8 {
        let question = json!({"text_user_msg": QUESTION, "convert_tone": false}).to_string();
        reader.send(TEXT, question.len() as u64, question.as_bytes()).await;
    }
    // All eight turns end though nobody reads: the simulator has seen the last of their calls.
    let all_done = async {
        while simulator.stats().models.get(MODEL).is_none_or(|calls| calls.finished < 8) {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, all_done).await.expect("all turns end");
    assert_eq!(reader.end().await.1, Some(4000));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let house =
        House::with_camera(QUICK, |config| config.limits.handshake_timeout = Duration::from_millis(100))
            .await;
    for said in ["", "GET /ws HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("an end in time").unwrap();
    }
}

#[tokio::test]
async fn the_door_checks_origin_and_token() {
    let upgrade =
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let house = House::with_camera(QUICK, |config| config.tokens = vec!["s3cret".into()]).await;
    let connect = |extra: &str| {
        let headers = format!("{upgrade}{extra}")
            .replace("Upgrade: websocket", "Connection: Upgrade\r\nUpgrade: websocket");
        let address = house.address;
        async move { raw::request(address, "/ws?once=1", &headers).await.0 }
    };
    assert_eq!(connect("Origin: http://evil.example\r\n").await, 403);
    assert_eq!(connect("Origin: null\r\n").await, 403);
    assert_eq!(connect("").await, 401);
    assert_eq!(raw::get(house.address, "/healthz").await.0, 200);
    assert_eq!(raw::get(house.address, "/readyz").await.0, 200);

    // A browser can't read the status: it is let in, told, and closed.
    let request = format!("ws://{}/ws", house.address);
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(request).unwrap();
    request.headers_mut().insert("origin", format!("http://{}", house.address).parse().unwrap());
    let (ws, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let mut browser = crate::house::Client::over(ws);
    let told: Value = serde_json::from_str(&browser.hear().await.unwrap()).unwrap();
    assert_eq!(told["code"], "unauthorized");
    assert_eq!(browser.closed().await.code, 1008);

    let mut client = house.connect("?token=s3cret").await;
    assert_eq!(client.ask(QUESTION).await["status"], "completed");
}

#[tokio::test]
async fn the_page_has_its_policy_and_nothing_else_is_served() {
    let house = House::with_camera(QUICK, |_| ()).await;
    let (status, head, body) = raw::request(house.address, "/", "").await;
    assert_eq!(status, 200);
    assert!(body.contains("<html"));
    for rule in ["default-src 'none'", "base-uri 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
        assert!(head.contains(rule), "{rule}");
    }
    assert!(head.contains("nosniff"));
    assert_eq!(raw::get(house.address, "/none").await.0, 404);
    assert_eq!(raw::get(house.address, "/ws").await.0, 426);
}

#[tokio::test]
async fn tokens_are_read_again_when_their_file_changes() {
    let place = tempfile::TempDir::new().unwrap();
    let file = place.path().join("tokens");
    std::fs::write(&file, "first\n").unwrap();
    let house = House::with_camera(QUICK, |config| {
        (config.tokens, config.token_file) = (vec!["first".into()], Some(file.clone()));
    })
    .await;
    let status =
        async |token: &str| crate::raw::get(house.address, &format!("/house.json?token={token}")).await.0;
    assert_eq!((status("first").await, status("second").await), (200, 401));
    let mut client = house.connect("?token=first").await;
    client.frame().await;
    std::fs::write(&file, "second\n").unwrap();
    let renewed = async {
        while status("second").await != 200 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, renewed).await.expect("the new token holds");
    assert_eq!(status("first").await, 401);
    // Who is in stays in.
    assert_eq!(client.ask("How tall is the clock?").await["status"], "completed");
}
