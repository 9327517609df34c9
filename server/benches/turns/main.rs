//! One turn over the paced simulator, however its stages are arranged: describe 800 ms, answer 1500 ms (first
//! token after 300 ms, 60 words), select 100 ms by a model, convert 800 ms (first token after 100 ms). First token
//! and total, against `parallel` and `sequential`, and against a bare client that makes the same calls in the same
//! order: what is left is Rapport's own.
//!
//! `cargo bench -p rapport --bench turns`. Server and simulator are processes of their own. Nearly all of a turn is
//! waiting, so several lanes play turns at once; each pair (Rapport, bare client) is played by one lane, one after
//! the other in random order.

#![allow(clippy::unwrap_used)] // a benchmark's failure is its panic

mod cancel;
#[path = "../common/mod.rs"]
mod common;
mod scenes;

use std::sync::Arc;
use std::time::Duration;

use common::machine;
use common::numbers::{head, median, ms, quantile, row};
use scenes::{CASES, Houses, Played};
use tokio::sync::Mutex;

/// Pairs of each case: enough for a 99th percentile that is not the maximum.
const ROUNDS: usize = 120;

/// How many turns are played at once: their CPU time together stays a small share of two cores.
const LANES: usize = 10;

#[tokio::main]
async fn main() {
    let machine = machine::quiet();
    let houses = Arc::new(Houses::open().await);
    let mut jobs: Vec<usize> = (0..CASES.len()).flat_map(|case| [case].repeat(ROUNDS)).collect();
    fastrand::Rng::with_seed(1).shuffle(&mut jobs);
    let all = jobs.len();
    let jobs = Arc::new(Mutex::new(jobs));
    let played: Vec<Vec<Played>> = vec![Vec::new(); CASES.len()];
    let played = Arc::new(Mutex::new(played));
    let lanes = (0..LANES).map(|_| {
        let (houses, jobs, played) = (Arc::clone(&houses), Arc::clone(&jobs), Arc::clone(&played));
        tokio::spawn(async move {
            loop {
                let Some(case) = jobs.lock().await.pop() else { return };
                let pair = CASES[case].play(&houses).await;
                let mut played = played.lock().await;
                played[case].push(pair);
                let done: usize = played.iter().map(Vec::len).sum();
                if done.is_multiple_of(50) {
                    eprintln!("{done} of {all} pairs");
                }
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
    report(&played.lock().await);
    cancel::report().await;
    println!("\n{machine}");
}

fn of(pairs: &[Played], figure: impl Fn(&Played) -> Duration) -> Vec<f64> {
    pairs.iter().map(|pair| ms(figure(pair))).collect()
}

fn report(played: &[Vec<Played>]) {
    let first = |case: usize| median(&of(&played[case], |pair| pair.first));
    let total = |case: usize| median(&of(&played[case], |pair| pair.total));
    let at = |name: &str| CASES.iter().position(|case| case.name == name).unwrap();
    let (sequential, parallel) = (at("sequential"), at("parallel"));

    println!("Medians of {ROUNDS} turns each, in ms as the client saw them:\n");
    head(&[
        "turn",
        "first token",
        "total",
        "first / `parallel`'s",
        "total / `parallel`'s",
        "total / `sequential`'s",
    ]);
    for (case, described) in CASES.iter().enumerate() {
        let (first_ms, total_ms) = (first(case), total(case));
        row(&[
            described.name.to_owned(),
            format!("{first_ms:.0}"),
            format!("{total_ms:.0}"),
            format!("{:.3}", first_ms / first(parallel)),
            format!("{:.3}", total_ms / total(parallel)),
            format!("{:.3}", total_ms / total(sequential)),
        ]);
    }

    let (cached, hanging, direct) = (at("race, cached"), at("race, cached, VLM hangs"), at("direct"));
    println!(
        "\nA VLM that hangs: first token / that with a live one: {:.3}.",
        first(hanging) / first(cached)
    );
    let bare_first = median(&of(&played[direct], |pair| pair.bare_first));
    let bare_total = median(&of(&played[direct], |pair| pair.bare_total));
    println!(
        "`direct` / a bare call of the same model: first token {:.3}, total {:.3}.",
        first(direct) / bare_first,
        total(direct) / bare_total,
    );

    println!("\nFirst token minus that of a bare client which makes the same calls in the same order, ms:\n");
    head(&["turn", "p50", "p99", "max"]);
    for (case, described) in CASES.iter().enumerate() {
        let differences: Vec<f64> =
            played[case].iter().map(|pair| ms(pair.first) - ms(pair.bare_first)).collect();
        let at = |share| format!("{:.2}", quantile(&differences, share));
        row(&[described.name.to_owned(), at(0.5), at(0.99), at(1.0)]);
    }
}
