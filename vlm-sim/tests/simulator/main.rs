//! The simulator from outside: over sockets, as a program, and, where time matters, under a paused clock.

// clippy.toml allows it in test functions, and overlooks what they call.
#![allow(clippy::unwrap_used)]

mod chats;
mod client;
mod clock;
mod descriptions;
mod drops;
mod program;
