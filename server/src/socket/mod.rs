//! The only room that knows WebSocket: handshake checks, ping and pong, limits, slow readers, close codes.
//!
//! [`handshake`] turns an HTTP request into an [`Upgrade`] or a refusal; [`serve`] then carries a
//! [`Talk`], one protocol's side of a conversation, over the connection until either side ends it. It is generic over
//! the byte stream.

mod bounds;
mod chat;
mod close;
mod converse;
pub mod handshake;
mod line;
mod native;
mod realtime;
mod talk;

use std::time::Duration;

pub use chat::Chats;
pub use close::{Ending, Leave, REASONS};
pub use converse::{Away, Farewell, Host, serve, turn_away};
pub use handshake::{Format, Route, Upgrade, Wish};
pub use line::Frames;
pub use native::{House, Native};
pub use realtime::Realtime;
pub use talk::{Heard, Talk};

/// The sockets' limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a text message: a question of 4,000 characters with a description fits ten times.
    pub max_message: usize,
    /// Bytes of a binary message: a 512-pixel still as JPEG fits many times.
    pub max_image: usize,
    /// How often a client is pinged: proxies cut connections that idle for 60 s.
    pub ping_interval: Duration,
    /// How long a ping may stay unanswered: a dead client holds its session's turn no longer.
    pub pong_timeout: Duration,
    /// How long a connection may take to send its request: those that say nothing hold a place.
    pub handshake_timeout: Duration,
}
