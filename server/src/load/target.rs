//! The server under load: its address, and a socket to it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri, header::AUTHORIZATION};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::error::LoadError;
use super::frames::{Failure, Greeting, Head};

/// tungstenite's own 128 KiB a socket would be a GiB for 8,000 sessions; a frame has a few hundred bytes.
const BUFFER: usize = 4096;

/// A report of a turn with its whole text; far below tungstenite's 64 MiB.
const LARGEST_MESSAGE: usize = 4 * 1024 * 1024;

const URL_HINT: &str = "write ws://HOST:PORT/ws or http://HOST:PORT";

/// A server's WebSocket address, and the token to show there.
#[derive(Debug, Clone)]
pub struct Target {
    uri: Uri,
    token: Option<HeaderValue>,
    /// Looked up once: name servers are not under test.
    addresses: Arc<[SocketAddr]>,
}

/// An open socket that has been greeted.
pub(super) struct Open<S> {
    pub(super) socket: WebSocketStream<S>,
    pub(super) greeting: Greeting,
}

impl Target {
    /// Reads `ws://HOST[:PORT][/PATH]`, the same with `http://`, or `HOST:PORT`. Without a path it is `/ws`.
    pub fn parse(url: &str, token: Option<&str>) -> Result<Self, LoadError> {
        let wrong = |what: &str| LoadError::plan(format!("`{url}` {what}"), URL_HINT);
        let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
        match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => {}
            "wss" | "https" => {
                return Err(LoadError::plan(
                    format!("`{url}` needs TLS, which `rapport load` doesn't speak"),
                    "name the server itself behind the TLS proxy, e.g. ws://127.0.0.1:5002/ws",
                ));
            }
            _ => return Err(wrong("is no WebSocket URL")),
        }
        let uri: Uri = format!("ws://{rest}").parse().map_err(|_| wrong("is no URL"))?;
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or_else(|| wrong("names no host"))?.as_str();
        let path = match (uri.path(), uri.query()) {
            ("" | "/", None) => "/ws".to_owned(),
            ("" | "/", Some(query)) => format!("/ws?{query}"),
            (path, None) => path.to_owned(),
            (path, Some(query)) => format!("{path}?{query}"),
        };
        let uri = format!("ws://{authority}{path}").parse().map_err(|_| wrong("is no URL"))?;
        let token = token.map(|token| {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                LoadError::plan("--token: a token has no control characters", "copy it again")
            })?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Self { uri, token: token.transpose()?, addresses: Arc::new([]) })
    }

    /// The URL for people: without a query, which may hold a token.
    pub fn url(&self) -> String {
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        format!("ws://{host}{}", self.uri.path())
    }

    /// Looks the host up.
    pub(super) async fn resolve(&mut self) -> Result<(), Refusal> {
        let host = self.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let found = lookup_host((host, self.uri.port_u16().unwrap_or(80))).await;
        self.addresses = found.map_err(|error| Refusal::Unknown(error.to_string()))?.collect();
        Ok(())
    }

    /// Connects, and waits for the `session` frame.
    pub(super) async fn connect(&self, patience: Duration) -> Result<Open<TcpStream>, Refusal> {
        let connecting = async {
            let stream = TcpStream::connect(&*self.addresses).await.map_err(Refusal::Tcp)?;
            let _ = stream.set_nodelay(true); // a question must not wait for the last one's acknowledgement
            self.open(stream).await
        };
        timeout(patience, connecting).await.unwrap_or(Err(Refusal::Timeout(patience)))
    }

    /// The handshake over a connection, and the `session` frame.
    pub(super) async fn open<S>(&self, stream: S) -> Result<Open<S>, Refusal>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request = self.uri.clone().into_client_request().map_err(Refusal::of)?;
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0) // a question leaves at once
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let (mut socket, _) =
            client_async_with_config(request, stream, Some(config)).await.map_err(Refusal::of)?;
        let mut told = None;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => match Head::read(&text) {
                    Some(head) if head.kind == "session" => {
                        let greeting = serde_json::from_str(&text).unwrap_or_default();
                        return Ok(Open { socket, greeting });
                    }
                    // The reason of the close that follows.
                    Some(head) if head.kind == "error" => {
                        told = serde_json::from_str(&text)
                            .ok()
                            .map(|failure: Failure<'_>| format!("{}: {}", failure.code, failure.message));
                    }
                    _ => return Err(Refusal::NoRapport("its first message is no `session` frame".into())),
                },
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.as_ref().map_or(1005, |frame| frame.code.into());
                    let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                    return Err(Refusal::Closed(code, told.unwrap_or(reason)));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Refusal::of(error)),
                None => return Err(Refusal::Closed(1006, "the connection ended".into())),
            }
        }
    }
}

/// Why a server didn't let a session in.
#[derive(Debug)]
pub enum Refusal {
    /// Its name is not known.
    Unknown(String),
    /// No connection.
    Tcp(io::Error),
    /// Another HTTP status than 101, and the first line of its body.
    Http(u16, String),
    /// It doesn't speak as a Rapport server does.
    NoRapport(String),
    /// It closed the socket before the `session` frame: code and reason.
    Closed(u16, String),
    /// It said nothing for so long.
    Timeout(Duration),
}

