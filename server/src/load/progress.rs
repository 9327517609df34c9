//! Progress on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Since its start.
    pub elapsed: Duration,
    /// Sessions of the whole run.
    pub sessions: u64,
    /// Sessions that have arrived.
    pub arrived: u64,
    /// Sessions that are connected now, idle ones aside.
    pub open: u64,
    /// Questions of the whole run.
    pub turns: u64,
    /// Questions whose fate is known.
    pub ended: u64,
    /// Replies that run now.
    pub running: u64,
    /// Questions that didn't go well.
    pub unsuccessful: u64,
}

/// A bar on standard error; nothing where that is no terminal.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(is_quiet: bool) -> Self {
        let target = if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {percent:>3}%  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        Self(ProgressBar::with_draw_target(None, target).with_style(style))
    }

    pub(super) fn show(&self, progress: &Progress) {
        self.0.set_length(progress.turns);
        self.0.set_position(progress.ended);
        self.0.set_message(format!(
            "{}/{} sessions, {} open; {}/{} questions, {} running, {} failed",
            progress.arrived,
            progress.sessions,
            progress.open,
            progress.ended,
            progress.turns,
            progress.running,
            progress.unsuccessful
        ));
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
