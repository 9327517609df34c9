//! A store behind a password and TLS.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::place::{Node, Redis, address, rapport, until};
use super::visitor::Visitor;

const PASSWORD: &str = "canary7Q2x";
const KNOWLEDGE: [&str; 2] = ["--knowledge", concat!(env!("CARGO_MANIFEST_DIR"), "/sample")];

/// Writes a private authority's certificate, and a server's that it has signed.
fn certificates(place: &Path, server: &str) -> [PathBuf; 3] {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let server_key = KeyPair::generate().unwrap();
    let server =
        CertificateParams::new([server.to_owned()]).unwrap().signed_by(&server_key, &issuer).unwrap();
    let written = [
        ("authority.pem", certificate.pem()),
        ("server.pem", server.pem()),
        ("key.pem", server_key.serialize_pem()),
    ];
    written.map(|(name, text)| {
        let path = place.join(name);
        std::fs::write(&path, text).unwrap();
        path
    })
}

/// A Redis behind TLS and a password; returns the authority's certificate as well.
async fn redis(place: &Path) -> (Redis, String) {
    let address = address(6379);
    let files = certificates(place, &address.ip().to_string());
    let [authority, certificate, key] = files.each_ref().map(|path| path.to_str().unwrap());
    let mut arguments = vec!["--port", "0", "--tls-port", "6379", "--tls-auth-clients", "no"];
    arguments.extend([
        "--tls-ca-cert-file",
        authority,
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
    ]);
    arguments.extend(["--requirepass", PASSWORD]);
    let redis = Redis::start_with(address, &arguments);
    until("Redis listens", || async { TcpStream::connect(address).await.is_ok() }).await;
    (redis, authority.to_owned())
}

async fn node(url: &str, authority: Option<&str>) -> Node {
    let mut environment = vec![("RAPPORT_STORE", url), ("RUST_LOG", "trace")];
    environment.extend(authority.map(|file| ("SSL_CERT_FILE", file)));
    Node::start(&[&KNOWLEDGE[..], &["--messages-per-minute", "0"]].concat(), &environment).await
}

/// Asks until the store holds the turn or, where it can't be used, until a turn has gone without it.
async fn asks_until(node: &Node, durable: bool) {
    let mut visitor = Visitor::enter(node.address).await;
    for number in 0.. {
        if visitor.ask(&format!("m{number}"), &json!({})).await["durable"] == durable {
            return;
        }
        assert!(number < 1000, "never durable: {durable}; {}", node.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_behind_a_password_and_tls_is_used() {
    let place = TempDir::new().unwrap();
    let (redis, authority) = redis(place.path()).await;
    let url = |password: &str| format!("rediss://:{password}@{}", redis.address);
    let nodes = [node(&url(PASSWORD), Some(&authority)).await, node(&url(PASSWORD), Some(&authority)).await];
    asks_until(&nodes[0], true).await;
    // A certificate that nobody vouches for, and a password that is wrong.
    let unvouched = node(&url(PASSWORD), None).await;
    asks_until(&unvouched, false).await;
    let wrong = node(&url(&format!("{PASSWORD}-wrong")), Some(&authority)).await;
    asks_until(&wrong, false).await;
    for (node, said) in [(&unvouched, "UnknownIssuer"), (&wrong, "authentication failed")] {
        let log = node.log();
        assert!(log.contains("the store is away") && log.contains(said), "no {said} in {log}");
    }
    for node in nodes.iter().chain([&unvouched, &wrong]) {
        assert!(!node.log().contains(PASSWORD), "{}", node.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_a_password_is_asked_again() {
    let redis = Redis::start().await;
    let (client, password) = (redis::Client::open(redis.url()).unwrap(), format!("{PASSWORD}-new"));
    let mut operator = client.get_multiplexed_async_connection().await.unwrap();
    let mut set = async |password: &str| {
        let set = redis::cmd("CONFIG").arg("SET").arg("requirepass").arg(password).to_owned();
        set.exec_async(&mut operator).await.unwrap();
    };
    set(PASSWORD).await;
    let node = node(&format!("redis://:{password}@{}", redis.address), None).await;
    asks_until(&node, false).await;
    set(&password).await;
    asks_until(&node, true).await;
}

/// The user of docs/operations.md may do what a node does, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_few_rights_is_enough() {
    let redis = Redis::start().await;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut operator = client.get_multiplexed_async_connection().await.unwrap();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let user = page.lines().find_map(|line| line.strip_prefix("user rapport ")).unwrap();
    let user = user.replace("PASSWORD", PASSWORD);
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER").arg("rapport").arg(user.split(' ').collect::<Vec<_>>());
    set.exec_async(&mut operator).await.unwrap();
    let url = format!("redis://rapport:{PASSWORD}@{}", redis.address);
    let nodes = [node(&url, None).await, node(&url, None).await];
    asks_until(&nodes[0], true).await;
    let mut visitor = Visitor::enter(nodes[0].address).await;
    visitor.ask("m1", &json!({})).await;
    visitor.move_to(nodes[1].address);
    assert_eq!(visitor.ask("m2", &json!({})).await["durable"], true);
    let denied: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query_async(&mut operator).await.unwrap();
    assert!(denied.is_empty(), "{denied:?}");
    let mut rapport = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    assert!(redis::cmd("FLUSHALL").exec_async(&mut rapport).await.is_err());
}

#[tokio::test]
async fn a_stores_password_is_never_shown() {
    for (store, shown) in [
        (format!("redis://:{PASSWORD}@redis.example:6379"), "redis://***@redis.example:6379"),
        (format!("rediss://node:{PASSWORD}@redis.example"), "rediss://***@redis.example"),
        (format!("redis://:half/{PASSWORD}@redis.example"), "redis://***@redis.example"),
        (format!("redis://node:12/{PASSWORD}@redis.example"), "redis://***@redis.example"),
        (format!("redis://{PASSWORD}@redis.example"), "redis://***@redis.example"),
        (format!("unix:///run/redis.sock?pass={PASSWORD}"), "unix:///run/redis.sock?***"),
        (format!("http://:{PASSWORD}@redis.example"), "http://:***@redis.example"),
    ] {
        for command in [&["config", "show"][..], &["config", "check"], &["serve", "--listen", "127.0.0.1:0"]]
        {
            if command[0] == "serve" && !store.contains("half") {
                continue; // it would start
            }
            let mut rapport = rapport();
            rapport.args(command).args(KNOWLEDGE).args(["--store", &store]);
            let told = rapport.output().await.unwrap();
            let told = [told.stdout, told.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
            assert!(!told.contains(PASSWORD), "{command:?}: {told}");
            assert!(command[1] != "show" || told.contains(shown), "{told}");
        }
    }
}
