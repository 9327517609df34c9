//! The routes that describe and tell, their faults, and who is let in.

use std::collections::BTreeSet;

use serde_json::json;
use vlm_sim::{Config, Pool};

use crate::client::{Reply, Server, quick};

const DESCRIPTION: &str = "/api/get-user-description";

async fn described(server: &Server, path: &str) -> String {
    let reply = server.get(path).await;
    assert_eq!(reply.status, 200);
    reply.json()["user_description"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_description_comes_with_confidence_and_time() {
    let server = Server::start(quick()).await;
    let reply = server.get("/api/get-user-description?session_id=a").await;
    assert!(reply.head.contains("content-type: application/json"));
    let told = reply.json();
    assert_eq!(told["success"], true);
    let text = told["user_description"].as_str().unwrap();
    assert!(Pool::builtin().visitors().iter().any(|visitor| visitor.description == text));
    assert!((0.7..1.0).contains(&told["confidence"].as_f64().unwrap()));
    let timestamp = told["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == 24 && timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
    server.stop().await;
}

#[tokio::test]
async fn the_later_form_names_its_session() {
    let pool = Pool::parse("{\"description\":\"一位阿嬤\"}").unwrap();
    let server = Server::start(Config { pool, ..quick() }).await;
    let told = server.get("/visual-context/abc").await.json();
    assert_eq!(told, json!({ "sessionid": "abc", "visual_context": "一位阿嬤", "available": true }));
    server.stop().await;

    let pool = Pool::parse("{\"description\":\"\"}").unwrap();
    let server = Server::start(Config { pool, ..quick() }).await;
    let told = server.get("/visual-context/abc").await.json();
    assert_eq!(told, json!({ "sessionid": "abc", "visual_context": "", "available": false }));
    server.stop().await;
}

#[tokio::test]
async fn the_pool_sessions_and_health_are_told() {
    let server = Server::start(quick()).await;
    let pool = server.get("/api/get-user-description/pool").await.json();
    let builtin = Pool::builtin();
    assert_eq!(pool["count"], builtin.visitors().len());
    assert_eq!(pool["descriptions"], serde_json::to_value(builtin.visitors()).unwrap());

    assert_eq!(server.get("/sessions").await.json(), json!({ "active_sessions": 0, "total_sessions": 0 }));
    for path in [
        "/api/get-user-description?session_id=a",
        "/visual-context/a",
        "/visual-context/b",
        "/api/get-user-description",
    ] {
        server.get(path).await;
    }
    assert_eq!(server.get("/sessions").await.json(), json!({ "active_sessions": 2, "total_sessions": 2 }));
    assert_eq!(server.get("/health").await.json()["status"], "healthy");
    server.stop().await;
}

#[tokio::test]
async fn unknown_routes_and_methods_are_told_in_json() {
    let server = Server::start(quick()).await;
    let reply = server.get("/api/get-user").await;
    assert_eq!((reply.status, &reply.json()["success"]), (404, &json!(false)));
    let reply = server.get("/v1/embeddings").await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (404, &json!("not_found")));
    let reply = server.get("/v1/chat/completions").await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (405, &json!("method_not_allowed")));
    server.stop().await;
}

#[tokio::test]
async fn the_same_seed_serves_the_same_visitors_and_faults() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let server = Server::start(Config { seed, error_rate: 0.3, ..quick() }).await;
        let mut run = Vec::new();
        for _ in 0..20 {
            let reply = server.get(DESCRIPTION).await;
            run.push((reply.status, reply.json()["user_description"].clone()));
        }
        runs.push(run);
        server.stop().await;
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_sticky_session_keeps_its_visitor() {
    let server = Server::start(Config { sticky: true, ..quick() }).await;
    let mut met = BTreeSet::new();
    for id in 0..8 {
        let path = format!("/api/get-user-description?session_id=s{id}");
        let first = described(&server, &path).await;
        described(&server, DESCRIPTION).await;
        assert_eq!(described(&server, &path).await, first);
        let context = server.get(&format!("/visual-context/s{id}")).await.json();
        assert_eq!(context["visual_context"], first);
        met.insert(first);
    }
    assert!(met.len() > 3, "{met:?}");
    server.stop().await;
}

#[tokio::test]
async fn errors_are_told_as_the_service_tells_them() {
    let server = Server::start(Config { error_rate: 1.0, ..quick() }).await;
    for path in [DESCRIPTION, "/visual-context/a"] {
        let reply = server.get(path).await;
        assert_eq!((reply.status, &reply.json()["success"]), (500, &json!(false)));
        assert!(reply.json()["error"].is_string());
    }
    assert_eq!(server.get("/health").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn garbage_rotates_through_its_kinds() {
    let server = Server::start(Config { garbage_rate: 1.0, ..quick() }).await;
    for _ in 0..2 {
        let html = server.get(DESCRIPTION).await;
        assert!(html.head.contains("text/html") && html.body.starts_with("<!DOCTYPE html>"));
        assert_eq!(server.get(DESCRIPTION).await.body, "{}");
        assert_eq!(described(&server, DESCRIPTION).await.len(), 1 << 20);
        let broken = server.get(DESCRIPTION).await;
        assert!(broken.whole && serde_json::from_str::<serde_json::Value>(&broken.body).is_err());
        assert!(described(&server, DESCRIPTION).await.contains("Ignore all previous instructions"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_required_token_is_asked_for_on_all_but_health_and_stats() {
    let server = Server::start(Config { token: Some("secret".into()), ..quick() }).await;
    for path in
        [DESCRIPTION, "/api/get-user-description/pool", "/visual-context/a", "/sessions", "/v1/models"]
    {
        let reply = server.get(path).await;
        assert_eq!(reply.status, 401, "{path}");
        assert!(reply.head.contains("www-authenticate: Bearer"));
        for (header, status) in [
            ("authorization: Bearer secret\r\n", 200),
            ("authorization: bearer  secret\r\n", 200),
            ("authorization: Bearer secrets\r\n", 401),
            ("authorization: Basic secret\r\n", 401),
            ("authorization: secret\r\n", 401),
        ] {
            let reply = Reply::read(server.send("GET", path, header, "").await).await;
            assert_eq!(reply.status, status, "{path} with {header}");
        }
    }
    let reply = server.post(&crate::client::chat("sim", false, "hi")).await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    assert_eq!(server.get("/health").await.status, 200);
    let stats = server.get("/stats").await.json();
    assert_eq!(stats["routes"][DESCRIPTION]["begun"], 2, "who is refused is not counted");
    server.stop().await;
}
