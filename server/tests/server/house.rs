//! A whole server on a free port, a simulator beside it, and a WebSocket client that waits with a deadline.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rapport::app::{Backends, Server, Stop};
use rapport::config::Config;
use rapport::description::{self, Api, Contract};
use rapport::llm::openai::Endpoint;
use rapport::session::Sessions;
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};
use tokio_util::task::TaskTracker;

use crate::manual::{self, Calls, ManualModel};

/// No wait of a test takes longer, unless something is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) tasks: TaskTracker,
    stop: oneshot::Sender<Stop>,
    served: JoinHandle<()>,
}

impl House {
    pub(crate) async fn open(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::run(Server::new(config).expect("the configuration starts"), listener)
    }

    /// A server whose model's replies the test says. Its kernel holds little of what clients don't read.
    pub(crate) fn manual(change: impl FnOnce(&mut Config)) -> (Self, Calls) {
        let mut config = manual::config();
        change(&mut config);
        let (model, calls) = ManualModel::new();
        let backends = Backends { chat: Some(Arc::new(model)), vlm: None };
        let server = Server::with_backends(config, backends).expect("the configuration starts");
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(4096).unwrap(); // connections have their listener's
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        (Self::run(server, socket.listen(1024).unwrap()), calls)
    }

    fn run(server: Server, listener: TcpListener) -> Self {
        let (sessions, tasks) = (server.sessions(), server.tasks());
        let address = listener.local_addr().unwrap();
        let (stop, asked) = oneshot::channel();
        let running = tokio::spawn(server.serve(listener, async { asked.await.unwrap_or(Stop::Shutdown) }));
        Self { address, sessions, tasks, stop, served: running }
    }

    /// The demo's server on a simulated camera that looks for `describe`.
    pub(crate) async fn with_camera(describe: Duration, change: impl FnOnce(&mut Config)) -> Self {
        let camera = vlm_sim::Config { latency: describe, sticky: true, ..vlm_sim::Config::default() };
        let url = simulate(camera).await.0;
        let mut config = Config::demo();
        config.vlm = Some(description::Endpoint::new(url, Api::Service(Contract::Description)));
        change(&mut config);
        Self::open(config).await
    }

    pub(crate) async fn connect(&self, query: &str) -> Client {
        Client::connect(self.address, query).await
    }

    /// Waits until no turn runs and nothing is fetched.
    pub(crate) async fn rest(&self) {
        self.tasks.close();
        timeout(DEADLINE, self.tasks.wait()).await.expect("the turns end");
    }

    /// Asks the server to stop; it does so in its own time.
    pub(crate) fn stop(self, how: Stop) -> JoinHandle<()> {
        self.stop.send(how).unwrap();
        self.served
    }

    /// Stops the server and waits for its end.
    pub(crate) async fn close(self) {
        let served = self.stop(Stop::Shutdown);
        timeout(DEADLINE, served).await.expect("the server ends").unwrap();
    }
}

/// Starts a simulator; returns its URL and itself.
pub(crate) async fn simulate(config: vlm_sim::Config) -> (String, vlm_sim::Simulator) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let simulator = vlm_sim::Simulator::new(config).unwrap();
    let running = simulator.clone();
    tokio::spawn(async move { running.serve(listener, std::future::pending()).await });
    (url, simulator)
}

/// Models of a simulator.
pub(crate) fn models(url: &str, answer: &str, convert: &str, select: &str) -> Endpoint {
    Endpoint {
        urls: vec![format!("{url}/v1")],
        model: Some(answer.to_owned()),
        convert_model: Some(convert.to_owned()),
        select_model: Some(select.to_owned()),
        ..Endpoint::default()
    }
}

/// A client of the native protocol.
pub(crate) struct Client {
    pub(crate) ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_seq: u64,
}

/// What a socket's end told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) code: u16,
    pub(crate) reason: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, query: &str) -> Self {
        Self::at(address, &format!("/ws{query}")).await
    }

    /// A client of any route.
    pub(crate) async fn at(address: SocketAddr, path: &str) -> Self {
        let request = format!("ws://{address}{path}").into_client_request().unwrap();
        let (ws, _) = timeout(DEADLINE, connect_async(request)).await.expect("a connection").unwrap();
        Self::over(ws)
    }

    /// Comes back to a session as a page does: with what it last heard.
    pub(crate) async fn resume(address: SocketAddr, session: &Value, last_seq: u64) -> Self {
        let [id, token] = ["session_id", "resume_token"].map(|field| session[field].as_str().unwrap());
        let query = format!("?session_id={id}&resume={token}&last_seq={last_seq}");
        Self { last_seq, ..Self::connect(address, &query).await }
    }

    /// A client for whom its kernel keeps little: what it doesn't read stays with the server.
    pub(crate) async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
        Self::over(client_async(format!("ws://{address}/ws"), stream).await.unwrap().0)
    }

    pub(crate) fn over(ws: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { ws, last_seq: 0 }
    }

    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.ws.send(Message::text(text.into())).await.unwrap();
    }

    /// The next text message, or the socket's end.
    pub(crate) async fn hear(&mut self) -> Result<String, Closed> {
        loop {
            let message = timeout(DEADLINE, self.ws.next()).await.expect("a message in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err(Closed { code: frame.code.into(), reason: frame.reason.to_string() });
                }
                Some(Ok(_)) => {}
                other => panic!("the socket ended without a close frame: {other:?}"),
            }
        }
    }

    /// The next frame; its sequence number must follow the last one's.
    pub(crate) async fn frame(&mut self) -> Value {
        self.frame_or_end().await.expect("a frame")
    }

    /// The next frame, or the socket's end.
    pub(crate) async fn frame_or_end(&mut self) -> Result<Value, Closed> {
        let text = self.hear().await?;
        let frame: Value = serde_json::from_str(&text).expect("JSON");
        match frame["type"].as_str().unwrap() {
            "session" if frame["resumed"] == true => {} // what was missed follows
            "session" => self.last_seq = frame["last_seq"].as_u64().unwrap(),
            "pong" | "closing" => assert!(frame.get("seq").is_none()),
            _ => {
                let first = frame.get("from_seq").unwrap_or(&frame["seq"]).as_u64();
                assert_eq!(first, Some(self.last_seq + 1), "{frame}");
                self.last_seq = frame["seq"].as_u64().unwrap();
            }
        }
        Ok(frame)
    }

    /// Reads on to the next frame of a type; returns it with those before.
    pub(crate) async fn until(&mut self, kind: &str) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return (frame, before);
            }
            before.push(frame);
        }
    }

    /// The last sequence number heard.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The next frame of a type, which may have been heard before.
    pub(crate) async fn repeated(&mut self, kind: &str) -> Value {
        loop {
            let frame: Value = serde_json::from_str(&self.hear().await.expect("a frame")).expect("JSON");
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Asks and returns the terminal frame.
    pub(crate) async fn ask(&mut self, message: &str) -> Value {
        self.say(message).await;
        self.until("turn_done").await.0
    }

    /// Reads on until the socket is closed, and answers that.
    pub(crate) async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.hear().await {
                while let Some(Ok(_)) = timeout(DEADLINE, self.ws.next()).await.expect("an end in time") {}
                return closed;
            }
        }
    }

    /// Asks for an end from this side and waits for the answer.
    pub(crate) async fn leave(mut self) {
        self.ws.close(None).await.unwrap();
        while let Some(Ok(_)) = timeout(DEADLINE, self.ws.next()).await.expect("an end in time") {}
    }
}
