//! Which sessions have asked for a description.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A session that has asked within this time counts as active: longer than a visitor thinks about a question, shorter
/// than it takes the next one to come.
const ACTIVE: Duration = Duration::from_secs(5 * 60);

/// Every session seen, by the hash of its id: ids come from outside and may be long, and only their number is told.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    hasher: RandomState,
    seen: Mutex<HashMap<u64, Instant>>,
}

impl Sessions {
    pub(crate) fn see(&self, id: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(self.hasher.hash_one(id), Instant::now());
    }

    /// How many are active, and how many there were in all.
    pub(crate) fn count(&self) -> (usize, usize) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.values().filter(|last| last.elapsed() < ACTIVE).count(), seen.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_is_active_for_five_minutes() {
        let sessions = Sessions::default();
        sessions.see("a");
        sessions.see("b");
        tokio::time::advance(Duration::from_secs(200)).await;
        sessions.see("b");
        assert_eq!(sessions.count(), (2, 2));
        tokio::time::advance(Duration::from_secs(200)).await;
        assert_eq!(sessions.count(), (1, 2));
    }
}
