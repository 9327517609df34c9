//! Hands a client's connection on to the node where its session's turn runs, byte by byte. So a turn goes on where it
//! is, whichever node the client comes back to.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode};
use hyper::client::conn::http1;
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::App;

/// Marks a request that was handed on once, so that it stays where it is.
pub(super) const RELAYED: &str = "x-rapport-relayed";

/// How long the other node may take to accept: it is near, and a client waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hands a WebSocket's handshake on and, where the other node accepts it, all that follows. None if it doesn't.
pub(super) async fn relay(app: &Arc<App>, request: &mut Request, address: &str) -> Option<Response<Body>> {
    let mut theirs = Request::new(Body::empty());
    *theirs.method_mut() = request.method().clone();
    *theirs.uri_mut() = request.uri().clone();
    *theirs.headers_mut() = request.headers().clone();
    theirs.headers_mut().insert(RELAYED, HeaderValue::from_static("1"));
    let accepted = timeout(PATIENCE, accept(theirs, address)).await;
    let (response, theirs) = match accepted {
        Ok(Ok(accepted)) => accepted,
        Ok(Err(error)) => {
            tracing::warn!(address, error, "the node that has the session does not take its client");
            return None;
        }
        Err(_) => {
            tracing::warn!(address, "the node that has the session does not answer");
            return None;
        }
    };
    let ours = upgrade::on(request);
    let closing = app.closing.clone();
    app.connections.spawn(async move {
        let (Ok(ours), Ok(theirs)) = tokio::join!(ours, theirs) else { return };
        let (mut ours, mut theirs) = (TokioIo::new(ours), TokioIo::new(theirs));
        let copied = tokio::io::copy_bidirectional(&mut ours, &mut theirs);
        let _ = closing.run_until_cancelled(copied).await; // either end may go as it likes
    });
    Some(response)
}

async fn accept(request: Request, address: &str) -> Result<(Response<Body>, upgrade::OnUpgrade), String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let _ = stream.set_nodelay(true); // a token must not wait for the next one
    let (mut node, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection.with_upgrades()); // ends with its stream
    let mut response = node.send_request(request).await.map_err(|error| error.to_string())?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(format!("status {}", response.status()));
    }
    let upgrade = upgrade::on(&mut response);
    let (parts, _) = response.into_parts();
    Ok((Response::from_parts(parts, Body::empty()), upgrade))
}
