//! What the benchmarks share: real processes, clients, numbers, and a look at the machine first.
//!
//! Every figure is a ratio or a difference within one run. Rows take turns in shuffled order, one row is always the
//! control (the same thing measured twice), and a busy machine is refused.

#![allow(dead_code)] // each benchmark uses its part
#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic
#![allow(unreachable_pub)]

pub mod bare;
pub mod client;
pub mod machine;
pub mod numbers;
pub mod peers;
pub mod process;
