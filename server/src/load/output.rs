//! From a command line to its reports.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::error::LoadError;
use super::flags::Order;
use super::progress::Bar;
use super::report::Report;
use super::{html, run, table};

/// Carries an order out: runs, shows progress, writes the reports. An error if too much failed; the reports are
/// written all the same.
pub async fn carry_out(order: Order, stop: impl Future<Output = ()>) -> Result<(), LoadError> {
    let Order { plan, json, html, is_quiet } = order;
    let (json, html) = (json.as_deref(), html.as_deref());
    let to_stdout = |path: &&Path| path.as_os_str() == "-";
    // A long run must not end in a file that can't be written.
    for (flag, path) in [("--json", json.filter(|path| !to_stdout(path))), ("--html", html)] {
        path.map_or(Ok(()), |path| touch(flag, path))?;
    }
    let bar = Bar::new(is_quiet);
    let ran = run::run(plan, stop, |progress| bar.show(progress)).await;
    bar.end();
    let report = ran?;
    if let Some(path) = html {
        write("--html", path, &html::page(&report))?;
    }
    match json {
        Some(path) if to_stdout(&path) => print(&format!("{}\n", report.json()))?,
        Some(path) => write("--json", path, &format!("{}\n", report.json()))?,
        None => {}
    }
    if !is_quiet && !json.is_some_and(|path| to_stdout(&path)) {
        print(&table::table(&report))?;
    }
    verdict(&report)
}

fn verdict(report: &Report) -> Result<(), LoadError> {
    report.failure().map_or(Ok(()), |failure| Err(LoadError::Failed(failure)))
}

/// Opens a file for writing and changes nothing in it.
fn touch(flag: &str, path: &Path) -> Result<(), LoadError> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map(drop).map_err(|error| failed(flag, path, error))
}

fn write(flag: &str, path: &Path, text: &str) -> Result<(), LoadError> {
    std::fs::write(path, text).map_err(|error| failed(flag, path, error))
}

fn failed(flag: &str, path: &Path, error: io::Error) -> LoadError {
    LoadError::Output { file: format!("{flag} {}", path.display()), error }
}

/// To standard output; who reads no further (`| head`) has seen enough.
fn print(text: &str) -> Result<(), LoadError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(LoadError::Output { file: "standard output".into(), error })
        }
        _ => Ok(()),
    }
}
