//! How a socket ends: the close codes, and the last steps on the connection.

use std::future::poll_fn;
use std::sync::OnceLock;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::line::Line;
use crate::session::GivenUp;

/// After the close frame, the peer has this long to close; and after the end of our side as long again.
const LINGER: Duration = Duration::from_secs(1);

/// Why a socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed, or the connection is gone.
    Peer,
    /// All that was asked for was told.
    Over,
    /// The server ends it.
    Server(Ending),
}

/// A close code with its reasons, for programs and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    pub(super) code: u16,
    pub(super) name: &'static str,
    pub(super) message: &'static str,
}

pub(super) const PROTOCOL: Ending = Ending {
    code: 1002,
    name: "protocol_error",
    message: "The connection broke the WebSocket protocol. Please connect again.",
};
pub(super) const BAD_UTF8: Ending = Ending {
    code: 1007,
    name: "bad_utf8",
    message: "A text message was not UTF-8. Please connect again and send UTF-8.",
};
pub(super) const UNAUTHORIZED: Ending = Ending {
    code: 1008,
    name: "unauthorized",
    message: "This server asks for a token: ?token=, a bearer header, or the subprotocol rapport-token.",
};
pub(super) const TOO_BIG: Ending = Ending {
    code: 1009,
    name: "message_too_big",
    message: "The message is larger than this server takes; its limits are in the session frame.",
};
pub(super) const GOING_AWAY: Ending =
    Ending { code: 1001, name: "shutting_down", message: "The server is shutting down." };
pub(super) const RESTARTING: Ending =
    Ending { code: 1012, name: "restarting", message: "The server is restarting. Please connect again." };
pub(super) const STORE_AWAY: Ending = Ending {
    code: 1013,
    name: "store_unavailable",
    message: "Conversations can't be kept at the moment. Please connect again soon.",
};
pub(super) const NO_PONG: Ending =
    Ending { code: 4001, name: "no_pong", message: "No pong came in time. Please connect again." };
const COLLIDED: Ending = Ending {
    code: 1012,
    name: "id_taken",
    message: "Another session has this id by now. Please connect again.",
};
const SLOW: Ending = Ending {
    code: 4000,
    name: "slow_consumer",
    message: "Too much waited unread for this client. Please connect again.",
};
const REPLACED: Ending =
    Ending { code: 4003, name: "replaced", message: "A newer connection of the same session took over." };

/// Why sockets end, as metrics have it: by the peer, behind the one reply that was asked for, or by the server.
pub const REASONS: [&str; 13] = [
    PEER,
    REPLIED,
    PROTOCOL.name,
    BAD_UTF8.name,
    UNAUTHORIZED.name,
    TOO_BIG.name,
    GOING_AWAY.name,
    RESTARTING.name,
    STORE_AWAY.name,
    NO_PONG.name,
    COLLIDED.name,
    SLOW.name,
    REPLACED.name,
];
pub(super) const PEER: &str = "peer";
pub(super) const REPLIED: &str = "replied";

impl From<GivenUp> for Ending {
    fn from(why: GivenUp) -> Self {
        match why {
            GivenUp::Replaced => REPLACED,
            GivenUp::TooSlow => SLOW,
            GivenUp::Drained => RESTARTING,
            GivenUp::Collided => COLLIDED,
        }
    }
}

/// Asks all sockets of a server to end.
#[derive(Debug, Default)]
pub struct Leave {
    token: CancellationToken,
    is_restart: OnceLock<bool>,
}

impl Leave {
    /// Asks; `is_restart` tells clients to come back.
    pub fn ask(&self, is_restart: bool) {
        let _ = self.is_restart.set(is_restart); // the first word counts
        self.token.cancel();
    }

    /// Waits until asked.
    pub(super) async fn asked(&self) -> Ending {
        self.token.cancelled().await;
        if self.is_restart.get() == Some(&true) { RESTARTING } else { GOING_AWAY }
    }
}

/// Sends the close frame, reads and drops what the peer still sends, and ends the connection with a FIN.
/// Unread input would make the kernel send an RST, which can destroy the close frame on its way.
pub(super) async fn close<S>(mut line: Line<S>, code: u16, reason: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let was_readable = !line.is_broken();
    let mut is_said = false;
    let mut is_heard = !was_readable;
    let farewell = poll_fn(|cx| {
        if !is_said {
            line.say_close(cx, code, reason);
            is_said = true;
        }
        // The peer's close may need an answer, so writing goes on beside reading.
        while !is_heard {
            match line.poll_hear(cx) {
                Poll::Ready(heard) => is_heard = heard.is_err(),
                Poll::Pending => break,
            }
        }
        let sent = ready!(line.poll_send(cx));
        if is_heard || sent.is_err() { Poll::Ready(()) } else { Poll::Pending }
    });
    let deadline = Instant::now() + LINGER;
    let is_answered = timeout_at(deadline, farewell).await.is_ok();
    let mut io = line.into_inner();
    if !(was_readable && is_answered) {
        let _ = timeout_at(deadline, drain(&mut io)).await; // a peer that never stops is left to the kernel
    }
    let _ = io.shutdown().await; // the peer may be gone already
    let _ = timeout(LINGER, drain(&mut io)).await;
}

async fn drain(io: &mut (impl AsyncRead + Unpin)) {
    let mut scrap = [0; 4096];
    while io.read(&mut scrap).await.is_ok_and(|length| length > 0) {}
}
