//! A WebSocket over a byte stream, made for thousands that idle and some that stream.
//!
//! The library reads: frames, masks, fragments, UTF-8, the close handshake. Behind a large message it begins anew, so
//! that nothing is left of it in a read buffer. What it and we write gathers in [`Frames`], so that all of a wake-up
//! goes out in one write, a token frame is written in place, and a socket with nothing to say holds no write buffer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{
    CloseFrame, Message, Role, WebSocketConfig, WebSocketContext,
};

use super::bounds::Bounds;

/// Holds a visitor's question; the library's default of 128 KiB would be most of an idle socket's memory.
/// Longer messages grow it to their own length, until they have been read.
const READ_BUFFER: usize = 512;

/// The library writes its own frames, pongs and the close, at once into [`Frames`].
const WRITE_BUFFER: usize = 0;

/// What a frame's header takes at most, unmasked.
const MAX_HEADER: usize = 10;

/// One side of a WebSocket, the server's.
pub(super) struct Line<S> {
    io: S,
    /// What came right behind the handshake, until it is read.
    early: Vec<u8>,
    context: WebSocketContext,
    bounds: Bounds,
    /// What was read is to be wiped.
    is_stale: bool,
    /// What is to be sent.
    pub(super) frames: Frames,
    is_broken: bool,
}

impl<S> Line<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// A connection that is a WebSocket by now. `already_read`: what came right behind the handshake; `largest`: bytes
    /// of the largest message that is read.
    pub(super) fn new(io: S, already_read: Vec<u8>, largest: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(largest))
            .max_frame_size(Some(largest));
        Self {
            io,
            early: already_read,
            context: WebSocketContext::new(Role::Server, Some(config)),
            bounds: Bounds::new(READ_BUFFER),
            is_stale: false,
            frames: Frames::default(),
            is_broken: false,
        }
    }

    /// Sends what is to be sent; ready once the connection has taken all.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.frames.poll_write(cx, &mut self.io)
    }

    /// The next message. An error is the end of the conversation, a closed one too.
    pub(super) fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, WsError>> {
        let Self { io, early, bounds, frames, .. } = self;
        let mut half = Half { io, early, bounds, frames, cx };
        match self.context.read(&mut half) {
            Err(WsError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                // All that has come was taken out.
                if self.is_stale && self.bounds.is_behind_message() {
                    self.begin_anew();
                }
                Poll::Pending
            }
            Err(error) => {
                self.is_broken = !matches!(error, WsError::ConnectionClosed | WsError::AlreadyClosed);
                Poll::Ready(Err(error))
            }
            heard => {
                if matches!(heard, Ok(Message::Text(_) | Message::Binary(_))) {
                    self.shrink();
                }
                Poll::Ready(heard)
            }
        }
    }

    /// Behind a whole message no fragment waits, and once a large frame has come nothing was read past its end: what
    /// the library holds is an empty buffer of that frame's size. While closing, it has more to remember.
    fn shrink(&mut self) {
        if self.bounds.is_behind_large() {
            self.begin_anew();
        }
    }

    /// Gives the library's buffer up, which must be empty by now. While closing, the library has more to remember.
    fn begin_anew(&mut self) {
        if self.context.can_write() {
            self.context = WebSocketContext::new(Role::Server, Some(*self.context.get_config()));
            self.bounds = Bounds::new(READ_BUFFER);
            self.is_stale = false;
        }
    }

    /// Nothing of what was read so far stays in memory, as soon as that can be.
    pub(super) fn wipe(&mut self) {
        self.is_stale = true;
    }

    /// Whether reading failed: what still comes is no WebSocket, or nothing.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Says that no more comes from here; the close frame, unless the peer's is being answered.
    pub(super) fn say_close(&mut self, cx: &mut Context<'_>, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let Self { io, early, bounds, frames, .. } = self;
        let mut half = Half { io, early, bounds, frames, cx };
        let _ = self.context.close(&mut half, Some(frame)); // "closed already" is no news here
    }

    /// The connection without its WebSocket.
    pub(super) fn into_inner(self) -> S {
        self.io
    }
}

/// Frames that wait to be written.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// How many of them are written.
    written: usize,
}

impl Frames {
    /// Makes room for so many bytes more.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Adds a text message; `write` appends its text and nothing else.
    pub fn text(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.message(Data::Text, write);
    }

    /// Adds a binary message; `write` appends its bytes and nothing else.
    pub fn binary(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.message(Data::Binary, write);
    }

    fn message(&mut self, kind: Data, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        self.bytes.extend([0; MAX_HEADER]);
        let payload = self.bytes.len();
        write(&mut self.bytes);
        let length = self.bytes.len() - payload;
        // The header's size depends on the payload's; so the payload moves up to it.
        let header = header(OpCode::Data(kind), length);
        let begin = start + header.len();
        self.bytes[start..begin].copy_from_slice(&header);
        self.bytes.copy_within(payload.., begin);
        self.bytes.truncate(begin + length);
    }

