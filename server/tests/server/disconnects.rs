//! A thousand lost connections: whatever byte they are cut at, each turn arrives whole, in order and once.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::house::{DEADLINE, House, models, simulate};
use crate::raw;

const VISITORS: u64 = 40;
/// How often each visitor's connection is lost: 1,000 times in all.
const CUTS: u64 = 25;

/// Where a connection is lost.
enum Cut {
    /// Behind so many bytes from the server: in the handshake, in a frame, wherever they end.
    Byte(u64),
    /// By the client, behind so many whole frames.
    Frame(usize),
    /// Nowhere.
    Never,
}

impl Cut {
    fn draw(rng: &mut fastrand::Rng) -> Self {
        match rng.u8(..4) {
            0 => Self::Byte(rng.u64(..150)),     // in the answer to the handshake
            1 => Self::Byte(rng.u64(150..3000)), // in the session frame, or among what is sent again
            2 => Self::Byte(rng.u64(..20_000)),
            _ => Self::Frame(rng.usize(..150)),
        }
    }
}

/// Connects through a proxy that ends both sides behind so many bytes from the server.
async fn connect(address: SocketAddr, bytes: u64) -> TcpStream {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(proxy.local_addr().unwrap()), proxy.accept());
    let (mut from_client, mut to_client) = accepted.unwrap().0.into_split();
    let (from_server, mut to_server) = TcpStream::connect(address).await.unwrap().into_split();
    tokio::spawn(async move {
        let mut from_server = from_server.take(bytes);
        tokio::select! {
            _ = copy(&mut from_client, &mut to_server) => {}
            _ = copy(&mut from_server, &mut to_client) => {}
        }
    });
    client.unwrap()
}

/// A client as docs/protocol.md describes it.
struct Visitor {
    /// The last `session` frame.
    session: Option<Value>,
    last_seq: u64,
    /// How many messages were sent; the last one's `id`.
    asked: u64,
    /// The message whose reply is not complete was sent.
    is_waiting: bool,
    /// Its turn, once started, and what was told of it.
    turn: Option<(Value, String)>,
    /// How many turns have ended.
    ended: u64,
    lost: Lost,
}

/// How many connections were lost where.
#[derive(Debug, Default)]
struct Lost {
    in_handshake: u64,
    /// While a turn was known to run.
    in_turn: u64,
    /// While some of what was missed was still to come.
    in_replay: u64,
    all: u64,
}

impl Lost {
    fn add(&mut self, other: &Self) {
        self.in_handshake += other.in_handshake;
        self.in_turn += other.in_turn;
        self.in_replay += other.in_replay;
        self.all += other.all;
    }
}

impl Visitor {
    fn new() -> Self {
        Self {
            session: None,
            last_seq: 0,
            asked: 0,
            is_waiting: false,
            turn: None,
            ended: 0,
            lost: Lost::default(),
        }
    }

    fn url(&self, address: SocketAddr) -> String {
        let resume = self.session.as_ref().map(|session| {
            let [id, token] = ["session_id", "resume_token"].map(|field| session[field].as_str().unwrap());
            format!("?session_id={id}&resume={token}&last_seq={}", self.last_seq)
        });
        format!("ws://{address}/ws{}", resume.unwrap_or_default())
    }

    /// Talks over a connection until it is lost.
    async fn lose(&mut self, address: SocketAddr, cut: &Cut) {
        let is_greeted = self.talk(address, cut).await;
        self.lost.all += 1;
        self.lost.in_handshake += u64::from(!is_greeted);
        self.lost.in_turn += u64::from(self.turn.is_some());
        let known = self.session.as_ref().map_or(0, |session| session["last_seq"].as_u64().unwrap());
        self.lost.in_replay += u64::from(is_greeted && self.last_seq < known);
    }

