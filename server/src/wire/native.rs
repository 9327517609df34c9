//! The native wire format: JSON frames. What clients send is read by [`decode()`]; what they are told is
//! written by [`write()`] and the functions for the socket's own frames. docs/protocol.md describes both.

mod decode;
mod encode;
mod report;

pub use decode::decode;
pub(super) use decode::message;
pub use encode::{Greeting, LimitsFrame, SnapshotFrame, closing, pong, write};
pub use report::report;