impl Refusal {
    fn of(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Io(error) => Self::Tcp(error),
            tungstenite::Error::Http(response) => {
                let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let line = body.lines().next().unwrap_or_default().chars().take(200).collect();
                Self::Http(response.status().as_u16(), line)
            }
            other => Self::NoRapport(other.to_string()),
        }
    }

    /// A name to count it by.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Unknown(_) => "unknown_host".into(),
            Self::Tcp(error) => match error.kind() {
                ErrorKind::ConnectionRefused => "connection_refused".into(),
                ErrorKind::ConnectionReset => "connection_reset".into(),
                ErrorKind::AddrNotAvailable => "no_free_port".into(),
                _ if is_out_of_files(error) => "too_many_open_files".into(),
                _ => "connection_failed".into(),
            },
            Self::Http(status, _) => format!("http_{status}"),
            Self::NoRapport(_) => "no_rapport".into(),
            Self::Closed(code, _) => format!("closed_{code}"),
            Self::Timeout(_) => "timeout".into(),
        }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "check the host's name",
            Self::Tcp(error) if is_out_of_files(error) => {
                "each session takes a file descriptor: raise the limit first, e.g. ulimit -n 65536"
            }
            Self::Tcp(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                "this machine has no free port left: fewer sessions, or a second machine"
            }
            Self::Tcp(_) => {
                "start the server first (`rapport demo` or `rapport serve`), and check host and port"
            }
            Self::Http(401, _) | Self::Closed(1008, _) => {
                "show one of the server's tokens: --token T, or --token-file FILE"
            }
            Self::Http(403, _) => "a proxy or the server forbids it; name the server itself",
            Self::Http(404, _) => "the path is wrong; a Rapport server has /ws",
            Self::Http(429 | 503, _) | Self::Closed(1013, _) => {
                "the server takes no more sessions now; try later, or raise its limits"
            }
            Self::Http(..) | Self::NoRapport(_) => {
                "name the JSON WebSocket of a Rapport server, e.g. ws://127.0.0.1:5002/ws"
            }
            Self::Closed(..) => "see the server's log",
            Self::Timeout(_) => "check host, port and firewall; --timeout waits longer",
        }
    }
}

/// EMFILE of the process or ENFILE of the machine, which have no name in `ErrorKind`.
fn is_out_of_files(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(error) => write!(f, "the host can't be looked up: {error}"),
            Self::Tcp(error) => write!(f, "no connection: {error}"),
            Self::Http(status, line) if line.is_empty() => {
                write!(f, "the handshake was answered with HTTP status {status}")
            }
            Self::Http(status, line) => {
                write!(f, "the handshake was answered with HTTP status {status}: {line}")
            }
            Self::NoRapport(what) => write!(f, "this is no Rapport server: {what}"),
            Self::Closed(code, reason) => {
                write!(f, "the server closed the socket before greeting it: {code} {reason}")
            }
            Self::Timeout(patience) => {
                write!(f, "no session within {}", humantime::format_duration(*patience))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        let target = Target::parse(text, None).unwrap();
        format!("{} {}", target.url(), target.uri.path_and_query().unwrap())
    }

    #[test]
    fn the_path_is_ws_unless_another_is_named() {
        for text in ["ws://h:1", "http://h:1/", "h:1", "WS://h:1/ws", "http://h:1"] {
            assert_eq!(url(text), "ws://h:1/ws /ws", "{text}");
        }
        assert_eq!(url("ws://[::1]:5/a/ws?token=x"), "ws://[::1]:5/a/ws /a/ws?token=x");
        assert_eq!(url("ws://user:pass@h?token=x"), "ws://h/ws /ws?token=x");
    }

    #[test]
    fn what_can_not_be_a_target_is_told_with_its_remedy() {
        let check = |text: &str, words: &[&str]| {
            let said = Target::parse(text, None).unwrap_err().to_string();
            for word in words.iter().chain(&["hint: ", text]) {
                assert!(said.contains(word), "`{word}` is not in: {said}");
            }
        };
        check("wss://h/ws", &["TLS", "ws://127.0.0.1:5002/ws"]);
        check("ftp://h", &["WebSocket URL"]);
        check("ws://", &["ws://HOST:PORT/ws"]);
        check("ws://a b", &["no URL"]);
        assert!(Target::parse("h:1", Some("a\nb")).unwrap_err().to_string().contains("--token"));
    }

    #[test]
    fn every_refusal_has_a_name_and_a_remedy() {
        let check = |refusal: Refusal, name: &str, word: &str| {
            assert_eq!(refusal.name(), name);
            assert!(refusal.hint().contains(word), "{refusal:?}");
        };
        check(Refusal::Tcp(io::Error::from_raw_os_error(24)), "too_many_open_files", "ulimit");
        check(Refusal::Tcp(ErrorKind::ConnectionRefused.into()), "connection_refused", "rapport demo");
        check(Refusal::Http(401, String::new()), "http_401", "--token");
        check(Refusal::Http(404, String::new()), "http_404", "/ws");
        check(Refusal::Closed(1008, "unauthorized".into()), "closed_1008", "--token");
        check(Refusal::Timeout(Duration::from_secs(1)), "timeout", "--timeout");
    }
}
