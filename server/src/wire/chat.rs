//! The AI SDK's WebSocket transport: what its clients send ([`decode()`]), and a reply as they read it ([`Stream`]).
//! docs/ai-sdk.md describes it; the protocol is that of `WebSocketChatTransport` in the npm package `ai`, version 7.

mod decode;
mod stream;

pub use decode::{Frame, Question, Unread, decode};
pub use stream::{Stream, ended, error, no_active, resuming};
