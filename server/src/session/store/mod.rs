//! Where sessions are kept beside this process, so that any node can go on with any session.
//!
//! A session belongs to one node at a time. Who takes it gets a *fence*: a number that rises with every owner.
//! Each write shows it, and the store refuses the writes of a former owner, however late they come. A node says
//! that it lives by a heartbeat; a session whose owner is silent is free.

mod redis;

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(super) use self::redis::NODE_TTL;
pub(super) use self::redis::RedisStore;
use super::outbox::Sequenced;
use crate::event::{HistoryMessage, Message};

/// Where a new owner of a session went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Takeover {
    /// The owner's fence.
    pub(super) owner: u64,
    /// The last sequence number of its predecessors that it knew.
    pub(super) seq: u64,
}

/// A session, but for its frames and the visitor's description.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The visitor epoch.
    pub(super) epoch: u64,
    /// The last sequence number.
    pub(super) seq: u64,
    /// How many turns there were.
    pub(super) turns: u64,
    /// The visitor's appearance was not yet spoken of.
    pub(super) mention_due: bool,
    /// What was said, oldest first.
    pub(super) history: Vec<HistoryMessage>,
    /// The clients' own ids of messages whose turns have begun, oldest first.
    pub(super) ids: Vec<Arc<str>>,
    /// The turn that runs.
    pub(super) running: Option<Running>,
    /// What the session's owners went on from, the newest last.
    #[serde(default)]
    pub(super) takeovers: Vec<Takeover>,
    /// How many visitors the session had before this one, as description services are told.
    #[serde(default)]
    pub(super) visitor: u32,
}

/// A turn that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    /// The turn.
    pub(super) turn_id: Arc<str>,
    /// Its question: enough to begin it again.
    pub(super) message: Message,
    /// How often it was begun.
    pub(super) attempts: u32,
}

/// What a camera saw, with its age: nodes have no clock in common.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// The description.
    pub(super) text: Arc<str>,
    /// How old it is.
    pub(super) age: Duration,
}

/// What is written at once.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// The owner's fence.
    pub(super) fence: u64,
    /// The owner's writes are numbered from 1: one that is overtaken on its way is refused.
    pub(super) number: u64,
    /// The resume token's [`digest`].
    pub(super) token: String,
    /// Frames in order.
    pub(super) frames: Vec<Sequenced>,
    /// The oldest frame that is still of use.
    pub(super) first_seq: u64,
    /// The record, where it has changed.
    pub(super) record: Option<Record>,
    /// What the camera last saw, where the record has changed.
    pub(super) seen: Option<Seen>,
    /// All that the store has of the session is replaced: it is behind, or another epoch's.
    pub(super) is_whole: bool,
}

/// A session that was taken over.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// The new owner's fence.
    pub(super) fence: u64,
    /// The session.
    pub(super) record: Record,
    /// What the camera last saw.
    pub(super) seen: Option<Seen>,
    /// The frames that can be sent again, oldest first.
    pub(super) frames: Vec<Sequenced>,
}

/// What comes of the wish to own a session.
#[derive(Debug, Clone)]
pub(super) enum Claimed {
    /// There is none with this id and token.
    Unknown,
    /// A turn of it runs on a node that lives at this address.
    Elsewhere(String),
    /// It is the caller's now.
    Ours(Box<Kept>),
}

/// Why something was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreError {
    /// The session has another owner by now.
    Fenced,
    /// Another session was begun under the same id, and was written first.
    Collided,
    /// The store has lost the session: it must be written whole.
    Missing,
    /// The store can't be reached or writes nothing at present.
    Unavailable(String),
    /// What it has of this session can't be read or added to.
    Broken(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fenced => f.write_str("another node owns the session by now"),
            Self::Collided => f.write_str("another session has the id"),
            Self::Missing => f.write_str("the store has lost the session"),
            Self::Unavailable(why) | Self::Broken(why) => f.write_str(why),
        }
    }
}

/// What a store's call brings.
pub(super) type Reply<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A store, as one node uses it. Every call may take as long as it likes: the caller limits it.
pub(super) trait Store: Send + Sync {
    /// Makes a session the caller's, whoever had it. `is_polite`: unless a turn runs at a node that lives.
    fn claim<'a>(&'a self, id: &'a str, token: &'a str, is_polite: bool) -> Reply<'a, Claimed>;

    /// Whether a session with this id exists.
    fn exists<'a>(&'a self, id: &'a str) -> Reply<'a, bool>;

    /// Writes, if the session is still the caller's. A write by the same fence that has come before is another
    /// session's, begun under the same id. Missing: also if an earlier
    /// one has not come, or a former owner's is all that the store has.
    fn write<'a>(&'a self, id: &'a str, batch: &'a Batch) -> Reply<'a, ()>;

    /// Keeps sessions from running out, each with its fence; says of each how it stands.
    fn touch<'a>(&'a self, sessions: &'a [(Arc<str>, u64)]) -> Reply<'a, Vec<Result<(), StoreError>>>;

    /// Drops all of a session, if it is still the caller's.
    fn erase<'a>(&'a self, id: &'a str, fence: u64) -> Reply<'a, ()>;

    /// Says that this node lives, and where others find it (empty: nowhere); returns the sessions that
    /// others took from it since, with their fences.
    fn beat<'a>(&'a self, address: &'a str) -> Reply<'a, Vec<(u64, String)>>;

    /// Says that this node lives no longer.
    fn leave(&self) -> Reply<'_, ()>;
}

/// What of a resume token is written down: who reads the store can't come back as the visitor.
pub(super) fn digest(token: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    hex(digest.as_ref())
}

/// Bytes in hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
