//! The AI SDK's transport over a socket: any number of chats, each a session that is joined for as long as a reply of
//! its is told. A socket that goes leaves its turns running: they can be resumed by another.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::close::Ending;
use super::line::Frames;
use super::talk::{Heard, Talk};
use crate::event::Command;
use crate::session::{Gate, GivenUp, Listener, Namespace, Sessions, StoreAway, random_id};
use crate::wire::chat::{self, Frame, Question, Stream, Unread};

/// How many replies one socket may be told at a time: a page has a chat or two.
const MAX_REQUESTS: usize = 16;

/// Why a request is refused while the store is away.
const AWAY: &str = "Conversations can't be kept at the moment. Please ask again soon.";

/// A socket's chats.
pub struct Chats {
    sessions: Arc<Sessions>,
    /// Counts its messages with others'.
    gate: Option<Gate>,
    requests: Vec<Request>,
    /// Resolves when the server restarts: a socket without a request ends then, so that its client asks elsewhere.
    draining: BoxFuture<'static, ()>,
}

/// A request whose reply is not over.
struct Request {
    stream: Stream,
    state: State,
}

enum State {
    /// A session is found for a question.
    Asking(BoxFuture<'static, Result<Listener, StoreAway>>, Option<Box<Question>>),
    /// A reply is looked for that is to be told again.
    Resuming(BoxFuture<'static, Result<Option<Listener>, StoreAway>>),
    Telling(Listener),
    Over,
}

impl Chats {
    /// No chat yet.
    pub fn new(sessions: Arc<Sessions>, gate: Option<Gate>) -> Self {
        let draining = Box::pin(sessions.draining());
        Self { sessions, gate, requests: Vec::new(), draining }
    }

    fn take(&mut self, frame: Frame, frames: &mut Frames) {
        let sessions = Arc::clone(&self.sessions);
        match frame {
            Frame::Abort { request_id } => {
                if let Some(over) = self.find(&request_id).and_then(Request::abort) {
                    write(&over, frames);
                }
            }
            Frame::Send(question) => {
                let message_id = question.message.id.as_deref().unwrap_or_default();
                let stream = Stream::of_message(question.request_id.clone(), message_id);
                let chat_id = question.chat_id.clone();
                let gate = self.gate.clone();
                let joined = Box::pin(async move {
                    sessions.join(Namespace::Chat, &chat_id).await.map(|listener| listener.gated(gate))
                });
                self.begin(stream, State::Asking(joined, Some(question)), frames);
            }
            Frame::Resume { request_id, chat_id } => {
                let found = Box::pin(async move { sessions.rejoin(Namespace::Chat, &chat_id).await });
                self.begin(Stream::of_chat(request_id), State::Resuming(found), frames);
            }
        }
    }

    fn begin(&mut self, stream: Stream, state: State, frames: &mut Frames) {
        let is_known = self.find(stream.request_id()).is_some();
        if is_known || self.requests.len() >= MAX_REQUESTS {
            let why = if is_known {
                "There is a request with this requestId already."
            } else {
                "Too many replies at once. Wait for one to end."
            };
            write(&chat::error(stream.request_id(), why), frames);
        } else {
            self.requests.push(Request { stream, state });
        }
    }

    fn find(&mut self, request_id: &str) -> Option<&mut Request> {
        self.requests.iter_mut().find(|request| request.stream.request_id() == request_id)
    }
}

impl Request {
    /// Cancels the turn; what is to be said if there is none yet.
    fn abort(&mut self) -> Option<Value> {
        match &self.state {
            State::Telling(listener) => {
                match self.stream.message_id() {
                    Some(id) => listener.session.cancel_message(id),
                    None => listener.session.handle(Command::Cancel { turn_id: None }),
                }
                None
            }
            State::Asking(..) | State::Resuming(_) => {
                self.state = State::Over;
                Some(chat::ended(self.stream.request_id()))
            }
            State::Over => None,
        }
    }

    /// Says what there is to tell. An error ends the socket.
    fn tell(&mut self, cx: &mut Context<'_>, say: &mut dyn FnMut(&Value)) -> Result<(), GivenUp> {
        loop {
            match &mut self.state {
                State::Asking(joined, question) => {
                    let Poll::Ready(joined) = joined.as_mut().poll(cx) else { return Ok(()) };
                    let question = question.take();
                    self.begin(joined.map(Some), question, say);
                }
                State::Resuming(found) => {
                    let Poll::Ready(found) = found.as_mut().poll(cx) else { return Ok(()) };
                    if let Ok(Some(_)) = found {
                        say(&chat::resuming(self.stream.request_id()));
                    }
                    self.begin(found, None, say);
                }
                State::Telling(listener) => match listener.outbox.poll_take(cx) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(Ok(events)) => {
                        if events.iter().any(|event| self.stream.tell(&event.event, say)) {
                            self.state = State::Over;
                        }
                    }
                    Poll::Ready(Err(GivenUp::TooSlow)) => return Err(GivenUp::TooSlow),
                    Poll::Ready(Err(why)) => {
                        say(&chat::error(self.stream.request_id(), Ending::from(why).message));
                        self.state = State::Over;
                    }
                },
                State::Over => return Ok(()),
            }
        }
    }

    fn begin(
        &mut self,
        found: Result<Option<Listener>, StoreAway>,
        question: Option<Box<Question>>,
        say: &mut dyn FnMut(&Value),
    ) {
        self.state = match found {
            Ok(Some(listener)) => {
                if let Some(question) = question {
                    let Question { message, images, .. } = *question;
                    for image in images {
                        listener.session.handle(Command::Image(image));
                    }
                    listener.handle(Command::Message(message));
                }
                State::Telling(listener)
            }
            Ok(None) => {
                say(&chat::no_active(self.stream.request_id()));
                State::Over
            }
            Err(StoreAway) => {
                say(&chat::error(self.stream.request_id(), AWAY));
                State::Over
            }
        };
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Talk for Chats {
    fn greet(&mut self, _: &mut Frames) {}

    fn hear_text(&mut self, text: &str, frames: &mut Frames) -> Heard {
        match chat::decode(text, || format!("msg-{}", random_id())) {
            Ok(frame) => self.take(frame, frames),
            Err(Unread::Ignored) => {}
            Err(Unread::Wrong { request_id, why }) => write(&chat::error(&request_id, &why), frames),
        }
        Heard::GoOn
    }

    /// Pictures come within a message: a binary one names no request.
    fn hear_binary(&mut self, _: Bytes, _: &mut Frames) -> Heard {
        Heard::GoOn
    }

    fn poll_tell(&mut self, cx: &mut Context<'_>, frames: &mut Frames) -> Poll<Result<(), GivenUp>> {
        let mut is_said = false;
        let mut say = |frame: &Value| {
            is_said = true;
            write(frame, frames);
        };
        for request in &mut self.requests {
            if let Err(why) = request.tell(cx, &mut say) {
                return Poll::Ready(Err(why));
            }
        }
        self.requests.retain(|request| !request.is_over());
        if !is_said && self.requests.is_empty() && self.draining.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(GivenUp::Drained));
        }
        if is_said { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_given_up(&mut self, cx: &mut Context<'_>) -> Poll<GivenUp> {
        for request in &self.requests {
            if let State::Telling(listener) = &request.state
                && let Poll::Ready(GivenUp::TooSlow) = listener.outbox.poll_given_up(cx)
            {
                return Poll::Ready(GivenUp::TooSlow);
            }
        }
        Poll::Pending
    }

    fn end(&mut self, ending: Option<Ending>, frames: &mut Frames) {
        tracing::debug!(?ending, requests = self.requests.len(), "socket ends");
        let mut say = |frame: &Value| write(frame, frames);
        for Request { mut stream, state } in self.requests.drain(..) {
            let mut is_over = matches!(state, State::Over);
            if let State::Telling(listener) = &state {
                is_over = listener.outbox.take().iter().any(|event| stream.tell(&event.event, &mut say));
            }
            if let Some(ending) = ending.filter(|_| !is_over) {
                say(&chat::error(stream.request_id(), ending.message));
            }
        }
    }
}

fn write(frame: &Value, frames: &mut Frames) {
    frames.text(|out| {
        let _ = serde_json::to_writer(out, frame); // a vector takes all
    });
}
