//! A simulator on a free port, and a client that shows what really came over the wire: also half a body.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use vlm_sim::{Config, Simulator, Stats};

/// Nothing here takes longer, however busy the machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A healthy service without delay.
pub(crate) fn quick() -> Config {
    Config { latency: Duration::ZERO, ..Config::default() }
}

/// A chat request with one message of the user.
pub(crate) fn chat(model: &str, stream: bool, content: impl Into<Value>) -> Value {
    let content: Value = content.into();
    serde_json::json!({ "model": model, "stream": stream, "messages": [{ "role": "user", "content": content }] })
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) simulator: Simulator,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let simulator = Simulator::new(config).unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = simulator.clone();
        let task = tokio::spawn(async move { running.serve(listener, async { drop(stopped.await) }).await });
        Self { address, simulator, stop, task }
    }

    /// Sends a request and leaves the connection open.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n{headers}");
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::read(self.send("GET", path, "", "").await).await
    }

    pub(crate) async fn post(&self, body: &Value) -> Reply {
        Reply::read(self.send("POST", "/v1/chat/completions", "", &body.to_string()).await).await
    }

    /// Asks for the books until they say what is wanted.
    pub(crate) async fn stats_when(&self, wanted: impl Fn(&Stats) -> bool) -> Stats {
        let looking = async {
            loop {
                let stats = self.simulator.stats();
                if wanted(&stats) {
                    return stats;
                }
                // A round trip: gives the server its turn, without a guess at how long that takes.
                self.get("/stats").await;
            }
        };
        timeout(DEADLINE, looking).await.expect("the books never said so")
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(DEADLINE, self.task).await.expect("the simulator does not stop").unwrap().unwrap();
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether the body ended as its head or its last chunk says.
    pub(crate) whole: bool,
}

impl Reply {
    /// Reads until the connection ends.
    pub(crate) async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A broken connection is a reply as well: what came until then counts.
        let _ = timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("no reply");
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").expect("no head");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (body, whole) = if head.contains("transfer-encoding: chunked") {
            unchunk(body.as_bytes())
        } else {
            (body.to_owned(), head.contains(&format!("content-length: {}", body.len())))
        };
        Self { status, head: head.to_owned(), body, whole }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    /// The events of a stream, as they stand behind `data: `.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.body.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect()
    }

    /// The tokens of a stream.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let text = |event: &&str| {
            let chunk: Value = serde_json::from_str(event).ok()?;
            chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
        };
        self.events().iter().filter_map(text).collect()
    }
}

fn unchunk(mut bytes: &[u8]) -> (String, bool) {
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return (String::from_utf8(body).unwrap(), true);
        }
        let (start, end) = (line + 2, line + 2 + size);
        body.extend_from_slice(&bytes[start..end.min(bytes.len())]);
        if bytes.len() < end + 2 {
            break;
        }
        bytes = &bytes[end + 2..];
    }
    (String::from_utf8(body).unwrap(), false)
}
