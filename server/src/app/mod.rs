//! The server: listener, routes, start and stop.
//!
//! [`Server::new`] opens everything that can be wrong, [`Server::serve`] runs it on a listener until it is
//! asked to stop. Tests and the program share both.

mod guests;
mod health;
mod original;
mod page;
mod realtime;
mod relay;
mod reply;
mod routes;
mod tls;
mod tokens;
mod warm;
mod warmup;
mod wiring;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use guests::GuestLimits;
pub use tls::Certificate;
pub use wiring::{Backends, StartError};
pub(crate) use wiring::{library, prompts, research, voices};

use guests::{Guests, Peer};
use tls::{Io, Tls};

use crate::config::Config;
use crate::knowledge::{Library, LibraryError};
use crate::observe::Metrics;
use crate::prompts::Prompts;
use crate::session::Sessions;
use crate::socket::handshake::Door;
use crate::socket::{Host, House};

/// How long running turns may take to say their end.
const TURNS_END: Duration = Duration::from_secs(1);

/// How long sockets may take to close: a second each for last words, for the peer's close, and for the end
/// of a peer that goes on talking.
const SOCKETS_END: Duration = Duration::from_secs(4);

/// A pause after a failed accept: most likely the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It goes away; sockets close with 1001.
    Shutdown,
    /// It comes back: turns are played to their end first; sockets close with 1012.
    Restart,
}

/// A server, ready to listen.
pub struct Server {
    app: Arc<App>,
    handshake_timeout: Duration,
    drain_timeout: Duration,
    /// Turns and fetches.
    tasks: TaskTracker,
    /// No new turns; fetches and the sweep end.
    shutdown: CancellationToken,
}

/// What handlers share.
struct App {
    sessions: Arc<Sessions>,
    metrics: Arc<Metrics>,
    host: Arc<Host>,
    house: Arc<House>,
    door: Door,
    token_file: Option<PathBuf>,
    guests: Arc<Guests>,
    page: page::Page,
    health: health::Health,
    warmth: warm::Warmth,
    warmup: Option<warmup::Warmup>,
    documents: Option<Arc<Library>>,
    /// The server's own certificate, if it speaks TLS.
    tls: Option<Arc<Tls>>,
    /// Descriptions that the page offers to try.
    visitors: Vec<String>,
    /// How often the documents are looked at for changes; 0: never.
    reload: Duration,
    /// Connections and sockets.
    connections: TaskTracker,
    /// Those of the connections that are sockets with a session, to be counted.
    sockets: TaskTracker,
    /// HTTP connections take no more requests.
    closing: CancellationToken,
}

