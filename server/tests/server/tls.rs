//! TLS of the server's own, renewed while it runs; and upstreams that want to see a certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rapport::app::Certificate;
use rapport::config::Config;
use rapport::llm::http::Transport;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{DEADLINE, House, models};

/// An authority of the test's own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for 127.0.0.1, and its key, in PEM.
    fn certify(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.0.pem().as_bytes()).unwrap()).unwrap();
        roots
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn write(place: &Path, (chain, key): &(String, String)) -> Certificate {
    let files: [PathBuf; 2] = ["chain.pem", "key.pem"].map(|name| place.join(name));
    std::fs::write(&files[0], chain).unwrap();
    std::fs::write(&files[1], key).unwrap();
    let [chain, key] = files;
    Certificate { chain, key }
}

async fn connect(house: &House, authority: &Authority) -> TlsStream<TcpStream> {
    let config =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(authority.roots()).with_no_client_auth();
    let stream = TcpStream::connect(house.address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    timeout(DEADLINE, connecting).await.expect("a handshake in time").unwrap()
}

async fn shown(house: &House, authority: &Authority) -> Vec<u8> {
    let stream = connect(house, authority).await;
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn a_visitor_is_answered_over_tls_and_renewals_are_shown() {
    let (authority, place) = (Authority::new(), TempDir::new().unwrap());
    let first = authority.certify();
    let mut config = Config::demo();
    config.tls = Some(write(place.path(), &first));
    config.limits.handshake_timeout = Duration::from_millis(300);
    let house = House::open(config).await;

    let url = format!("wss://{}/ws", house.address);
    let (mut ws, _) = client_async(url, connect(&house, &authority).await).await.unwrap();
    ws.send(Message::text("How tall is the clock?")).await.unwrap();
    let done = async {
        while let Some(message) = ws.next().await {
            let frame: Value = serde_json::from_str(message.unwrap().to_text().unwrap()).unwrap();
            if frame["type"] == "turn_done" {
                return frame;
            }
        }
        panic!("the socket ends");
    };
    let done = timeout(DEADLINE, done).await.expect("a reply in time");
    assert!(done["text"].as_str().unwrap().contains("3.2 metres"), "{done}");

    // Who says nothing, or no TLS, is let go, and nobody waits for them.
    let mut silent = TcpStream::connect(house.address).await.unwrap();
    let ended = timeout(DEADLINE, silent.read(&mut [0; 16])).await.expect("it is closed in time");
    assert!(ended.is_err() || ended.is_ok_and(|read| read == 0));
    let mut plain = TcpStream::connect(house.address).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut told = Vec::new();
    let _ = timeout(DEADLINE, plain.read_to_end(&mut told)).await.expect("it is closed in time");
    assert!(!told.starts_with(b"HTTP"), "{told:?}");

    // Half of a renewal is none; a whole one is shown to those who come, and those who are there go on.
    let before = shown(&house, &authority).await;
    let second = authority.certify();
    write(place.path(), &(second.0.clone(), first.1));
    assert_eq!(shown(&house, &authority).await, before);
    write(place.path(), &second);
    let renewed = async {
        while shown(&house, &authority).await == before {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, renewed).await.expect("the new certificate is shown");
    ws.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    let pong = timeout(DEADLINE, ws.next()).await.expect("in time").unwrap().unwrap();
    assert!(pong.to_text().unwrap().contains("pong"), "{pong}");
}

#[test]
fn a_pair_that_does_not_fit_is_refused_at_the_start() {
    let (authority, place) = (Authority::new(), TempDir::new().unwrap());
    let (chain, _) = authority.certify();
    let (_, key) = authority.certify();
    let wrong = [(chain.clone(), key.clone()), (chain, "no key".to_owned()), (String::new(), key)];
    for pair in wrong {
        let mut config = Config::demo();
        config.tls = Some(write(place.path(), &pair));
        let error = rapport::app::Server::new(config).err().expect("it does not start").to_string();
        assert!(error.starts_with("--tls-cert, --tls-key: ") && error.contains("hint: "), "{error}");
        assert!(!error.contains("PRIVATE"), "{error}");
    }
}

/// A model behind TLS that lets in only who shows a certificate of the authority; it says one word.
async fn strict_model(authority: &Authority) -> String {
    let (chain, key) = authority.certify();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider());
    let config =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_client_cert_verifier(verifier.build().unwrap());
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
    let config =
        config.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, acceptor) = (listener.accept().await.unwrap().0, acceptor.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut vec![0; 65_536]).await;
                let said = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Seen.\"}}]}\n\ndata: [DONE]\n\n";
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";
                let whole = format!("{head}content-length: {}\r\n\r\n{said}", said.len());
                let _ = stream.write_all(whole.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    url
}

#[tokio::test]
async fn a_model_that_wants_a_certificate_is_shown_one() {
    let authority = Authority::new();
    let url = strict_model(&authority).await;
    let (chain, key) = authority.certify();
    let known = Transport { authority: Some(authority.0.pem().into_bytes()), ..Transport::default() };
    let shown = Transport { identity: Some(format!("{chain}\n{key}").into_bytes()), ..known.clone() };
    for (transport, status) in [(shown, "completed"), (known, "failed"), (Transport::default(), "failed")] {
        let mut config = crate::manual::config();
        let mut endpoint = models("", "m", "m", "m");
        (endpoint.urls, endpoint.transport) = (vec![url.clone()], transport);
        (config.llm, config.warmup) = (Some(endpoint), Duration::ZERO);
        let house = House::open(config).await;
        let mut client = house.connect("").await;
        crate::manual::ask(&mut client, "m").await;
        let (done, before) = client.until("turn_done").await;
        assert_eq!(done["status"], status, "{before:?}");
        if status == "completed" {
            assert_eq!(done["text"], "Seen.");
        } else {
            assert!(before.iter().any(|frame| frame["code"] == "llm_unreachable"), "{before:?}");
        }
    }
}
