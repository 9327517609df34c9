//! A visitor whose connection may break at any time. Comes back as docs/protocol.md says, and notices whatever is missing,
//! comes twice or does not fit.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::place::DEADLINE;

/// How long a visitor waits before coming back: doubled each time, and at most this.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A numbered frame that came for the first time.
pub(crate) struct Heard {
    pub(crate) visitor: usize,
    pub(crate) at: Instant,
    /// The first one since the connection broke.
    pub(crate) is_back: bool,
}

/// A visitor, with all that was heard.
pub(crate) struct Visitor {
    number: usize,
    proxy: SocketAddrV4,
    socket: Option<WebSocketStream<TcpStream>>,
    /// The first `session` frame.
    pub(crate) session: Value,
    /// Each frame by its number.
    pub(crate) frames: BTreeMap<u64, Value>,
    /// How each turn ended.
    pub(crate) ended: HashMap<String, String>,
    /// How often turns were begun again.
    pub(crate) restarted: usize,
    /// How often the visitor came back.
    pub(crate) returns: usize,
    /// Of the running turn.
    text: String,
    is_back: bool,
    telling: Option<UnboundedSender<Heard>>,
}

impl Visitor {
    /// Comes in by a proxy, or straight to a node.
    pub(crate) async fn enter(proxy: SocketAddrV4) -> Self {
        let mut visitor = Self {
            number: 0,
            proxy,
            socket: None,
            session: Value::Null,
            frames: BTreeMap::new(),
            ended: HashMap::new(),
            restarted: 0,
            returns: 0,
            text: String::new(),
            is_back: false,
            telling: None,
        };
        visitor.come().await;
        visitor
    }

    /// Tells of each frame from now on.
    pub(crate) fn tell(&mut self, number: usize, telling: UnboundedSender<Heard>) {
        (self.number, self.telling) = (number, Some(telling));
    }

    pub(crate) fn id(&self) -> &str {
        self.session["session_id"].as_str().unwrap()
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.frames.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// Hangs up without a word.
    pub(crate) fn hang_up(&mut self) {
        self.socket = None;
    }

    /// Hangs up, to come back elsewhere.
    pub(crate) fn move_to(&mut self, proxy: SocketAddrV4) {
        (self.socket, self.proxy) = (None, proxy);
    }

    /// Connects, again and again with growing pauses, until the session is there.
    async fn come(&mut self) {
        let mut pause = BACKOFF.0;
        let is_there = async {
            while self.try_to_come().await.is_none() {
                tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                pause = (pause * 2).min(BACKOFF.1);
            }
        };
        timeout(DEADLINE, is_there).await.expect("a visitor comes in");
    }

    async fn try_to_come(&mut self) -> Option<()> {
        let is_new = self.session.is_null();
        let query = if is_new {
            String::new()
        } else {
            let of_session = |field: &str| self.session[field].as_str().unwrap();
            let (id, token) = (of_session("session_id"), of_session("resume_token"));
            format!("?session_id={id}&resume={token}&last_seq={}", self.last_seq())
        };
        let url = format!("ws://{}/ws{query}", self.proxy);
        let stream = TcpStream::connect(self.proxy).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (mut socket, _) = client_async(url.into_client_request().unwrap(), stream).await.ok()?;
        let Some(Ok(Message::Text(text))) = socket.next().await else { return None };
        let session: Value = serde_json::from_str(&text).unwrap();
        if session["type"] != "session" {
            return None; // an error, and a close that says to come back later
        }
        if is_new {
            self.session = session;
        } else {
            assert_eq!(session["session_id"], self.session["session_id"], "the session is lost: {session}");
            assert_eq!(session["resumed"], true, "frames are lost: {session}");
            self.returns += 1;
            self.is_back = true;
        }
        self.socket = Some(socket);
        Some(())
    }

    /// Asks; whatever breaks, the question is answered once. Returns its terminal frame.
    pub(crate) async fn ask(&mut self, id: &str, more: &Value) -> Value {
        let mut message = json!({"text_user_msg": "How tall is the clock?", "id": id});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut is_said = false;
        let mut turn = None;
        loop {
            if self.socket.is_none() {
                self.come().await;
                is_said = turn.is_some(); // a turn that has started is kept; any other question is asked again
            }
            if !is_said {
                is_said = true;
                let said = self.socket.as_mut().unwrap().send(Message::text(message.to_string())).await;
                if said.is_err() {
                    self.socket = None;
                    continue;
                }
            }
            let Some(frame) = self.hear().await else { continue };
            if frame["type"] == "turn_started" && frame["id"] == id {
                turn = Some(frame["turn_id"].clone());
            } else if frame["type"] == "turn_done" && Some(&frame["turn_id"]) == turn.as_ref() {
                return frame;
            }
        }
    }

    /// Asks, and waits until the reply has begun.
    pub(crate) async fn begin(&mut self, id: &str) {
        let message = json!({"text_user_msg": "How tall is the clock?", "id": id, "convert_tone": false});
        self.socket.as_mut().unwrap().send(Message::text(message.to_string())).await.unwrap();
        while self.hear().await.expect("the reply begins")["type"] != "token" {}
    }

    /// Reads on to the terminal frame; comes back where the connection breaks.
    pub(crate) async fn rest(&mut self) -> Value {
        loop {
            if self.socket.is_none() {
                self.come().await;
            }
            if let Some(frame) = self.hear().await
                && frame["type"] == "turn_done"
            {
                return frame;
            }
        }
    }

    /// The next frame that was not heard before; none if the connection has broken.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        loop {
            let socket = self.socket.as_mut()?;
            match timeout(DEADLINE, socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if let Some(seq) = frame["seq"].as_u64()
                        && self.take(seq, &frame)
                    {
                        return Some(frame);
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => {
                    self.socket = None;
                    return None;
                }
            }
        }
    }

    /// Takes a frame; whether it is new. One that is repeated must be what it was.
    fn take(&mut self, seq: u64, frame: &Value) -> bool {
        if let Some(before) = self.frames.get(&seq) {
            assert_eq!(before, frame, "a number stands for two frames");
            return false;
        }
        let first = frame["from_seq"].as_u64().unwrap_or(seq);
        assert_eq!(first, self.last_seq() + 1, "frames are missing before {frame}");
        self.frames.insert(seq, frame.clone());
        match frame["type"].as_str().unwrap() {
            "turn_started" => {
                self.text.clear(); // what was sent of a turn that is begun again is void
                self.restarted += usize::from(frame["restarted"] == true);
            }
            "token" => self.text += frame["text"].as_str().unwrap(),
            "turn_done" => {
                assert_eq!(frame["text"], self.text.as_str(), "the text is not what was sent");
                let [turn, status] =
                    ["turn_id", "status"].map(|field| frame[field].as_str().unwrap().to_owned());
                let before = self.ended.insert(turn, status);
                assert_eq!(before, None, "a turn ends twice: {frame}");
            }
            _ => {}
        }
        let is_back = std::mem::take(&mut self.is_back);
        if let Some(telling) = &self.telling {
            let _ = telling.send(Heard { visitor: self.number, at: Instant::now(), is_back });
        }
        true
    }
}