impl Server {
    /// Loads documents, prompts and clients. Says what is wrong before anything listens.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let prompts = prompts(&config)?;
        let metrics = Arc::new(Metrics::new());
        let backends = Backends::of(&config, &prompts, &metrics)?;
        Self::assembled(config, backends, &prompts, metrics)
    }

    /// As [`Server::new`], but over the caller's own clients: `config.vlm` is not read, and `config.llm` only
    /// names the models that [`Config::warmup`] calls; without it none is.
    pub fn with_backends(config: Config, backends: Backends) -> Result<Self, StartError> {
        let prompts = prompts(&config)?;
        Self::assembled(config, backends, &prompts, Arc::new(Metrics::new()))
    }

    fn assembled(
        config: Config,
        backends: Backends,
        prompts: &Arc<Prompts>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let (handshake_timeout, drain_timeout) = (config.limits.handshake_timeout, config.drain_timeout);
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let app = Arc::new(wiring::build(config, backends, prompts, metrics, &tasks, &shutdown)?);
        Ok(Self { app, handshake_timeout, drain_timeout, tasks, shutdown })
    }

    /// Finds the embeddings of the documents that were made before. An error says that those in the file are not
    /// such as are configured; a server of embeddings that is down is none, for it may come up.
    pub async fn prepare(&self) -> Result<(), StartError> {
        let Some(library) = &self.app.documents else { return Ok(()) };
        match library.recall().await {
            Ok(_) => Ok(()),
            Err(LibraryError::Embeddings(error)) => {
                tracing::warn!(%error, "no embeddings; the search goes by words");
                Ok(())
            }
            Err(error) => Err(StartError::Index(error)),
        }
    }

    /// What would be served, in a line.
    pub fn describe(&self) -> String {
        let engine = self.app.sessions.engine();
        let documents = self.app.documents.as_ref().map_or_else(
            || "no documents".to_owned(),
            |library| {
                let knowledge = library.current();
                let embedded = if library.is_embedding() {
                    format!(" ({} embedded)", knowledge.embedded())
                } else {
                    String::new()
                };
                format!("{}{embedded}", knowledge.size())
            },
        );
        let answers = if engine.answerer.is_builtin() { "the built-in engine" } else { "a model" };
        let camera =
            if engine.descriptions.has_vlm() { "visitors are described" } else { "nobody is described" };
        format!("{documents}, {answers} answers, {camera}")
    }

    /// What would be served less well than it could be: files that can't be read, upstreams that don't answer.
    pub async fn warnings(&self) -> Vec<String> {
        let knowledge = self.app.documents.as_ref().map(|library| library.current());
        // Files that are no documents: told here, since they stop nothing.
        let skipped = knowledge.iter().flat_map(|it| it.skipped()).map(|it| format!("not served: {it}"));
        let told = self.app.health.check().await.told;
        let unreachable = ["llm", "vlm", "embeddings", "store"].into_iter().filter_map(|upstream| {
            let reason = told[upstream]["reason"].as_str()?;
            Some(format!("{upstream}: {reason}"))
        });
        skipped.chain(unreachable).collect()
    }

    /// The sessions, for those who watch the server from inside.
    pub fn sessions(&self) -> Arc<Sessions> {
        Arc::clone(&self.app.sessions)
    }

    /// The tasks that run for sessions: none when nothing is asked and nothing fetched.
    pub fn tasks(&self) -> TaskTracker {
        self.tasks.clone()
    }

    /// Serves until `stop` resolves; then ends turns, closes sockets and returns. Before a restart, turns are played
    /// to their end first.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = Stop>) {
        let router = routes::router(Arc::clone(&self.app));
        let sessions = Arc::clone(&self.app.sessions);
        let sweep = self.shutdown.clone().run_until_cancelled_owned(async move { sessions.sweep().await });
        let sweep = tokio::spawn(sweep);
        let (stored, address) = (Arc::clone(&self.app.sessions), listener.local_addr().ok());
        let stored = tokio::spawn(async move { stored.keep_stored(address).await });
        let warm = tokio::spawn(self.shutdown.clone().run_until_cancelled_owned(warm(Arc::clone(&self.app))));
        let stop = tokio::select! {
            stop = stop => stop,
            never = self.accept(&listener, &router) => match never {},
        };
        tracing::info!(?stop, sessions = self.app.sessions.len(), "stopping");
        if stop == Stop::Restart {
            // Connections are taken on, to be answered 503: a balancer sees why.
            tokio::select! {
                () = self.drain() => {}
                never = self.accept(&listener, &router) => match never {},
            }
        }
        drop(listener);
        self.shutdown.cancel();
        if stop == Stop::Restart {
            self.app.sessions.hand_over();
        }
        self.app.sessions.stop_turns();
        self.tasks.close();
        let _ = timeout(TURNS_END, self.tasks.wait()).await; // what is left ends with its socket
        self.app.closing.cancel();
        self.app.host.leave.ask(stop == Stop::Restart);
        self.app.connections.close();
        if timeout(SOCKETS_END, self.app.connections.wait()).await.is_err() {
            tracing::warn!(left = self.app.connections.len(), "connections are left behind");
        }
        stored.abort(); // last: the sessions are this node's until here
        self.app.sessions.leave_store().await;
        let _ = tokio::join!(sweep, warm);
    }

    /// Accepts connections for as long as it is polled.
    async fn accept(&self, listener: &TcpListener, router: &axum::Router) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.take(stream, peer, router.clone()),
                Err(error) => {
                    tracing::warn!(%error, "no connection accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Waits for the turns that were taken, as long as they may take.
    async fn drain(&self) {
        if timeout(self.drain_timeout, self.app.sessions.drain()).await.is_err() {
            tracing::warn!(after = ?self.drain_timeout, "turns are cut short by the restart");
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr, router: axum::Router) {
        let _ = stream.set_nodelay(true); // a token must not wait for the next one
        let (handshake_timeout, closing) = (self.handshake_timeout, self.app.closing.clone());
        let tls = self.app.tls.clone();
        self.app.connections.spawn(async move {
            let io = match tls {
                None => Io::Plain(stream),
                Some(tls) => match timeout(handshake_timeout, tls.accept(stream)).await {
                    Ok(Ok(io)) => io,
                    Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS"),
                    Err(_) => return tracing::debug!(%peer, "the TLS handshake took too long"),
                },
            };
            let router = TowerToHyperService::new(router);
            let known = service_fn(move |mut request: hyper::Request<Incoming>| {
                request.extensions_mut().insert(Peer(peer));
                router.call(request)
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(handshake_timeout)
                .serve_connection(TokioIo::new(io), known)
                .with_upgrades();
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = closing.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "connection ended");
            }
        });
    }
}

/// Keeps connections open, models loaded and documents up to date, beside all else.
async fn warm(app: Arc<App>) {
    let models = async {
        if let Some(warmup) = &app.warmup {
            warmup.keep().await;
        }
    };
    let library = async {
        if let Some(library) = &app.documents {
            library.keep(app.reload).await;
        }
    };
    let tokens = async {
        if let Some(file) = &app.token_file {
            tokens::watch(file, &app.door).await;
        }
    };
    let certificate = async {
        if let Some(tls) = &app.tls {
            tls.watch().await;
        }
    };
    tokio::join!(app.warmth.keep(&app.sessions), models, library, tokens, certificate, app.guests.sweep());
}

/// Serves a configuration on a listener until `stop` resolves.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    stop: impl Future<Output = Stop>,
) -> Result<(), StartError> {
    let server = Server::new(config)?;
    server.prepare().await?;
    server.serve(listener, stop).await;
    Ok(())
}
