//! Chats over a socket: the shape of replies, and the faults that a model's name asks for.

use serde_json::{Value, json};
use vlm_sim::{Config, Pool};

use crate::client::{Server, chat, quick};

#[tokio::test]
async fn a_stream_is_chunks_a_finish_and_done() {
    let server = Server::start(quick()).await;
    let reply = server.post(&chat("sim-convert-ttft0-tps0", true, "<text>工研院 was founded</text>")).await;
    assert!(reply.whole && reply.head.contains("content-type: text/event-stream"));
    assert_eq!(reply.tokens(), ["工", "研", "院 ", "was ", "founded"]);
    let events = reply.events();
    assert_eq!(events.len(), 7);
    assert_eq!(events[6], "[DONE]");
    let chunks: Vec<Value> = events[..6].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    for chunk in &chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["model"], "sim-convert-ttft0-tps0");
        assert_eq!(chunk["id"], chunks[0]["id"]);
        assert!(chunk.get("usage").is_none());
    }
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "工" }));
    assert_eq!(chunks[4]["choices"][0]["finish_reason"], Value::Null);
    assert_eq!(chunks[5]["choices"], json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]));
    server.stop().await;
}

#[tokio::test]
async fn usage_comes_last_if_asked_for() {
    let server = Server::start(quick()).await;
    let mut request = chat("sim-rewrite-ttft0-tps0", true, "one two three");
    request["stream_options"] = json!({ "include_usage": true });
    let reply = server.post(&request).await;
    let events = reply.events();
    let usage: Value = serde_json::from_str(events[events.len() - 2]).unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], json!({ "prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6 }));
    let first: Value = serde_json::from_str(events[0]).unwrap();
    assert_eq!(first.get("usage"), Some(&Value::Null));
    server.stop().await;
}

#[tokio::test]
async fn without_a_stream_there_is_one_json() {
    let server = Server::start(Config { answer: "It is so.".into(), ..quick() }).await;
    let reply = server.post(&chat("sim-ttft0-tps0", false, "is it so?")).await.json();
    assert_eq!(reply["object"], "chat.completion");
    assert_eq!(reply["choices"][0]["message"], json!({ "role": "assistant", "content": "It is so." }));
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    assert_eq!(reply["usage"], json!({ "prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6 }));
    server.stop().await;
}

#[tokio::test]
async fn ten_thousand_unpaced_tokens_come_whole() {
    let server = Server::start(quick()).await;
    let text = "word ".repeat(10_000);
    let reply = server.post(&chat("sim-convert-ttft0-tps0", true, format!("<text>{text}</text>"))).await;
    assert!(reply.whole);
    assert_eq!(reply.tokens().concat(), text);
    assert_eq!(reply.events().len(), 10_002);
    server.stop().await;
}

#[tokio::test]
async fn an_image_is_described() {
    let pool = Pool::parse("a man in a red coat").unwrap();
    let server = Server::start(Config { pool, ..quick() }).await;
    let content = json!([
        { "type": "text", "text": "Who is it?" },
        { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } },
    ]);
    for model in ["sim", "sim-ttft0-tps0", "sim-describe-ttft0-tps0"] {
        let reply = server.post(&chat(model, false, content.clone())).await.json();
        assert_eq!(reply["choices"][0]["message"]["content"], "a man in a red coat", "{model}");
    }
    let reply = server.post(&chat("sim-describe", false, "Who is it?")).await.json();
    assert_eq!(reply["choices"][0]["message"]["content"], "a man in a red coat");
    server.stop().await;
}

#[tokio::test]
async fn a_vision_model_has_the_faults_of_the_description_routes() {
    let server = Server::start(Config { error_rate: 1.0, ..quick() }).await;
    let reply = server.post(&chat("sim-describe", false, "who?")).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (500, &json!("server_error")));
    let reply = server.post(&chat("sim-ttft0-tps0", false, "why?")).await;
    assert_eq!(reply.status, 200, "other roles have only their own faults");
    server.stop().await;

    let server = Server::start(Config { garbage_rate: 1.0, ..quick() }).await;
    assert!(server.post(&chat("sim-describe", true, "who?")).await.body.starts_with("<!DOCTYPE html>"));
    assert_eq!(server.post(&chat("sim-describe", true, "who?")).await.body, "{}");
    assert_eq!(server.post(&chat("sim-describe", true, "who?")).await.tokens().concat().len(), 1 << 20);
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_model_is_told_how_models_are_named() {
    let server = Server::start(quick()).await;
    let reply = server.post(&chat("gpt-4o", true, "hi")).await;
    let error = &reply.json()["error"];
    assert_eq!(
        (reply.status, &error["code"], &error["param"]),
        (404, &json!("model_not_found"), &json!("model"))
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("`gpt-4o`") && message.contains("sim-ROLE-ttftMS-tpsN"), "{message}");
    assert!(server.simulator.stats().models.is_empty());
    let models = server.get("/v1/models").await.json();
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "sim-answer-ttft300-tps50"));
    server.stop().await;
}

#[tokio::test]
async fn a_bad_request_is_told() {
    let server = Server::start(quick()).await;
    for body in [json!({}), json!([]), json!({ "model": "sim", "messages": [] })] {
        let reply = server.post(&body).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["type"]),
            (400, &json!("invalid_request_error")),
            "{body}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_status_is_answered_as_an_error() {
    let server = Server::start(quick()).await;
    let reply = server.post(&chat("sim-answer-ttft300-tps50-status503", true, "hi")).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (503, &json!("server_error")));
    let reply = server.post(&chat("sim-status429", false, "hi")).await;
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (429, &json!("invalid_request_error")));
    server.stop().await;
}

#[tokio::test]
async fn a_cut_breaks_the_body_after_its_tokens() {
    let server = Server::start(quick()).await;
    for cut in [0, 1, 3, 60, 99] {
        let reply = server.post(&chat(&format!("sim-answer-ttft0-tps0-cut{cut}"), true, "hi")).await;
        assert_eq!((reply.status, reply.whole, reply.tokens().len()), (200, false, cut.min(60)), "cut{cut}");
        assert!(!reply.body.contains("[DONE]"));
    }
    let reply = server.post(&chat("sim-answer-ttft0-tps0-cut3", false, "hi")).await;
    assert!(!reply.whole && reply.body.starts_with('{') && !reply.body.is_empty());
    let stats = server.simulator.stats().routes["/v1/chat/completions"];
    assert_eq!((stats.finished, stats.dropped), (6, 0), "a cut is the simulator's doing, not the client's");
    server.stop().await;
}

#[tokio::test]
async fn garbage_is_not_json() {
    let server = Server::start(Config { answer: "one two".into(), ..quick() }).await;
    let reply = server.post(&chat("sim-answer-ttft0-tps0-garbage", true, "hi")).await;
    let events = reply.events();
    assert!(events[..2].iter().all(|event| serde_json::from_str::<Value>(event).is_err()), "{events:?}");
    let reply = server.post(&chat("sim-answer-ttft0-tps0-garbage", false, "hi")).await;
    assert!(reply.status == 200 && serde_json::from_str::<Value>(&reply.body).is_err());
    server.stop().await;
}
