//! One session: it connects, asks its questions when they are due, listens, and leaves.

mod reply;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::sync::CancellationToken;

use self::reply::{Heard, Listening};
use super::frames::{Ask, Failure, Head};
use super::run::{Run, lock};
use super::tally::{End, Tally};

/// How long a server may take to answer a close.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a session asks no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// All was asked and answered.
    Done,
    /// It gave a reply up.
    GaveUp,
    /// Its connection ended.
    Lost,
    /// The run was stopped.
    Stopped,
}

/// A whole visit. `number`: from 0; `arrival`: when it is to connect, from the run's start.
pub(super) async fn visit(run: Arc<Run>, number: u64, arrival: Duration) {
    let due = run.began + arrival;
    run.tally().arrived(arrival, run.now(), due.elapsed());
    let connected = tokio::select! {
        biased;
        () = run.stop.cancelled() => None,
        connected = run.plan.target.connect(run.plan.timeout) => Some(connected),
    };
    match connected {
        None => run.settle(arrival, 0),
        Some(Err(refusal)) => {
            run.tally().refused(&refusal);
            run.settle(arrival, 0);
        }
        Some(Ok(open)) => Visitor::new(&run, number, arrival, open.socket).stay().await,
    }
}

/// Stays connected and asks nothing until the run is `over`.
pub(super) async fn sit<S>(mut socket: WebSocketStream<S>, tally: Arc<Mutex<Tally>>, over: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        tokio::select! {
            biased;
            () = over.cancelled() => break farewell(&mut socket).await,
            message = socket.next() => if let Some(reason) = end_of(message.as_ref()) {
                let mut tally = lock(&tally);
                tally.closed.add(&reason);
                tally.sessions.idle_lost += 1;
                return;
            },
        }
    }
}

struct Visitor<'a, S> {
    run: &'a Run,
    number: u64,
    arrival: Duration,
    socket: WebSocketStream<S>,
    /// Since when it could have asked: it was connected, or the last reply ended.
    ready: Instant,
}

impl<'a, S> Visitor<'a, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// One that has just been greeted.
    fn new(run: &'a Run, number: u64, arrival: Duration, socket: WebSocketStream<S>) -> Self {
        let ready = Instant::now();
        let latency = ready.saturating_duration_since(run.began + arrival);
        run.tally().connected(run.now(), latency);
        Self { run, number, arrival, socket, ready }
    }

    /// Asks all that is to be asked, and leaves.
    async fn stay(mut self) {
        let (sent, leaving) = self.ask_all().await;
        {
            let mut tally = self.run.tally();
            tally.left(self.run.now());
            if leaving == Leaving::Lost {
                tally.sessions.lost += 1;
            }
        }
        self.run.settle(self.arrival, sent);
        if leaving != Leaving::Lost {
            farewell(&mut self.socket).await;
        }
    }

    /// Returns how many questions it sent.
    async fn ask_all(&mut self) -> (u64, Leaving) {
        let turns = self.run.plan.due_within(self.arrival, None);
        for turn in 1..=turns {
            let due = self.arrival.saturating_add(self.run.plan.due(turn));
            if let Err(leaving) = self.wait_until(self.run.began + due).await {
                return (turn - 1, leaving);
            }
            if let Err(leaving) = self.ask(turn, due).await {
                return (turn, leaving);
            }
        }
        (turns, Leaving::Done)
    }

    /// Listens until a time; it may be past.
    async fn wait_until(&mut self, time: Instant) -> Result<(), Leaving> {
        loop {
            tokio::select! {
                biased;
                () = self.run.stop.cancelled() => return Err(Leaving::Stopped),
                () = sleep_until(time) => return Ok(()),
                message = self.socket.next() => {
                    if let Some(reason) = end_of(message.as_ref()) {
                        self.run.tally().closed.add(&reason);
                        return Err(Leaving::Lost);
                    }
                    if let Some(Ok(Message::Text(text))) = message {
                        self.overhear(&text);
                    }
                }
            }
        }
    }

    /// A frame while no reply is waited for: only errors count.
    fn overhear(&self, text: &str) {
        if Head::read(text).is_some_and(|head| head.kind == "error")
            && let Ok(failure) = serde_json::from_str::<Failure<'_>>(text)
        {
            self.run.tally().error(&failure);
        }
    }

    /// Sends a question and listens to its reply. `due`: from the run's start.
    async fn ask(&mut self, turn: u64, due: Duration) -> Result<(), Leaving> {
        let (run, intended) = (self.run, self.run.began + due);
        let id = format!("q{turn}");
        let question = Ask {
            text_user_msg: run.plan.questions.get(self.number, turn),
            id: &id,
            convert_tone: run.plan.convert_tone,
            strategy: run.plan.strategy.as_deref(),
        };
        let question = question.encode();
        let wait = self.ready.saturating_duration_since(intended);
        let lag = intended.max(self.ready).elapsed();
        run.tally().sent(due, run.now(), wait, lag);

        let mut listening = Listening::new(run, &id, due);
        let end = tokio::select! {
            biased;
            () = run.stop.cancelled() => End::Stopped,
            heard = timeout(run.plan.timeout, hear(&mut self.socket, question, &mut listening)) => {
                heard.unwrap_or(End::Unanswered)
            }
        };
        drop(listening);
        self.ready = Instant::now();
        let result = match end {
            End::Done(_) | End::Refused => Ok(()),
            End::Unanswered => Err(Leaving::GaveUp),
            End::Lost => Err(Leaving::Lost),
            End::Stopped => Err(Leaving::Stopped),
        };
        run.tally().ended(due, run.now(), end);
        result
    }
}

/// Sends a question and reads until its end.
async fn hear<S>(socket: &mut WebSocketStream<S>, question: String, listening: &mut Listening<'_>) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Where sending fails, reading tells why.
    let _ = socket.send(Message::text(question)).await;
    loop {
        let message = socket.next().await;
        if let Some(reason) = end_of(message.as_ref()) {
            listening.closed(&reason);
            return End::Lost;
        }
        if let Some(Ok(Message::Text(text))) = message {
            match listening.hear(&text, Instant::now()) {
                Heard::More => {}
                Heard::End(end) => return end,
            }
        }
    }
}

/// The close code and reason, if this is a socket's end. 1005: a close without a code; 1006: no close at all.
fn end_of(message: Option<&Result<Message, tungstenite::Error>>) -> Option<String> {
    match message {
        Some(Ok(Message::Close(Some(frame)))) => {
            Some(format!("{} {}", u16::from(frame.code), frame.reason).trim_end().to_owned())
        }
        Some(Ok(Message::Close(None))) => Some("1005".into()),
        Some(Ok(_)) => None,
        Some(Err(_)) | None => Some("1006".into()),
    }
}

/// Closes, and waits a moment for the server's close.
pub(super) async fn farewell<S>(socket: &mut WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let leaving = async {
        if socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    let _ = timeout(FAREWELL, leaving).await;
}
