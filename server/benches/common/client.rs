//! A client of the native wire that looks at the clock.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::numbers::{ms, quantile};

/// A socket of a session.
pub struct Client {
    ws: WebSocketStream<TcpStream>,
}

/// The 99th percentile of the gaps between tokens, in ms, where so many talk at once and ask so often.
pub async fn talk(address: &str, talking: usize, talks: usize, question: &str) -> f64 {
    let talking = (0..talking).map(|_| async {
        let mut client = Client::connect(address).await;
        let mut gaps = Vec::new();
        for _ in 0..talks {
            gaps.extend(client.ask(question).await.gaps);
        }
        gaps
    });
    let gaps: Vec<f64> = join_all(talking).await.concat().into_iter().map(ms).collect();
    quantile(&gaps, 0.99)
}

/// A turn as its client saw it, from just before the message was sent.
pub struct Heard {
    pub first: Duration,
    pub total: Duration,
    /// Between one token's arrival and the next one's.
    pub gaps: Vec<Duration>,
    /// The terminal frame.
    pub done: String,
}

impl Client {
    /// Connects and reads the `session` frame.
    pub async fn connect(address: &str) -> Self {
        Self::open(address, "").await.0
    }

    /// As `connect`, with a query; the `session` frame too.
    pub async fn open(address: &str, query: &str) -> (Self, Utf8Bytes) {
        Self::over(TcpStream::connect(address).await.unwrap(), address, query).await
    }

    /// As `connect`, for a client whose kernel keeps little of what it doesn't read.
    pub async fn narrow(address: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::over(socket.connect(address.parse().unwrap()).await.unwrap(), address, "").await.0
    }

    async fn over(stream: TcpStream, address: &str, query: &str) -> (Self, Utf8Bytes) {
        stream.set_nodelay(true).unwrap();
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        let url = format!("ws://{address}/ws{query}");
        let (ws, _) = client_async_with_config(url, stream, Some(config)).await.unwrap();
        let mut client = Self { ws };
        let session = client.until(r#"{"type":"session""#).await;
        (client, session)
    }

    /// Sends a message and reads its reply.
    pub async fn ask(&mut self, message: &str) -> Heard {
        let begun = Instant::now();
        self.say(message).await;
        let (mut first, mut last, mut gaps) = (None, None::<Instant>, Vec::new());
        loop {
            let frame = self.frame().await;
            if frame.starts_with(r#"{"type":"token""#) {
                let now = Instant::now();
                first.get_or_insert(now - begun);
                gaps.extend(last.map(|last| now - last));
                last = Some(now);
            } else if frame.starts_with(r#"{"type":"turn_done""#) {
                let total = begun.elapsed();
                assert!(frame.contains(r#""status":"completed""#), "{frame}");
                return Heard { first: first.expect("a token"), total, gaps, done: frame.to_string() };
            }
        }
    }

    /// Sends a message and reads nothing.
    pub async fn say(&mut self, message: &str) {
        self.ws.send(Message::text(message)).await.unwrap();
    }

    /// Reads on to a frame that begins so.
    pub async fn until(&mut self, begin: &str) -> Utf8Bytes {
        loop {
            let frame = self.frame().await;
            if frame.starts_with(begin) {
                return frame;
            }
        }
    }

    /// The next frame.
    pub async fn frame(&mut self) -> Utf8Bytes {
        loop {
            match self.ws.next().await {
                Some(Ok(Message::Text(text))) => return text,
                Some(Ok(Message::Close(why))) => panic!("the socket was closed: {why:?}"),
                Some(Ok(_)) => {}
                other => panic!("the socket ended: {other:?}"),
            }
        }
    }

    /// Answers pings for as long as it is polled.
    pub async fn idle(&mut self) {
        loop {
            self.frame().await;
        }
    }
}
