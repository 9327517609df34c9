//! Rapport, as a program: wires the command line to the library. The only place that exits.

mod cli;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    rapport::knowledge::silence_panics();
    match cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
