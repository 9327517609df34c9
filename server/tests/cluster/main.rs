//! Nodes as programs with the Redis that they share, behind the proxies of `deploy`, and what else lies there. Those files
//! are tested as they are written: only addresses, and where a log is written, are the test's.

#![allow(clippy::unwrap_used)] // a test's failure is its panic

mod kills;
mod place;
mod proxies;
mod secure;
mod unit;
mod visitor;