    /// Adds a ping.
    pub(super) fn ping(&mut self) {
        self.bytes.extend_from_slice(&header(OpCode::Control(Control::Ping), 0));
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            match ready!(Pin::new(&mut *io).poll_write(cx, &self.bytes[self.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                taken => self.written += taken,
            }
        }
        *self = Self::default(); // an idle socket holds no buffer
        Poll::Ready(Ok(()))
    }
}

/// A header's bytes: 2, 4 or 10.
fn header(opcode: OpCode, length: usize) -> Header {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    let mut bytes = [0; MAX_HEADER];
    let mut rest = &mut bytes[..];
    header.format(length as u64, &mut rest).expect("ten bytes hold every header");
    let length = MAX_HEADER - rest.len();
    Header { bytes, length }
}

struct Header {
    bytes: [u8; MAX_HEADER],
    length: usize,
}

impl std::ops::Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The connection as the library sees it: reads come from it, writes gather behind what waits already.
struct Half<'a, 'b, S> {
    io: &'a mut S,
    early: &'a mut Vec<u8>,
    bounds: &'a mut Bounds,
    frames: &'a mut Frames,
    cx: &'a mut Context<'b>,
}

impl<S: AsyncRead + Unpin> io::Read for Half<'_, '_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.bounds.may_read().min(buffer.len());
        let buffer = &mut buffer[..most];
        let length = if self.early.is_empty() {
            let mut buffer = ReadBuf::new(buffer);
            match Pin::new(&mut *self.io).poll_read(self.cx, &mut buffer) {
                Poll::Ready(result) => result.map(|()| buffer.filled().len())?,
                Poll::Pending => return Err(io::ErrorKind::WouldBlock.into()),
            }
        } else {
            let length = self.early.len().min(buffer.len());
            buffer[..length].copy_from_slice(&self.early[..length]);
            self.early.drain(..length);
            if self.early.is_empty() {
                *self.early = Vec::new(); // it is not held as capacity
            }
            length
        };
        self.bounds.advance(&buffer[..length]);
        Ok(length)
    }
}

impl<S> io::Write for Half<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frames.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::StreamExt;
    use tokio_tungstenite::WebSocketStream;

    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x11, 0x22, 0x33, 0x44];
        let header = match payload.len() {
            length @ 0..126 => vec![first, 0x80 | u8::try_from(length).unwrap()],
            length => [&[first, 0xFF][..], &(length as u64).to_be_bytes()].concat(),
        };
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        [header, mask.to_vec(), payload.collect()].concat()
    }

    #[tokio::test]
    async fn a_large_message_leaves_no_buffer_and_loses_nothing_around_it() {
        let large = vec![7; 300_000];
        let sent = [
            masked(0x81, b"before"),
            masked(0x82, &large),
            masked(0x89, b"ping"),
            masked(0x81, b"behind"),
            // Fragments with a ping between them, the last one small.
            masked(0x02, &large),
            masked(0x89, b"ping"),
            masked(0x00, &large),
            masked(0x80, b"end"),
            masked(0x81, b"last"),
        ]
        .concat();
        let expected = [
            Message::text("before"),
            Message::binary(large.clone()),
            Message::Ping(b"ping"[..].into()),
            Message::text("behind"),
            Message::Ping(b"ping"[..].into()),
            Message::binary([&large[..], &large, b"end"].concat()),
            Message::text("last"),
        ];
        // What comes with the handshake may end anywhere.
        for early in [0, 3, 5_000, 300_050, sent.len()] {
            let (mut theirs, ours) = tokio::io::duplex(1000);
            let mut line = Line::new(ours, sent[..early].to_vec(), 1_000_000);
            let rest = sent[early..].to_vec();
            let sending = tokio::spawn(async move {
                tokio::io::AsyncWriteExt::write_all(&mut theirs, &rest).await.unwrap();
                theirs
            });
            for message in &expected {
                let heard = poll_fn(|cx| line.poll_hear(cx)).await.unwrap();
                assert!(heard == *message, "{early}: {} bytes", heard.len());
                if heard.is_binary() {
                    assert!(!line.bounds.is_behind_large(), "{early}: the buffer is still there");
                }
            }
            assert!(line.early.is_empty());
            sending.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_client_reads_what_was_written_whatever_its_length() {
        let (ours, theirs) = tokio::io::duplex(700);
        let mut frames = Frames::default();
        let texts = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000].map(|length| "x".repeat(length));
        for text in &texts {
            frames.text(|out| out.extend_from_slice(text.as_bytes()));
            frames.ping();
        }
        let writing = tokio::spawn(async move {
            let mut io = ours;
            poll_fn(|cx| frames.poll_write(cx, &mut io)).await.unwrap();
            assert!(frames.is_empty() && frames.bytes.capacity() == 0);
        });
        let mut client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        for text in texts {
            assert_eq!(client.next().await.unwrap().unwrap(), Message::text(text));
            assert_eq!(client.next().await.unwrap().unwrap(), Message::Ping(Vec::new().into()));
        }
        writing.await.unwrap();
    }
}
