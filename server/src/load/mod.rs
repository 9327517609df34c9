//! `rapport load`: many visitors at once, and how long they wait.
//!
//! A client of any Rapport server, so it shares nothing with the server's rooms. The load is open: when sessions
//! arrive and when each question is due is fixed before the run, and a slow server moves none of it. All
//! latencies count from those intended times, so that what a server delays is measured and not left out
//! ("coordinated omission").

mod chart;
mod error;
mod flags;
mod frames;
mod html;
mod output;
mod plan;
mod plot;
mod progress;
mod questions;
mod report;
mod run;
mod schedule;
mod table;
mod tally;
mod target;
mod timeline;
mod visitor;

pub use error::LoadError;
pub use flags::{Order, add_flags};
pub use output::carry_out;
pub use plan::{Arrivals, Plan};
pub use progress::Progress;
pub use questions::Questions;
pub use report::{Percentiles, Report, Turns};
pub use run::run;
pub use target::{Refusal, Target};

pub use self::html::page;
pub use self::table::table;
