//! What was begun, finished and dropped.
//!
//! Every call of a route holds a [`Call`] until its last byte is handed over. When the client leaves first, the server
//! drops whatever was working for it, the [`Call`] with it: that is how a disconnect is noticed and counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::time::Instant;
use tracing::info;

/// How the calls of a route or a model ended. What is begun and neither finished nor dropped is in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Calls that came in.
    pub begun: u64,
    /// Calls that went as the simulator meant them to, scripted errors and cuts included.
    pub finished: u64,
    /// Calls whose client left before the end.
    pub dropped: u64,
    /// Tokens that were still to send when the clients of dropped calls left.
    pub unsent_tokens: u64,
}

/// The reply of `GET /stats`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// By route, as the router knows it (`/visual-context/{id}`); all routes but `/stats`, also those not called yet.
    pub routes: BTreeMap<&'static str, Counts>,
    /// By the chat model's name, as the client wrote it.
    pub models: BTreeMap<String, Counts>,
}

/// The books.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<Stats>);

impl Ledger {
    /// Opens the books with a line for each route.
    pub(crate) fn new(routes: &[&'static str]) -> Arc<Self> {
        let routes = routes.iter().map(|&route| (route, Counts::default())).collect();
        Arc::new(Self(Mutex::new(Stats { routes, models: BTreeMap::new() })))
    }

    pub(crate) fn stats(&self) -> Stats {
        self.lock().clone()
    }

    /// Counts a call as begun.
    pub(crate) fn begin(self: &Arc<Self>, route: &'static str) -> Call {
        let call = Call {
            ledger: Arc::clone(self),
            route,
            model: None,
            unsent: 0,
            begun: Instant::now(),
            ended: false,
        };
        call.count(|counts| counts.begun += 1);
        call
    }

    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call in flight. Dropped without [`Call::finish`], its client has left.
#[derive(Debug)]
pub(crate) struct Call {
    ledger: Arc<Ledger>,
    route: &'static str,
    model: Option<String>,
    unsent: usize,
    begun: Instant,
    ended: bool,
}

impl Call {
    /// Counts the call for a model as well.
    pub(crate) fn name_model(&mut self, name: &str) {
        self.ledger.lock().models.entry(name.to_owned()).or_default().begun += 1;
        self.model = Some(name.to_owned());
    }

    /// Sets how many tokens are still to send.
    pub(crate) fn owe(&mut self, tokens: usize) {
        self.unsent = tokens;
    }

    /// Takes this many tokens off what is still to send.
    pub(crate) fn pay(&mut self, tokens: usize) {
        self.unsent = self.unsent.saturating_sub(tokens);
    }

    /// When the call came in.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Counts the call as finished and logs it. The status is an HTTP status.
    pub(crate) fn finish(&mut self, status: u16) {
        if !std::mem::replace(&mut self.ended, true) {
            self.count(|counts| counts.finished += 1);
            self.log(Some(status), "finished");
        }
    }

    fn count(&self, change: impl Fn(&mut Counts)) {
        let mut stats = self.ledger.lock();
        change(stats.routes.entry(self.route).or_default());
        if let Some(model) = &self.model {
            change(stats.models.entry(model.clone()).or_default());
        }
    }

    fn log(&self, status: Option<u16>, outcome: &'static str) {
        let latency_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(route = self.route, model = self.model, status, latency_ms, outcome, "served");
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.count(|counts| {
                counts.dropped += 1;
                counts.unsent_tokens += self.unsent as u64;
            });
            self.log(None, "dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_finished_once_or_dropped_with_what_it_owes() {
        let ledger = Ledger::new(&["/a", "/b"]);
        let mut finished = ledger.begin("/a");
        finished.owe(7);
        finished.finish(200);
        finished.finish(200);
        drop(finished);
        let mut dropped = ledger.begin("/a");
        dropped.name_model("sim");
        dropped.owe(7);
        dropped.pay(2);
        drop(dropped);
        let stats = ledger.stats();
        assert_eq!(stats.routes["/a"], Counts { begun: 2, finished: 1, dropped: 1, unsent_tokens: 5 });
        assert_eq!(stats.models["sim"], Counts { begun: 1, finished: 0, dropped: 1, unsent_tokens: 5 });
        assert_eq!(stats.routes["/b"], Counts::default());
    }
}
