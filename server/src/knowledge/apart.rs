//! HTML and PDF files, read in a process of their own.
//!
//! Their readers are other people's, recurse as deeply as a file says and unpack whatever it holds: a file of a few
//! kilobytes can overflow a stack, which ends a process, never end, or take all memory. So the program starts itself
//! once for such a file, with limits, and what comes of it is documents or a reason. (A check of the files before
//! they are read would have to know all that the readers do. Starting takes some milliseconds.)

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::load::Found;

/// The program's first argument when it is to read a file.
const COMMAND: &str = "read-document";

/// A file is read within this: a book takes a second or two.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What reading a file may take of memory, in bytes.
const MEMORY: u64 = 1 << 30;

/// How deeply a file may be nested, as the stack that its reader has, in bytes.
const STACK: usize = 256 << 20;

/// The most text that a file's documents may have together, in bytes.
const MOST_TEXT: u64 = 64 << 20;

/// What a file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    /// Its documents' titles and texts.
    pub(super) documents: Vec<(String, String)>,
    /// What of it can't be read, and why.
    pub(super) skipped: Vec<String>,
}

/// Reads a file by the program; the error says why it is not read.
pub(super) fn read(program: &Path, path: &Path, name: &str) -> Result<Content, String> {
    let mut command = Command::new(program);
    command.arg(COMMAND).arg(path).arg(name).env_clear();
    serde_json::from_slice(&output(command, TIMEOUT, MOST_TEXT)?).map_err(|error| error.to_string())
}

/// What a command prints, if it ends well within that time and prints no more than that.
fn output(mut command: Command, within: Duration, most: u64) -> Result<Vec<u8>, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("its reader can't be started: {error}"))?;
    let (sender, printed) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut out = Vec::new();
            let read = stdout.take(most + 1).read_to_end(&mut out);
            let _ = sender.send(read.map(|_| out));
        });
    }
    let reason = match printed.recv_timeout(within) {
        Ok(Ok(out)) if out.len() as u64 <= most => match child.wait() {
            Ok(status) if status.success() => return Ok(out),
            _ => "it breaks its reader: it is nested too deeply, or far too large when unpacked".to_owned(),
        },
        Ok(Ok(_)) => format!("its text is longer than {} MiB", most >> 20),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it takes its reader more than {} s", within.as_secs()),
    };
    let _ = child.kill();
    let _ = child.wait();
    Err(reason)
}

/// Reads a file and prints what it holds, if the program's arguments (its name not among them) ask for that: a program
/// whose path is given to [`super::Sources`] calls it before all else.
pub fn read_apart(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if arguments.next()? != COMMAND {
        return None;
    }
    let (path, name) = (PathBuf::from(arguments.next()?), arguments.next()?.into_string().ok()?);
    let limit = |resource, most| {
        // Where there is no such limit, the file is read without.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    };
    limit(Resource::As, MEMORY);
    limit(Resource::Cpu, 2 * TIMEOUT.as_secs()); // whoever started it may be gone
    limit(Resource::Core, 0);
    let reading = thread::Builder::new().stack_size(STACK).spawn(move || {
        let content = serde_json::to_vec(&Found::content(&path, &name)).ok()?;
        std::io::stdout().write_all(&content).ok()
    });
    let is_read = reading.is_ok_and(|it| matches!(it.join(), Ok(Some(()))));
    Some(if is_read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_breaks_hangs_or_babbles_is_a_reason() {
        let command = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        };
        let second = Duration::from_secs(60);
        assert_eq!(output(command("echo", &["a"]), second, 10).unwrap(), b"a\n");
        for (command, within, expect) in [
            (command("false", &[]), second, "breaks its reader"),
            (command("sh", &["-c", "kill -ABRT $$"]), second, "breaks its reader"),
            (command("sleep", &["600"]), Duration::from_millis(1), "takes its reader more than"),
            (command("yes", &[]), second, "longer than"),
            (command("/nowhere", &[]), second, "can't be started"),
        ] {
            let reason = output(command, within, 1 << 20).unwrap_err();
            assert!(reason.contains(expect), "{reason}");
        }
    }
}
