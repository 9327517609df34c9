//! The inner vocabulary: what a client asks of a session ([`Command`]) and what a session tells its
//! clients ([`Event`]). Every wire format is a codec over these two; nothing here knows JSON.
//!
//! This room imports only [`crate::language`], so that all others can speak in its words.

mod tone;
mod turn;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use tone::{SelectedBy, Selection, Tone};
pub use turn::{
    DescriptionSource, Outcome, Source, Span, Stage, Status, Strategy, Timings, TurnReport, Usage,
};

pub(crate) use turn::millis;

use crate::language::Lang;

/// What a client asks of its session.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A visitor's question: the start of a turn.
    Message(Message),
    /// The visitor has begun to type; `refresh` says that the description on show is not of them.
    Typing {
        /// Drop the description and ask again.
        refresh: bool,
    },
    /// Stop the running turn, or only the one named.
    Cancel {
        /// The turn meant; none means whichever runs.
        turn_id: Option<String>,
    },
    /// Ends the turn of a message, whether it runs or waits.
    CancelMessage {
        /// The client's own id of the message.
        id: String,
    },
    /// A still of the visitor, as the client's camera took it; not checked yet.
    Image(Upload),
    /// End the visitor epoch: nothing of this visitor is kept.
    Forget,
}

/// A file that a client sends.
#[derive(Clone, PartialEq)]
pub struct Upload {
    /// The file.
    pub bytes: Bytes,
    /// What the client calls it, if it says so.
    pub mime: Option<String>,
    /// The client's own id of the frame.
    pub id: Option<String>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({:?}, {} bytes)", self.mime, self.bytes.len())
    }
}

/// One question with its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The question, 1 to 4,000 characters, trimmed, without NUL and bidi controls.
    pub text: String,
    /// The client's own id: a message that repeats one generates nothing.
    pub id: Option<String>,
    /// A description that the client brings itself; the VLM is not asked then.
    pub user_description: Option<String>,
    /// A tone that the client demands.
    pub tone: Option<Tone>,
    /// False: the plain answer, no description needed.
    pub convert_tone: bool,
    /// False: earlier messages don't reach the prompt.
    pub include_history: bool,
    /// What the client, which keeps the conversation itself, says was said before, oldest first.
    #[serde(default)]
    pub history: Option<Vec<HistoryMessage>>,
    /// What the front-end asks of an answering model, besides the house's own prompts.
    #[serde(default)]
    pub instructions: Option<String>,
    /// Overrides the server's strategy for this turn.
    pub strategy: Option<Strategy>,
    /// The answer's language; by default the question's.
    pub lang: Option<Lang>,
}

impl Message {
    /// A question with every option at its default.
    pub fn asking(text: String) -> Self {
        Self {
            text,
            id: None,
            user_description: None,
            tone: None,
            convert_tone: true,
            include_history: true,
            history: None,
            instructions: None,
            strategy: None,
            lang: None,
        }
    }
}

/// An earlier message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryMessage {
    /// Who said it.
    pub speaker: Speaker,
    /// What was said; answers as they were before conversion.
    pub text: String,
    /// The tone of an answer that was given in it at once.
    pub tone: Option<Tone>,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speaker {
    /// The visitor.
    Visitor,
    /// The house.
    House,
}

/// What a session tells its clients, in order. Each carries a sequence number, given by the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// What is known of the visitor has changed.
    Description {
        /// The description; empty when nobody is there.
        text: Arc<str>,
        /// Who said so.
        source: DescriptionSource,
        /// How old it is.
        age: Duration,
        /// The turn that brought it, when a client's message did.
        turn_id: Option<Arc<str>>,
    },
    /// A turn has begun.
    TurnStarted {
        /// The turn.
        turn_id: Arc<str>,
        /// The client's own id of the message.
        id: Option<Arc<str>>,
        /// A new owner of the session begins it again: what was sent of it is void.
        restarted: bool,
    },
    /// The tone of a converted turn; comes once, before its first token.
    Tone {
        /// The turn.
        turn_id: Arc<str>,
        /// The tone, how it was found, and the words that decided.
        selection: Selection,
        /// Which description it came from.
        outcome: Outcome,
    },
    /// A piece of the reply.
    Token {
        /// The turn.
        turn_id: Arc<str>,
        /// The piece; never empty.
        text: String,
    },
    /// A turn's only terminal event.
    TurnDone(Arc<TurnReport>),
    /// Something was refused or failed; the session goes on.
    Error(Box<ErrorEvent>), // boxed: it is rare, and every token is moved at the largest event's size
    /// A new visitor epoch began (after `forget`); carries no sequence number on the wire.
    EpochBegan {
        /// The epoch that begins.
        epoch: u64,
        /// The session's last sequence number.
        last_seq: u64,
        /// The epoch's resume token.
        resume_token: Arc<str>,
    },
}

/// A failure that the client can act on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorEvent {
    /// What happened, for programs: lower-case words joined by `_`.
    pub code: Cow<'static, str>,
    /// What happened and what to do, for people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// The turn it belongs to; never set on a refused message.
    pub turn_id: Option<Arc<str>>,
    /// The client's own id of a refused message, if it had one.
    pub id: Option<Arc<str>>,
}