    /// Talks over a connection until its end, or, where it is not lost, until a turn has ended. Whether it was
    /// greeted.
    async fn talk(&mut self, address: SocketAddr, cut: &Cut) -> bool {
        let (bytes, frames) = match *cut {
            Cut::Byte(bytes) => (bytes, usize::MAX),
            Cut::Frame(frames) => (u64::MAX, frames),
            Cut::Never => (u64::MAX, usize::MAX),
        };
        let stream = connect(address, bytes).await;
        let handshake = timeout(DEADLINE, client_async(self.url(address), stream)).await;
        let Ok((mut ws, _)) = handshake.expect("an answer in time") else { return false };
        let mut is_greeted = false;
        for _ in 0..frames {
            let frame: Value = match timeout(DEADLINE, ws.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_))) => continue,
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(_)) | None => return is_greeted,
            };
            let is_end = frame["type"] == "turn_done";
            if frame["type"] == "session" {
                self.greet(frame);
                is_greeted = true;
            } else {
                self.take(&frame);
            }
            if matches!(cut, Cut::Never) && is_end && !self.is_waiting {
                break;
            }
            self.ask(&mut ws).await;
        }
        is_greeted
    }

    fn greet(&mut self, frame: Value) {
        // Who had a session is back in it and is sent all that was missed.
        assert_eq!(frame["resumed"], self.session.is_some(), "{frame}");
        assert!(frame.get("snapshot").is_none());
        assert!(frame["last_seq"].as_u64().unwrap() >= self.last_seq);
        if self.is_waiting && self.turn.is_none() {
            self.is_waiting = false; // whether it came through is not known: it is sent again
            self.asked -= 1;
        }
        self.session = Some(frame);
    }

    /// Asks, if nothing is asked.
    async fn ask(&mut self, ws: &mut WebSocketStream<TcpStream>) {
        if self.is_waiting {
            return;
        }
        self.is_waiting = true;
        self.asked += 1;
        let message = json!({
            "type": "message",
            "text_user_msg": "Who built the clock?",
            "id": self.asked.to_string(),
            "convert_tone": self.asked.is_multiple_of(2),
        });
        let _ = ws.send(Message::text(message.to_string())).await; // a lost connection shows when reading
    }

    fn take(&mut self, frame: &Value) {
        let seq = frame["seq"].as_u64().unwrap();
        if seq <= self.last_seq {
            // The answer to a message that was sent again and had come through.
            assert!(["turn_started", "turn_done"].contains(&frame["type"].as_str().unwrap()), "{frame}");
            return;
        }
        let first = frame.get("from_seq").map_or(seq, |first| first.as_u64().unwrap());
        assert_eq!(first, self.last_seq + 1, "{frame}");
        self.last_seq = seq;
        match frame["type"].as_str().unwrap() {
            "turn_started" => {
                assert_eq!(frame["id"], self.asked.to_string());
                assert!(self.turn.replace((frame["turn_id"].clone(), String::new())).is_none());
            }
            "token" => {
                let (turn_id, text) = self.turn.as_mut().expect("a turn that began");
                assert_eq!(frame["turn_id"], *turn_id);
                text.push_str(frame["text"].as_str().unwrap());
            }
            "turn_done" => {
                let (turn_id, text) = self.turn.take().expect("a turn that began, and ends once");
                assert_eq!((&frame["turn_id"], &frame["status"]), (&turn_id, &json!("completed")));
                assert_eq!(frame["text"], text);
                self.ended += 1;
                self.is_waiting = false;
            }
            "tone" | "description" => {}
            _ => panic!("{frame}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lost_connections_lose_nothing() {
    let answer = "The tall clock in the hall was built by two careful brothers. ".repeat(15);
    let (url, _) = simulate(vlm_sim::Config { answer, ..vlm_sim::Config::default() }).await;
    let house = House::with_camera(Duration::from_millis(5), |config| {
        config.turns = rapport::config::Turns::Unlimited;
        config.llm = Some(models(
            &url,
            "sim-answer-ttft1-tps1000",
            "sim-convert-ttft1-tps1000",
            "sim-select-ttft1-tps0",
        ));
        config.session.messages_per_minute = 0;
        config.session.replay_bytes = 1024 * 1024; // more than any turn
    })
    .await;
    let address = house.address;
    let visits = (0..VISITORS).map(|seed| async move {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut visitor = Visitor::new();
        for _ in 0..CUTS {
            visitor.lose(address, &Cut::draw(&mut rng)).await;
        }
        visitor.talk(address, &Cut::Never).await;
        (visitor.ended, visitor.lost)
    });
    let (mut ended, mut lost) = (0, Lost::default());
    for (turns, of_visitor) in join_all(visits).await {
        assert!(turns > 0);
        ended += turns;
        lost.add(&of_visitor);
    }
    // They were lost everywhere.
    assert_eq!(lost.all, VISITORS * CUTS);
    assert!(lost.in_handshake > 0 && lost.in_turn > 0 && lost.in_replay > 0, "{lost:?}");
    // Each message was answered once, however often it was sent.
    let metrics = raw::get(address, "/metrics").await.1;
    assert!(metrics.contains(&format!("rapport_turns_total{{status=\"completed\"}} {ended}\n")), "{metrics}");
}
