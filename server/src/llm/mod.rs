//! Chat models behind OpenAI-compatible endpoints.
//!
//! [`Chat`] is the seam: [`openai::OpenAi`] speaks to real backends, tests script their own. A reply is a
//! stream; dropping it drops the HTTP body, which is how a cancelled turn reaches the upstream.

mod connection;
pub mod embeddings;
mod generation;
pub mod http;
pub mod openai;
mod reading;
mod replicas;
mod sse;
pub mod vision;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};

use crate::event::{HistoryMessage, Usage};
use crate::language::is_han;
use crate::upstream::{Failure, Verdict};

pub use generation::Generation;
pub use replicas::Replicas;

/// The text of one reply is cut off as garbage beyond this many bytes: a visitor reads a few hundred.
pub const MAX_REPLY: usize = 64 * 1024;

/// What a call is for; each may have a model of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The plain answer.
    Answer,
    /// The tone's label.
    Select,
    /// The answer in a tone.
    Convert,
    /// A follow-up question as one that stands alone.
    Rewrite,
}

/// One call to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// Chooses the model.
    pub role: Role,
    /// Instructions; the same text call after call, so that a backend's prefix cache hits.
    pub system: String,
    /// Earlier messages, oldest first.
    pub history: Vec<HistoryMessage>,
    /// What to do now.
    pub user: String,
    /// At most this many tokens are generated.
    pub max_tokens: u32,
    /// 0 to 2; lower is steadier.
    pub temperature: f32,
}

impl ChatRequest {
    /// The prompt's length in tokens, estimated.
    pub fn likely_tokens(&self) -> u64 {
        let earlier: u64 = self.history.iter().map(|message| likely_tokens(&message.text)).sum();
        likely_tokens(&self.system) + earlier + likely_tokens(&self.user)
    }
}

/// A text's length in tokens, estimated without a tokenizer: as models of these years cut it, a Han character
/// is about one, other text about four characters a token.
pub fn likely_tokens(text: &str) -> u64 {
    let (han, all) = text.chars().fold((0, 0), |(han, all), c| (han + u64::from(is_han(c)), all + 1));
    han + (all - han).div_ceil(4)
}

/// What a reply's stream brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// A piece of text; never empty.
    Text(String),
    /// What the call cost; at most once, if the backend tells.
    Usage(Usage),
}

/// A reply as it is generated. Ends after the last delta or its first error.
pub type ChatStream = BoxStream<'static, Result<Delta, LlmError>>;

/// A model backend.
pub trait Chat: Send + Sync {
    /// Begins a call. Resolves once the backend accepted it, [`Replicas`] with its first token; the text comes by the
    /// stream.
    fn chat(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream, LlmError>>;

    /// Whether the backend answers at all.
    fn reach(&self) -> BoxFuture<'_, Result<(), LlmError>>;
}

/// Waits for a whole reply.
pub async fn collect(chat: &dyn Chat, request: ChatRequest) -> Result<(String, Usage), LlmError> {
    let mut stream = chat.chat(request).await?;
    let mut text = String::new();
    let mut usage = Usage { llm_calls: 1, ..Usage::default() };
    while let Some(delta) = stream.next().await {
        match delta? {
            Delta::Text(piece) => text.push_str(&piece),
            Delta::Usage(cost) => usage.add(&cost),
        }
    }
    Ok((text, usage))
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LlmError {
    /// No connection, or it broke before an answer's headers.
    Unreachable {
        /// The endpoint.
        url: String,
        /// The operating system's or the library's word.
        reason: String,
    },
    /// An HTTP status that is not 200, or an error object in the stream.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The backend's own message, shortened. It may quote the request, so it is not part of what is
        /// displayed and logged, unless the status speaks of the model, the key or the rate.
        message: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// It is left alone at present, because calls to it have failed.
    Away {
        /// Why the last one failed.
        reason: String,
        /// When it may be called again.
        retry_after: Duration,
    },
    /// The stream ended before the reply did.
    Cut,
    /// What came is not what was asked for: no chat completion chunks, no embeddings. What exactly is not
    /// displayed, because it may quote the reply.
    Garbage(String),
    /// No delta for this long.
    Stalled(Duration),
    /// The reply ended without any text.
    Empty,
}

impl LlmError {
    /// Whether the same call may succeed at once, where it had brought something already. One that had not was made
    /// again by the [`Replicas`], as often as it may be.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Cut | Self::Garbage(_) | Self::Empty)
    }
}

impl Failure for LlmError {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Refused { status: 408 | 429 | 500..=599, retry_after, .. } => {
                Verdict::Failed { retry_after: *retry_after }
            }
            Self::Away { retry_after, .. } => Verdict::Failed { retry_after: Some(*retry_after) },
            Self::Unreachable { .. } | Self::Cut | Self::Garbage(_) => Verdict::Failed { retry_after: None },
            Self::Refused { status: 401 | 403 | 404, .. } | Self::Stalled(_) => Verdict::Unfit,
            Self::Refused { .. } | Self::Empty => Verdict::Innocent,
        }
    }

    fn away(reason: String, retry_after: Duration) -> Self {
        Self::Away { reason, retry_after }
    }

    fn late(after: Duration) -> Self {
        Self::Stalled(after)
    }
}

impl fmt::Display for LlmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { url, reason } => write!(f, "the model at {url} can't be reached: {reason}"),
            Self::Refused { status: status @ (401 | 403 | 404 | 429), message, .. } => {
                write!(f, "the model answered {status}: {message}")
            }
            Self::Refused { status, .. } => write!(f, "the model answered {status}"),
            Self::Away { reason, .. } => write!(f, "the model is left alone for now: {reason}"),
            Self::Cut => f.write_str("the model's stream broke off"),
            Self::Garbage(_) => f.write_str("what the model sent can't be read"),
            Self::Stalled(after) => write!(f, "the model sent nothing for {} s", after.as_secs()),
            Self::Empty => f.write_str("the model's reply was empty"),
        }
    }
}

impl std::error::Error for LlmError {}

/// A text from outside, unable to close the tag that delimits it in a prompt.
pub fn untagged(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}
