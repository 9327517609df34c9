//! The reply to one message of an HTTP client, as it streams. A client that hangs up has its turn cancelled: nobody
//! can come back to it.

use std::future::poll_fn;
use std::vec::IntoIter;

use crate::event::ErrorEvent;
use crate::session::{GivenUp, Listener, Sequenced};
use crate::wire::original::{Stream, Told};

/// Why a message has no reply.
pub(super) enum Unheard {
    /// It was refused.
    Refused(Box<ErrorEvent>),
    /// The session is gone.
    GivenUp,
}

/// One turn, read by its client.
pub(super) struct Reply {
    /// None once the reply is over.
    listener: Option<Listener>,
    events: IntoIter<Sequenced>,
    stream: Stream,
}

impl Reply {
    /// Waits until the turn of the message with this id begins.
    pub(super) async fn begun(listener: Listener, id: &str) -> Result<Self, Unheard> {
        let mut reply =
            Self { listener: Some(listener), events: Vec::new().into_iter(), stream: Stream::new(id) };
        loop {
            match reply.hear().await {
                Ok(Told::Begun) => return Ok(reply),
                Ok(Told::Refused(error)) => {
                    reply.listener = None;
                    return Err(Unheard::Refused(error));
                }
                Ok(_) => {}
                Err(_) => {
                    reply.listener = None;
                    return Err(Unheard::GivenUp);
                }
            }
        }
    }

    /// The next piece of text; none behind the last.
    pub(super) async fn next(&mut self) -> Option<String> {
        while self.listener.is_some() {
            match self.hear().await {
                Ok(Told::Text(text)) => return Some(text),
                Ok(Told::End(text)) => {
                    self.listener = None;
                    return Some(text);
                }
                Ok(_) => {}
                Err(why) => {
                    // What runs on is nobody's.
                    self.cancel();
                    return Some(self.stream.end(Some(match why {
                        GivenUp::TooSlow => "too much waited unread",
                        GivenUp::Drained => "the server is restarting",
                        GivenUp::Replaced | GivenUp::Collided => "the session was closed",
                    })));
                }
            }
        }
        None
    }

    async fn hear(&mut self) -> Result<Told, GivenUp> {
        loop {
            if let Some(event) = self.events.next() {
                return Ok(self.stream.tell(&event.event));
            }
            let Some(listener) = &self.listener else { return Err(GivenUp::Replaced) };
            self.events = poll_fn(|cx| listener.outbox.poll_take(cx)).await?.into_iter();
        }
    }

    fn cancel(&mut self) {
        if let (Some(listener), Some(id)) = (self.listener.take(), self.stream.message_id()) {
            listener.session.cancel_message(id);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.cancel();
    }
}
