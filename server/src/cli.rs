//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgMatches, Command};
use rapport::app::{Server, StartError, Stop};
use rapport::config::{self, Config, ConfigError, LogFormat, Mode};
use rapport::description;
use rapport::eval::{self, EvalError};
use rapport::index;
use rapport::load::{self, LoadError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Why the program ends at once.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A key is wrong.
    Config(ConfigError),
    /// A part is missing or broken.
    Start(StartError),
    /// The address can't be listened on.
    Listen(SocketAddr, std::io::Error),
    /// The load test could not run, or too much of it failed.
    Load(LoadError),
    /// The questions could not be asked.
    Eval(EvalError),
    /// The operating system refuses something else.
    System(std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
            Self::Listen(address, error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => write!(
                f,
                "can't listen on {address}: {error}\nhint: this machine has no such address; 0.0.0.0 stands for all that it has"
            ),
            Self::Listen(address, error) => write!(
                f,
                "can't listen on {address}: {error}\nhint: stop what listens there, or choose another address: --listen 127.0.0.1:0 takes a free port"
            ),
            Self::Load(error) => error.fmt(f),
            Self::Eval(error) => error.fmt(f),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        Self::Eval(error)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

fn command() -> Command {
    let demo = Command::new("demo")
        .about("Server, simulated camera and a sample museum in one process; no model needed");
    let serve = Command::new("serve").about("Serve a house's own documents").after_help(
        "Each flag is also a variable (RAPPORT_GRACE=2s) and a key of rapport.toml (grace = \"2s\"); flags go first.",
    );
    let show = Command::new("show").about("Print every key, its value and where that comes from");
    let check = Command::new("check").about("Load everything that `serve` would, and say what is wrong");
    let index =
        Command::new("index").about("Embed documents before they are served; say which can't be read");
    let eval = Command::new("eval").about("Measure how well questions find their documents");
    let load = Command::new("load").about("Many visitors at once, on a server, and how long they wait");
    Command::new("rapport")
        .about("A conversation server that reads the room")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(config::add_flags(demo, Mode::Demo))
        .subcommand(config::add_flags(serve, Mode::Serve))
        .subcommand(index::add_flags(config::add_flags(index, Mode::Index)))
        .subcommand(eval::add_flags(config::add_flags(eval, Mode::Serve)))
        .subcommand(load::add_flags(load))
        .subcommand(
            Command::new("config")
                .about("Look at the configuration of `serve`")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(config::add_flags(show, Mode::Serve))
                .subcommand(config::add_flags(check, Mode::Serve)),
        )
}

/// Runs the program.
pub(crate) async fn run() -> Result<(), Failure> {
    let matches = command().get_matches();
    match matches.subcommand() {
        Some(("demo", flags)) => demo(flags).await,
        Some(("serve", flags)) => {
            start_logs(config::log_format(flags, Mode::Serve)?);
            serve(resolve(flags, Mode::Serve)?).await
        }
        Some(("index", flags)) => Ok(index::carry_out(resolve(flags, Mode::Index)?, flags).await?),
        Some(("eval", flags)) => Ok(eval::carry_out(resolve(flags, Mode::Serve)?, flags).await?),
        Some(("load", flags)) => {
            let stop = stop().map_err(Failure::System)?;
            let stop = async {
                stop.await;
            };
            Ok(load::carry_out(load::Order::read(flags)?, stop).await?)
        }
        Some(("config", sub)) => match sub.subcommand() {
            Some(("show", flags)) => {
                print!("{}", config::show(flags)?);
                Ok(())
            }
            Some((_, flags)) => {
                let config = resolve(flags, Mode::Serve)?;
                let mut warnings = config.url_warnings();
                let server = Server::new(config)?;
                server.prepare().await?;
                warnings.extend(server.warnings().await);
                for warning in warnings {
                    eprintln!("warning: {warning}");
                }
                println!("ok: {}", server.describe());
                Ok(())
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The configuration of a command of this program.
fn resolve(flags: &ArgMatches, mode: Mode) -> Result<Config, Failure> {
    // On Linux the running program, even if an upgrade has taken its place.
    let itself = PathBuf::from("/proc/self/exe");
    let reader = if itself.exists() { Some(itself) } else { std::env::current_exe().ok() };
    Ok(Config { reader, ..Config::resolve(flags, mode)? })
}

async fn demo(flags: &ArgMatches) -> Result<(), Failure> {
    start_logs(config::log_format(flags, Mode::Demo)?);
    let mut config = resolve(flags, Mode::Demo)?;
    let camera = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::System)?;
    let address = camera.local_addr().map_err(Failure::System)?;
    let url = format!("http://{address}");
    config.vlm = Some(description::Endpoint::new(url, description::Api::Simulator));
    config.visitors = simulated_visitors();
    let simulation = vlm_sim::Config {
        seed: config.session.seed.unwrap_or_else(|| fastrand::u64(..)),
        sticky: true, // a visitor doesn't change between two questions
        ..vlm_sim::Config::default()
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let simulator = tokio::spawn(vlm_sim::serve(camera, simulation, async {
        let _ = stopped.await;
    }));
    let served = serve(config).await;
    drop(stop);
    if let Ok(Err(error)) = simulator.await {
        tracing::warn!(%error, "the simulator failed");
    }
    served
}

/// Two of the simulator's visitors for each tone and language.
fn simulated_visitors() -> Vec<String> {
    let pool = vlm_sim::Pool::builtin();
    let mut seen = std::collections::HashMap::new();
    let is_wanted = |visitor: &&vlm_sim::Visitor| {
        let kind = (visitor.tone.clone(), visitor.lang.clone());
        let count = seen.entry(kind).or_insert(0);
        *count += 1;
        !visitor.description.is_empty() && *count <= 2
    };
    pool.visitors().iter().filter(is_wanted).map(|visitor| visitor.description.clone()).collect()
}

async fn serve(config: Config) -> Result<(), Failure> {
    let (listen, scheme) = (config.listen, if config.tls.is_some() { "https" } else { "http" });
    let server = Server::new(config)?;
    server.prepare().await?;
    let listener = TcpListener::bind(listen).await.map_err(|error| Failure::Listen(listen, error))?;
    let address = listener.local_addr().map_err(Failure::System)?;
    let stop = stop().map_err(Failure::System)?;
    println!("Rapport listens on {scheme}://{address}/ (open it in a browser; Ctrl+C stops)");
    server.serve(listener, stop).await;
    Ok(())
}

/// Resolves at the first signal to stop; the second one ends the process at once.
fn stop() -> std::io::Result<impl Future<Output = Stop>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        let stop = tokio::select! {
            _ = interrupt.recv() => Stop::Shutdown,
            _ = terminate.recv() => Stop::Restart,
        };
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(130);
        });
        stop
    })
}

/// Logs go to stderr, filtered by `RUST_LOG` (`info,rapport::turn=debug`). `Targets` rather than
/// `EnvFilter`: its regular expressions would be a tenth of the release build.
fn start_logs(format: LogFormat) {
    let wanted = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty()).map(|filter| {
        filter.parse::<Targets>().inspect_err(|error| eprintln!("warning: RUST_LOG is not used: {error}"))
    });
    let filter = wanted.and_then(Result::ok).unwrap_or_else(|| {
        // The simulator tells every call; that is for those who ask for it.
        Targets::new().with_default(LevelFilter::INFO).with_target("vlm_sim", LevelFilter::WARN)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => tracing_subscriber::registry().with(lines.with_filter(filter)).init(),
        LogFormat::Json => tracing_subscriber::registry().with(lines.json().with_filter(filter)).init(),
    }
}
