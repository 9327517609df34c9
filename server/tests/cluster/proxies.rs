//! `deploy/haproxy.cfg` and `deploy/nginx.conf`.

use std::net::SocketAddrV4;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::place::{Node, Proxy, Redis, address, deployed, get, models, status, until, within};
use super::visitor::Visitor;

/// How many tries two nodes need, at most, to have had the same visitor.
const TRIES: usize = 30;

async fn cluster(redis: &Redis, name: &str, tokens_per_second: u32) -> ([Node; 2], Proxy) {
    let mut flags = models(tokens_per_second).await;
    flags.extend(["--store".to_owned(), redis.url()]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let nodes = [Node::start(&flags, &[]).await, Node::start(&flags, &[]).await];
    let proxy = Proxy::before(name, [nodes[0].address, nodes[1].address]).await;
    (nodes, proxy)
}

/// Whether a turn of the session ended at the node.
fn has_served(node: &Node, session: &str) -> bool {
    node.log().lines().any(|line| line.contains("turn ended") && line.contains(session))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_comes_back_to_either_node() {
    for name in Proxy::NAMES {
        let redis = Redis::start().await;
        let (nodes, proxy) = cluster(&redis, name, 40).await;
        let mut visitor = Visitor::enter(proxy.address).await;
        let mut tries = 0;
        while !nodes.iter().all(|node| has_served(node, visitor.id())) {
            tries += 1;
            assert!(tries <= TRIES, "{name}: only one node is used");
            let done = visitor.ask(&format!("m{tries}"), &json!({"convert_tone": false})).await;
            assert_eq!((&done["status"], &done["durable"]), (&json!("completed"), &json!(true)), "{name}");
            visitor.hang_up(); // it comes back by itself, and would notice if anything were lost
        }
        let operators = [status(proxy.address, "/metrics").await, status(proxy.address, "/status").await];
        assert_eq!(operators, [Some(404), Some(404)], "{name}");
        assert!(get(proxy.address, "/").await.unwrap().contains("<html"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_node_is_passed_over_until_it_is_back() {
    for name in Proxy::NAMES {
        let redis = Redis::start().await;
        let (mut nodes, proxy) = cluster(&redis, name, 40).await;
        let mut visitor = Visitor::enter(proxy.address).await;
        visitor.ask("m1", &json!({})).await;
        nodes[0].kill().await;
        // Nobody is refused meanwhile, not even before the proxy knows.
        for _ in 0..6 {
            let handshake = format!("ws://{}/ws", proxy.address);
            let (_socket, response) = tokio_tungstenite::connect_async(handshake).await.expect(name);
            assert_eq!(response.status(), 101);
        }
        assert_eq!(visitor.ask("m2", &json!({})).await["status"], "completed", "{name}");
        nodes[0].start_again().await;
        let is_used = || async {
            let mut new = Visitor::enter(proxy.address).await;
            new.ask("m1", &json!({"convert_tone": false})).await;
            has_served(&nodes[0], new.id())
        };
        until("the node is used again", is_used).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ends_keeps_its_turns_and_gets_no_visitors() {
    for name in Proxy::NAMES {
        let redis = Redis::start().await;
        let (nodes, proxy) = cluster(&redis, name, 15).await;
        let mut visitor = Visitor::enter(proxy.address).await;
        visitor.begin("m1").await;
        let mut loaded = Vec::new();
        for node in &nodes {
            let alive = get(node.address, "/healthz").await.unwrap();
            loaded.extend((!alive.contains("\"sessions\":0")).then_some(node));
        }
        loaded[0].terminate().await;
        let is_ending = || async { status(loaded[0].address, "/readyz").await != Some(200) };
        until("the node ends", is_ending).await;
        for _ in 0..6 {
            let handshake = format!("ws://{}/ws", proxy.address);
            let (_socket, response) = tokio_tungstenite::connect_async(handshake).await.expect(name);
            assert_eq!(response.status(), 101);
        }
        // Whose turn it is may even come back meanwhile.
        visitor.hang_up();
        assert_eq!(visitor.rest().await["status"], "completed", "{name}");
        assert_eq!(visitor.restarted, 0, "{name}");
        assert!(has_served(loaded[0], visitor.id()), "{name}: it went on where it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_are_sent_to_nodes_that_are_ready() {
    let redis = Redis::start().await;
    let flags = models(0).await;
    let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let url = redis.url();
    flags.extend(["--store", &url]);
    let nowhere = format!("http://{}/v1", address(9)); // a model that is away
    let unready = Node::start(&["--llm-url", &nowhere, "--warmup", "0", "--store", &url], &[]).await;
    let ready = Node::start(&flags, &[]).await;
    assert_eq!(status(unready.address, "/readyz").await, Some(503));
    let proxy = Proxy::start("haproxy", [unready.address, ready.address]);
    // Until the proxy has asked often enough.
    let is_told = || async { all_go_to(proxy.address, &ready).await };
    until("visitors are sent to the node that is ready", is_told).await;
}

/// Whether the next few visitors all come to one node.
async fn all_go_to(proxy: SocketAddrV4, node: &Node) -> bool {
    for _ in 0..4 {
        let mut visitor = Visitor::enter(proxy).await;
        let done = visitor.ask("m1", &json!({"convert_tone": false})).await;
        if done["status"] != "completed" || !has_served(node, visitor.id()) {
            return false;
        }
    }
    true
}

/// Stands where a node would and returns the handshakes that come.
async fn stand_in(listener: &TcpListener) -> String {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        if head.starts_with("GET /ws") {
            return head.to_lowercase();
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break, // a proxy that only looks whether somebody listens
        }
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn a_node_sees_who_comes_and_from_where() {
    for name in Proxy::NAMES {
        let nodes = [address(5002), address(5002)];
        let listeners =
            [TcpListener::bind(nodes[0]).await.unwrap(), TcpListener::bind(nodes[1]).await.unwrap()];
        let proxy = Proxy::start(name, nodes);
        let ask = async {
            until("the proxy listens", || async { TcpStream::connect(proxy.address).await.is_ok() }).await;
            let mut stream = TcpStream::connect(proxy.address).await.unwrap();
            let request = "GET /ws?token=T HTTP/1.1\r\nHost: museum.example:8443\r\nOrigin: https://museum.example:8443\r\n\
                           Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: rapport.v1.json\r\n\
                           X-Forwarded-For: 6.6.6.6\r\nX-Rapport-Relayed: 1\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        };
        let head = within("a handshake", async {
            tokio::select! {
                head = stand_in(&listeners[0]) => head,
                head = stand_in(&listeners[1]) => head,
                () = ask => unreachable!(),
            }
        })
        .await;
        for header in [
            "get /ws?token=t http/1.1",
            "\r\nhost: museum.example:8443\r\n",
            "\r\norigin: https://museum.example:8443\r\n",
            "\r\nupgrade: websocket\r\n",
            "\r\nconnection: upgrade\r\n",
            "\r\nsec-websocket-protocol: rapport.v1.json\r\n",
            "\r\nx-forwarded-for: 127.0.0.1\r\n",
        ] {
            assert!(head.contains(header), "{name}: no {header:?} in {head}");
        }
        for foreign in ["6.6.6.6", "x-rapport-relayed"] {
            assert!(!head.contains(foreign), "{name}: {foreign} in {head}");
        }
    }
}

#[tokio::test]
async fn an_idle_socket_is_not_cut() {
    let node = Node::start(&["--knowledge", concat!(env!("CARGO_MANIFEST_DIR"), "/sample")], &[]).await;
    let visitor = Visitor::enter(node.address).await;
    let of_session =
        |limit: &str| visitor.session["limits"][limit].as_u64().map(Duration::from_millis).unwrap();
    // A ping is answered or the socket is closed by the node itself. Three may be lost before a proxy cuts it.
    let silence = of_session("ping_interval") * 3 + of_session("pong_timeout") / 2;
    for (file, settings) in [
        ("haproxy.cfg", &["timeout client", "timeout server", "timeout tunnel"][..]),
        ("nginx.conf", &["proxy_read_timeout", "proxy_send_timeout"]),
    ] {
        let text = std::fs::read_to_string(deployed(file)).unwrap();
        for setting in settings {
            let written = text.lines().find_map(|line| line.trim().strip_prefix(setting)).expect(setting);
            let written = written.trim().trim_end_matches(';');
            let allowed = humantime::parse_duration(written).unwrap();
            assert!(allowed >= silence, "{file}: {setting} is {allowed:?}, less than {silence:?}");
        }
    }
    drop(visitor);
    let alive: Value =
        serde_json::from_str(get(node.address, "/healthz").await.unwrap().split("\r\n\r\n").nth(1).unwrap())
            .unwrap();
    assert_eq!(alive["status"], "ok");
}
