//! What a run is to do, fixed before it begins.

use std::time::Duration;

use super::questions::Questions;
use super::target::Target;

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub target: Target,
    /// How many sessions arrive.
    pub sessions: u64,
    /// How many arrive a second.
    pub rate: f64,
    /// How they are spread.
    pub arrivals: Arrivals,
    /// Makes the arrivals repeatable.
    pub seed: u64,
    /// From a session's arrival to its first question, and from each question to the next. Above zero.
    pub think: Duration,
    /// Questions a session; none: until `duration` is over.
    pub turns: Option<u64>,
    /// From the run's start; afterwards no session arrives and no question is due.
    pub duration: Option<Duration>,
    /// More sessions that connect before the run and only stay.
    pub idle: u64,
    /// What is asked.
    pub questions: Questions,
    /// The strategy that messages name, if they do.
    pub strategy: Option<String>,
    /// What messages say of their conversion.
    pub convert_tone: bool,
    /// The longest wait for a connection, and for a reply from when its question was really sent.
    pub timeout: Duration,
    /// The share of failures, in percent, up to which a run passes.
    pub fail_over: f64,
}

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// As independent visitors come: by chance.
    Poisson,
    /// Evenly.
    Constant,
}

impl Arrivals {
    /// Both, with their names.
    pub const NAMES: [(&str, Self); 2] = [("poisson", Self::Poisson), ("constant", Self::Constant)];

    /// The name in flags and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Constant => "constant",
        }
    }
}

impl Plan {
    /// A plan with the defaults of the flags.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            sessions: 100,
            rate: 5.0,
            arrivals: Arrivals::Poisson,
            seed: 1,
            think: Duration::from_secs(5),
            turns: Some(3),
            duration: None,
            idle: 0,
            questions: Questions::built_in(),
            strategy: None,
            convert_tone: true,
            timeout: Duration::from_secs(60),
            fail_over: 0.0,
        }
    }

    /// How many questions of a session that arrives at `arrival` (from the run's start) are due within `until`.
    pub(super) fn due_within(&self, arrival: Duration, until: Option<Duration>) -> u64 {
        let end = match (self.duration, until) {
            (Some(duration), Some(until)) => Some(duration.min(until)),
            (duration, until) => duration.or(until),
        };
        let by_time = end.map(|end| {
            let time = end.saturating_sub(arrival).as_nanos() / self.think.as_nanos().max(1);
            u64::try_from(time).unwrap_or(u64::MAX)
        });
        by_time.unwrap_or(u64::MAX).min(self.turns.unwrap_or(u64::MAX))
    }

    /// When a session's question is due, from the session's arrival. `turn`: from 1.
    pub(super) fn due(&self, turn: u64) -> Duration {
        self.think.saturating_mul(u32::try_from(turn).unwrap_or(u32::MAX))
    }
}
