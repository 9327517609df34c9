//! A reply's body, read as it comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::Body as _;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::http::Transport;
use super::sse::Decode;
use super::{Delta, LlmError, MAX_REPLY};

/// How long the end of a body may take whose reply is complete: it is a packet that is on its way.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Deltas out of a response. Dropping it before its end drops the connection: that is how a cancelled turn
/// reaches the upstream.
pub(super) struct Reading {
    body: Option<reqwest::Body>,
    decode: Decode,
    /// Bytes of text so far.
    length: usize,
    /// How long may pass between two pieces. Before the first text another bound holds.
    idle: Duration,
    /// When all of it must have come.
    ends: Instant,
    /// When the last piece came, and what looks at it.
    heard: Instant,
    alarm: Pin<Box<Sleep>>,
    /// The last item was given.
    is_over: bool,
}

impl Reading {
    /// `begun`: when the call was made.
    pub(super) fn new(response: reqwest::Response, transport: &Transport, begun: Instant) -> Self {
        Self {
            body: Some(response.into()),
            decode: Decode::default(),
            length: 0,
            idle: transport.idle,
            ends: begun + transport.total,
            heard: Instant::now(),
            alarm: Box::pin(sleep(transport.idle.min(transport.total))),
            is_over: false,
        }
    }

    fn poll_delta(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Delta>, LlmError>> {
        loop {
            match self.decode.next()? {
                Some(Delta::Text(text)) => {
                    self.length += text.len();
                    if self.length > MAX_REPLY {
                        let garbage = LlmError::Garbage(format!("more than {MAX_REPLY} bytes of text"));
                        return Poll::Ready(Err(garbage));
                    }
                    return Poll::Ready(Ok(Some(Delta::Text(text))));
                }
                Some(usage) => return Poll::Ready(Ok(Some(usage))),
                None if self.decode.done => {
                    self.leave_body(cx);
                    return Poll::Ready(self.end());
                }
                None => {}
            }
            match self.poll_piece(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    self.heard = Instant::now();
                    self.decode.push(piece);
                }
                Poll::Ready(None) if self.decode.finished => {
                    self.body = None;
                    return Poll::Ready(self.end());
                }
                Poll::Ready(None | Some(Err(_))) => return Poll::Ready(Err(LlmError::Cut)),
                Poll::Pending => {
                    let after = ready!(self.poll_stalled(cx));
                    return Poll::Ready(Err(LlmError::Stalled(after)));
                }
            }
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<reqwest::Result<Bytes>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        loop {
            match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                // Trailers say nothing of the reply.
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Poll::Ready(Some(Ok(piece)));
                    }
                }
            }
        }
    }

    /// Resolves when nothing has come for too long, or all of it takes too long. The alarm is set anew only when it goes
    /// off, not for each piece.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            let heard = if self.length == 0 { now } else { self.heard };
            if now >= self.ends || now - heard >= self.idle {
                return Poll::Ready(now - self.heard);
            }
            self.alarm.as_mut().reset((heard + self.idle).min(self.ends));
        }
    }

    /// Behind the reply comes the body's own end, most often in the same packet. Unread, it would cost the
    /// connection, which the next call can use; but nobody waits for it.
    fn leave_body(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(piece) = self.poll_piece(cx) {
            if !matches!(piece, Some(Ok(_))) {
                self.body = None;
                return;
            }
        }
        if let Some(body) = self.body.take() {
            tokio::spawn(timeout(END_TIMEOUT, read_to_end(body)));
        }
    }

    fn end(&self) -> Result<Option<Delta>, LlmError> {
        if self.length == 0 { Err(LlmError::Empty) } else { Ok(None) }
    }
}

async fn read_to_end(mut body: reqwest::Body) {
    while let Some(Ok(_)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}
}

impl Stream for Reading {
    type Item = Result<Delta, LlmError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let delta = ready!(self.poll_delta(cx)).transpose();
        self.is_over = !matches!(delta, Some(Ok(_)));
        Poll::Ready(delta)
    }
}
