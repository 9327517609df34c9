//! What is said over a socket: each protocol is a [`Talk`], and the socket knows none of them.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::Limits;
use super::close::Ending;
use super::line::Frames;
use crate::session::GivenUp;

/// One protocol's side of a conversation.
pub trait Talk {
    /// Says what a client is told first.
    fn greet(&mut self, frames: &mut Frames);

    /// Bytes of the largest text message that it takes.
    fn largest_text(&self, limits: &Limits) -> usize {
        limits.max_message
    }

    /// Takes a text message, no larger than [`Talk::largest_text`].
    fn hear_text(&mut self, text: &str, frames: &mut Frames) -> Heard;

    /// Takes a binary message, no larger than `max_image`.
    fn hear_binary(&mut self, bytes: Bytes, frames: &mut Frames) -> Heard;

    /// Says what there is to tell; pending when there is nothing. An error says that nothing more comes.
    fn poll_tell(&mut self, cx: &mut Context<'_>, frames: &mut Frames) -> Poll<Result<(), GivenUp>>;

    /// Waits until nothing more is to be told, whatever still waits.
    fn poll_given_up(&mut self, cx: &mut Context<'_>) -> Poll<GivenUp>;

    /// Whether all that was asked for was told.
    fn is_over(&self) -> bool {
        false
    }

    /// Says the last words: what still waits, and, where the server ends the socket, why. After it the talk is
    /// dropped.
    fn end(&mut self, ending: Option<Ending>, frames: &mut Frames);
}

/// What a message means for its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It goes on.
    GoOn,
    /// Nothing of what was read stays in memory.
    Wipe,
    /// It ends.
    End(Ending),
}
