//! Rapport, as a program: wires the command line to the library. The only place that exits.

mod cli;

use std::process::ExitCode;

/// What is freed is overwritten: nothing of a visitor stays in memory that nobody owns.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

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
