//! The sockets.
//!
//! Not `axum::serve`: its graceful shutdown waits for every reply, and some replies here hang on purpose. This loop
//! owns its connections, so that none outlives it: what is not finished a moment after the shutdown is dropped.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::config::Config;
use crate::simulator::Simulator;

/// How long replies in flight may take to end after the shutdown. Long enough for what is about to be written, short
/// enough for someone who waits at a terminal.
const GRACE: Duration = Duration::from_millis(500);

/// How long to wait after a failed accept (no file descriptor left, mostly): without it the loop would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Simulates until `shutdown` is ready, then lets replies in flight end for half a second, drops the others (hanging
/// ones among them) and returns; no task outlives it. Fails with `InvalidInput` if the configuration is refused.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let simulator =
        Simulator::new(config).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    simulator.serve(listener, shutdown).await
}

impl Simulator {
    /// As [`serve`], for those who want to look at [`Simulator::stats`] meanwhile.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        info!(address = %listener.local_addr()?, seed = self.0.config.seed, "listening");
        let service = TowerToHyperService::new(self.router());
        let stop = CancellationToken::new();
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, service.clone(), stop.clone()));
                    }
                    Err(error) => {
                        warn!(%error, "cannot accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        drop(listener);
        info!(connections = connections.len(), "stopping");
        stop.cancel();
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if timeout(GRACE, all_ended).await.is_err() {
            connections.shutdown().await;
        }
        Ok(())
    }
}

/// Serves one connection until either side has enough.
async fn converse(stream: TcpStream, service: TowerToHyperService<axum::Router>, stop: CancellationToken) {
    // Tokens are small writes that must not wait for each other.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "cannot set TCP_NODELAY");
    }
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection broke");
    }
}
