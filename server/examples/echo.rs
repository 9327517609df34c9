//! An echo over the server's own WebSocket room, for conformance tests: what comes to `/ws` goes back, text as text,
//! binary as binary. usage: echo --listen 127.0.0.1:9001 [--max-message 64MiB]

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::response::IntoResponse;
use axum::routing::any;
use bytes::Bytes;
use clap::{Arg, Command, value_parser};
use hyper::server::conn::http1;
use hyper::upgrade::Parts;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rapport::session::GivenUp;
use rapport::socket::handshake::Door;
use rapport::socket::{self, Ending, Frames, Heard, Host, Leave, Limits, Route, Talk};
use tokio::net::{TcpListener, TcpStream};

/// Says what it hears.
struct Echo;

impl Talk for Echo {
    fn greet(&mut self, _: &mut Frames) {}

    fn hear_text(&mut self, text: &str, frames: &mut Frames) -> Heard {
        frames.text(|out| out.extend_from_slice(text.as_bytes()));
        Heard::GoOn
    }

    fn hear_binary(&mut self, bytes: Bytes, frames: &mut Frames) -> Heard {
        frames.binary(|out| out.extend_from_slice(&bytes));
        Heard::GoOn
    }

    fn poll_tell(&mut self, _: &mut Context<'_>, _: &mut Frames) -> Poll<Result<(), GivenUp>> {
        Poll::Pending
    }

    fn poll_given_up(&mut self, _: &mut Context<'_>) -> Poll<GivenUp> {
        Poll::Pending
    }

    fn end(&mut self, _: Option<Ending>, _: &mut Frames) {}
}

async fn websocket(State(host): State<Arc<Host>>, mut request: Request) -> Response<Body> {
    let upgrade = match Door::default().check(Route::Native, request.method(), request.headers(), &[]) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return refusal.into_response(),
    };
    let on_upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = on_upgrade.await else { return };
        let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
        socket::serve(io.into_inner(), read_buf.to_vec(), Echo, host).await;
    });
    upgrade.response()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let flags = Command::new("echo")
        .arg(
            Arg::new("listen")
                .long("listen")
                .default_value("127.0.0.1:9001")
                .value_parser(value_parser!(SocketAddr)),
        )
        .arg(
            Arg::new("max-message")
                .long("max-message")
                .default_value("64MiB")
                .value_parser(value_parser!(bytesize::ByteSize)),
        )
        .get_matches();
    let Some(listen) = flags.get_one::<SocketAddr>("listen") else { return Ok(()) };
    let most = flags.get_one::<bytesize::ByteSize>("max-message").map_or(0, bytesize::ByteSize::as_u64);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let limits = Limits {
        max_message: most,
        max_image: most,
        ping_interval: Duration::from_secs(20),
        pong_timeout: Duration::from_secs(10),
        handshake_timeout: Duration::from_secs(5),
    };
    let host = Arc::new(Host { limits, leave: Leave::default() });
    let listener = TcpListener::bind(listen).await?;
    println!("echo listens on ws://{}/ws", listener.local_addr()?);
    let router = Router::new().route("/ws", any(websocket)).with_state(Arc::clone(&host));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(host.limits.handshake_timeout)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()))
            .with_upgrades();
        tokio::spawn(connection);
    }
}
