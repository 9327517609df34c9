//! Who stands there: clients of description services, and the cache with one fetch in flight a session.

mod cache;
mod service;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use cache::{Descriptions, Flight, Landed, Landing, Look, Sight};
pub use service::{Api, Service};

/// A description's limit in characters; what a VLM says beyond it is not read.
pub const MAX_DESCRIPTION: usize = 1000;

/// A description service.
pub trait Vlm: Send + Sync {
    /// Describes whoever stands before a session's camera; an empty text says that nobody does. `visitor`
    /// counts the session's visitors from 0: what was seen of an earlier one is of no use.
    fn describe(&self, session_id: &str, visitor: u32) -> BoxFuture<'_, Result<String, VlmError>>;

    /// Whether the service answers at all.
    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>>;
}

/// Why there is no description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VlmError {
    /// No connection.
    Unreachable(String),
    /// An HTTP status that is not 200.
    Refused(u16),
    /// Something else than a description.
    Garbage(&'static str),
    /// It took longer than `vlm_timeout`.
    TimedOut(Duration),
}

impl fmt::Display for VlmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) => write!(f, "the description service can't be reached: {reason}"),
            Self::Refused(status) => write!(f, "the description service answered {status}"),
            Self::Garbage(what) => write!(f, "the description service sent {what}"),
            Self::TimedOut(after) => write!(f, "the description service took over {} ms", after.as_millis()),
        }
    }
}

impl std::error::Error for VlmError {}

/// Makes a description safe to pass on as data: one line, no control characters, of bounded length.
pub fn clean(text: &str) -> String {
    let line: String = text
        .chars()
        .filter(|c| !crate::language::is_bidi_control(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_DESCRIPTION)
        .collect();
    line.trim().to_owned()
}
