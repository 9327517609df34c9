//! What chance decides about a call.
//!
//! Draws happen once a call, in the order of arrival, under a short lock, and always in the same number whatever the
//! knobs say: so turning one knob does not reshuffle what the others decide. Descriptions and chats have a generator
//! each: a chat does not change who comes by next.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use crate::config::Config;
use crate::garbage::Garbage;
use crate::pace;

/// How much longer a straggler takes.
const STRAGGLER: f64 = 10.0;

/// What goes wrong with a description call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Error,
    Hang,
    Garbage(Garbage),
}

/// What was drawn for a description call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Visit {
    /// Which visitor of the pool stands there.
    pub(crate) visitor: usize,
    /// How sure the vision model says it is, in hundredths.
    pub(crate) confidence: u8,
    /// How long the description takes, before [`Visit::factor`].
    pub(crate) latency: Duration,
    /// What all delays of the call are multiplied by.
    pub(crate) factor: f64,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug)]
pub(crate) struct Dice(Mutex<Cup>);

#[derive(Debug)]
struct Cup {
    visits: Rng,
    chats: Rng,
    /// How many calls were answered with rubbish.
    garbage: usize,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Cup { visits: Rng::with_seed(seed), chats: Rng::with_seed(!seed), garbage: 0 }))
    }

    /// Draws for a description call. `nth`: the how manieth visitor of the session, from 0.
    pub(crate) fn visit(&self, config: &Config, session: Option<&str>, nth: usize) -> Visit {
        let mut cup = self.lock();
        let visitors = config.pool.visitors().len();
        let [fate, jitter, straggler] = [cup.visits.f64(), cup.visits.f64(), cup.visits.f64()];
        let drawn = cup.visits.usize(..visitors);
        let confidence = cup.visits.u8(70..100);
        let fault = if fate < config.error_rate {
            Some(Fault::Error)
        } else if fate < config.error_rate + config.hang_rate {
            Some(Fault::Hang)
        } else if fate < config.error_rate + config.hang_rate + config.garbage_rate {
            cup.garbage += 1;
            Some(Fault::Garbage(Garbage::after(cup.garbage - 1)))
        } else {
            None
        };
        drop(cup);
        Visit {
            visitor: match session {
                Some(session) if config.sticky => {
                    let first = Rng::with_seed(hash(config.seed, session)).usize(..visitors);
                    first.wrapping_add(nth) % visitors
                }
                _ => drawn,
            },
            confidence,
            latency: pace::seconds(
                config.latency.as_secs_f64() + config.jitter.as_secs_f64() * (jitter * 2.0 - 1.0),
            ),
            factor: factor(config, straggler),
            fault,
        }
    }

    /// Draws what all delays of a chat are multiplied by.
    pub(crate) fn chat(&self, config: &Config) -> f64 {
        factor(config, self.lock().chats.f64())
    }

    fn lock(&self) -> MutexGuard<'_, Cup> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn factor(config: &Config, straggler: f64) -> f64 {
    config.slowdown * if straggler < config.straggler_rate { STRAGGLER } else { 1.0 }
}

/// FNV-1a over the seed and the session's id: unlike the standard library's hasher, the same in every build.
fn hash(seed: u64, session: &str) -> u64 {
    seed.to_le_bytes()
        .iter()
        .chain(session.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(config: &Config, calls: usize) -> Vec<Visit> {
        let dice = Dice::new(config.seed);
        (0..calls).map(|_| dice.visit(config, None, 0)).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let config = Config { jitter: Duration::from_millis(200), garbage_rate: 0.5, ..Config::default() };
        assert_eq!(visits(&config, 50), visits(&config, 50));
        assert_ne!(visits(&config, 50), visits(&Config { seed: 1, ..config.clone() }, 50));
    }

    #[test]
    fn one_knob_does_not_reshuffle_the_others() {
        let calm = Config::default();
        let wild = Config { error_rate: 0.5, straggler_rate: 0.5, ..Config::default() };
        let who = |config| visits(config, 50).into_iter().map(|visit| visit.visitor).collect::<Vec<_>>();
        assert_eq!(who(&calm), who(&wild));
    }

    #[test]
    fn rates_and_jitter_are_kept() {
        let config = Config {
            error_rate: 0.2,
            hang_rate: 0.3,
            straggler_rate: 0.1,
            jitter: Duration::from_millis(300),
            ..Config::default()
        };
        let visits = visits(&config, 10_000);
        let count = |wanted: fn(&Visit) -> bool| visits.iter().filter(|visit| wanted(visit)).count();
        assert!((1800..2200).contains(&count(|visit| visit.fault == Some(Fault::Error))));
        assert!((2750..3250).contains(&count(|visit| visit.fault == Some(Fault::Hang))));
        assert!((850..1150).contains(&count(|visit| visit.factor > 5.0)));
        let within = Duration::from_millis(500)..=Duration::from_millis(1100);
        assert!(visits.iter().all(|visit| within.contains(&visit.latency)));
        assert!((4500..5500).contains(&count(|visit| visit.latency > Duration::from_millis(800))));
    }

    #[test]
    fn a_sticky_session_keeps_its_visitor_whatever_the_order() {
        let config = Config { sticky: true, ..Config::default() };
        let dice = Dice::new(config.seed);
        let first: Vec<usize> = ["a", "b", "c"].map(|id| dice.visit(&config, Some(id), 0).visitor).into();
        let again: Vec<usize> = ["c", "b", "a"].map(|id| dice.visit(&config, Some(id), 0).visitor).into();
        assert_eq!(first, again.into_iter().rev().collect::<Vec<_>>());
        let next = dice.visit(&config, Some("a"), 1).visitor;
        assert_ne!(next, first[0], "another visitor stands there");
        assert_eq!(next, dice.visit(&config, Some("a"), 1).visitor);
        let many: std::collections::BTreeSet<usize> =
            (0..200).map(|id| dice.visit(&config, Some(&id.to_string()), 0).visitor).collect();
        assert!(many.len() > 30, "200 sessions met only {} visitors", many.len());
    }
}
