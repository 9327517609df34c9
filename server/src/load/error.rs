//! Why there is no report, or none to be glad of.

use std::fmt;

use super::target::Refusal;

/// Why `rapport load` fails.
#[derive(Debug)]
pub enum LoadError {
    /// A flag or a questions file is wrong: what, and what to do.
    Plan {
        /// What is wrong: names the flag, file and line.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The target let not even one session in.
    Target {
        /// Its URL, without a token.
        url: String,
        /// What happened.
        refusal: Refusal,
    },
    /// The run was stopped while the target was still being tried.
    Stopped,
    /// A report can't be written.
    Output {
        /// The flag's name and the file.
        file: String,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// The run ended, and more failed than `--fail-over` allows. The report has been written.
    Failed(String),
}

impl LoadError {
    pub(super) fn plan(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Plan { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan { message, hint } => write!(f, "{message}\nhint: {hint}"),
            Self::Target { url, refusal } => write!(f, "{url}: {refusal}\nhint: {}", refusal.hint()),
            Self::Stopped => f.write_str("stopped before the target had answered; nothing was measured"),
            Self::Output { file, error } => {
                write!(
                    f,
                    "can't write {file}: {error}\nhint: name a file in a directory that you may write to"
                )
            }
            Self::Failed(what) => write!(
                f,
                "{what}\nhint: the report says which and why; --fail-over P allows P percent of failures"
            ),
        }
    }
}

impl std::error::Error for LoadError {}
