//! The simulator, as a program: flags in, [`vlm_sim::serve`], one exit.

mod flags;

use std::io::{self, ErrorKind, IsTerminal};
use std::process::ExitCode;

use tokio::net::TcpListener;
use tracing::info;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use flags::{Failure, Run};

#[tokio::main]
async fn main() -> ExitCode {
    let run = match flags::read(std::env::args_os()) {
        Ok(run) => run,
        Err(flags::Exit::Asked(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(flags::Exit::Bad(failure)) => return failure.tell(2),
    };
    start_logs();
    match simulate(run).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(1),
    }
}

/// Logs go to stderr, filtered by `RUST_LOG` (`info,vlm_sim=trace`).
fn start_logs() {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines =
        tracing_subscriber::fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

async fn simulate(Run { listen, config }: Run) -> Result<(), Failure> {
    let listener = TcpListener::bind(&listen).await.map_err(|error| cannot_listen(&listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot_listen(&listen, &error))?;
    let shutdown = asked_to_stop().map_err(|error| {
        Failure::new(format!("cannot listen for signals: {error}"), "try another terminal")
    })?;
    println!("vlm-sim listens on http://{address}");
    vlm_sim::serve(listener, config, shutdown)
        .await
        .map_err(|error| Failure::new(format!("the simulator stopped: {error}"), "start it again"))
}

fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::AddrInUse => Failure::new(
            format!("{address} is in use by another program"),
            "stop that program, or choose another port with --listen (port 0 takes a free one)",
        ),
        ErrorKind::PermissionDenied => Failure::new(
            format!("this user may not listen on {address}"),
            "choose a port above 1023 with --listen",
        ),
        _ => Failure::new(
            format!("cannot listen on {address}: {error}"),
            "give --listen an address of this machine, e.g. 127.0.0.1:5003",
        ),
    }
}

/// Ready on the first SIGINT (Ctrl-C) or SIGTERM.
#[cfg(unix)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => info!("interrupted"),
            _ = terminate.recv() => info!("terminated"),
        }
    })
}

/// Ready on the first Ctrl-C.
#[cfg(not(unix))]
fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            info!("interrupted");
        }
    })
}
