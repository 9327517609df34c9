//! Rapport, as a program: wires the command line to the library. The only place that exits.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Started by itself to read a file: without a runtime and its threads.
    rapport::knowledge::read_apart(std::env::args_os().skip(1)).unwrap_or_else(run)
}

#[tokio::main]
async fn run() -> ExitCode {
    match cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
