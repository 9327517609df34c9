//! A model of the shared store: what the scripts do, in plain code. The contract's tests show that it is true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::session::outbox::Sequenced;
use crate::session::store::{Batch, Claimed, Kept, NODE_TTL, Record, Seen, StoreError};

/// How long a node may learn what others took from it.
const TAKEN_TTL: Duration = Duration::from_secs(60);

/// What the model does as it should, or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// A former owner's writes are refused.
    pub(super) fences: bool,
    /// A write that comes behind a later one of the same owner is refused.
    pub(super) order: bool,
}

/// A session as the store has it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    fence: u64,
    owner: String,
    written: u64,
    token: String,
    pub(super) record: Record,
    is_running: bool,
    pub(super) frames: Vec<Sequenced>,
    seen: Option<(Arc<str>, Instant)>,
    expires: Instant,
}

/// All that the store has.
pub(super) struct Model {
    pub(super) rules: Rules,
    session_ttl: Duration,
    description_ttl: Duration,
    pub(super) sessions: BTreeMap<String, Entry>,
    nodes: BTreeMap<String, (String, Instant)>,
    taken: BTreeMap<String, (Vec<(u64, String)>, Instant)>,
    /// Who last took each session, whatever the rules say: node and fence.
    owners: BTreeMap<String, (String, u64)>,
    /// The questions whose turns were written to have begun: session and id.
    pub(super) begun: BTreeSet<(String, String)>,
    /// What must never happen and did.
    pub(super) wrongs: Vec<String>,
    /// How often it was emptied.
    pub(super) emptied: u32,
}

impl Model {
    pub(super) fn new(rules: Rules, session_ttl: Duration, description_ttl: Duration) -> Self {
        Self {
            rules,
            session_ttl,
            description_ttl,
            sessions: BTreeMap::new(),
            nodes: BTreeMap::new(),
            taken: BTreeMap::new(),
            owners: BTreeMap::new(),
            begun: BTreeSet::new(),
            wrongs: Vec::new(),
            emptied: 0,
        }
    }

    /// Whether a session is another node's by now, whatever this node thinks.
    pub(super) fn is_others(&self, id: &str, node: &str) -> bool {
        self.owners.get(id).is_some_and(|(owner, _)| owner != node)
    }

    /// Forgets all.
    pub(super) fn empty(&mut self) {
        self.sessions.clear();
        self.nodes.clear();
        self.taken.clear();
        self.owners.clear();
        self.emptied += 1;
    }

    /// Drops what has run out.
    pub(super) fn expire(&mut self) {
        let now = Instant::now();
        self.sessions.retain(|_, entry| entry.expires > now);
        self.nodes.retain(|_, (_, expires)| *expires > now);
        self.taken.retain(|_, (_, expires)| *expires > now);
    }

    fn ttl(&self) -> Duration {
        self.session_ttl + self.session_ttl / 3
    }

    pub(super) fn claim(&mut self, node: &str, id: &str, token: &str, is_polite: bool) -> Claimed {
        self.expire();
        let ttl = self.ttl();
        let Some(entry) = self.sessions.get_mut(id).filter(|entry| entry.token == token) else {
            return Claimed::Unknown;
        };
        let address =
            self.nodes.get(&entry.owner).filter(|_| entry.owner != node).map(|(address, _)| address);
        if let Some(address) = address
            && !address.is_empty()
            && entry.is_running
            && is_polite
        {
            return Claimed::Elsewhere(address.clone());
        }
        entry.fence += 1;
        let now = Instant::now();
        if entry.owner != node {
            let (noted, expires) = self.taken.entry(entry.owner.clone()).or_insert((Vec::new(), now));
            noted.push((entry.fence, id.to_owned()));
            *expires = now + TAKEN_TTL;
        }
        node.clone_into(&mut entry.owner);
        entry.written = 0;
        entry.expires = now + ttl;
        self.owners.insert(id.to_owned(), (node.to_owned(), entry.fence));
        let seen = entry.seen.as_ref().filter(|(_, expires)| *expires > now).map(|(text, expires)| Seen {
            text: Arc::clone(text),
            age: self.description_ttl.saturating_sub(*expires - now),
        });
        let (record, frames) = (entry.record.clone(), entry.frames.clone());
        Claimed::Ours(Box::new(Kept { fence: entry.fence, record, seen, frames }))
    }

    pub(super) fn exists(&mut self, id: &str) -> bool {
        self.expire();
        self.sessions.contains_key(id)
    }

    pub(super) fn write(&mut self, node: &str, id: &str, batch: &Batch) -> Result<(), StoreError> {
        self.expire();
        let expires = Instant::now() + self.ttl();
        let Rules { fences, order } = self.rules;
        if let Some(entry) = self.sessions.get(id) {
            let Entry { fence, owner, written, .. } = entry;
            if fences && *fence > batch.fence {
                return Err(StoreError::Fenced);
            }
            let is_others = fences && owner != node || order && batch.number <= *written;
            if *fence == batch.fence && is_others {
                return Err(StoreError::Collided);
            }
            if order && !batch.is_whole && (*fence < batch.fence || batch.number != written + 1) {
                return Err(StoreError::Missing);
            }
        } else if !batch.is_whole {
            return Err(StoreError::Missing);
        }
        self.watch(node, id, batch);
        let entry = self.sessions.entry(id.to_owned()).or_insert_with(|| Entry {
            fence: batch.fence,
            owner: node.to_owned(),
            written: 0,
            token: String::new(),
            record: Record::default(),
            is_running: false,
            frames: Vec::new(),
            seen: None,
            expires,
        });
        entry.written = batch.number;
        if batch.is_whole {
            entry.frames.clear();
            entry.seen = None;
            (entry.fence, entry.owner) = (batch.fence, node.to_owned());
        }
        if let Some(record) = &batch.record {
            entry.token.clone_from(&batch.token);
            entry.record = record.clone();
            self.begun.extend(record.ids.iter().map(|question| (id.to_owned(), question.to_string())));
            entry.is_running = record.running.is_some();
            entry.seen = None;
            let seen = batch.seen.as_ref().filter(|seen| !seen.text.is_empty());
            let left = seen.map(|seen| (seen, self.description_ttl.saturating_sub(seen.age)));
            if let Some((seen, left)) = left.filter(|(_, left)| !left.is_zero()) {
                entry.seen = Some((Arc::clone(&seen.text), Instant::now() + left));
            }
        }
        for frame in &batch.frames {
            if entry.frames.last().is_some_and(|last| last.seq >= frame.seq) {
                // As Redis: what stands before is done, the rest is not.
                return Err(StoreError::Broken("the frame's number is too small".into()));
            }
            entry.frames.push(frame.clone());
        }
        entry.frames.retain(|frame| frame.seq >= Some(batch.first_seq));
        entry.expires = expires;
        Ok(())
    }

    /// Notes a write that lands and must not, whatever the rules say.
    fn watch(&mut self, node: &str, id: &str, batch: &Batch) {
        let Batch { fence, record, .. } = batch;
        let (owner, newest) = self.owners.entry(id.to_owned()).or_insert((node.to_owned(), *fence));
        if *newest > *fence || *newest == *fence && owner != node {
            self.wrongs.push(format!("{node} wrote {id} by fence {fence}: it is {owner}'s by {newest}"));
        }
        if let Some(Record { ids, turns, .. }) = record
            && u64::try_from(ids.len()).unwrap() > *turns
        {
            self.wrongs.push(format!("{node} wrote {id} with {turns} turns of {ids:?}: one has not begun"));
        }
        let (stored, written) = (self.sessions.get(id), record.as_ref());
        if let (Some(stored), Some(written)) = (stored, written)
            && (written.epoch, written.seq) < (stored.record.epoch, stored.record.seq)
            && stored.fence == *fence
        {
            let (was, is) = (&stored.record, written);
            let how = format!("epoch {} at {} after {} at {}", is.epoch, is.seq, was.epoch, was.seq);
            let what = if is.epoch < was.epoch { "into an epoch that is over" } else { "back" };
            self.wrongs.push(format!("{node} wrote {id} {what}: {how}"));
        }
    }

    pub(super) fn touch(&mut self, node: &str, id: &str, fence: u64) -> Result<(), StoreError> {
        self.expire();
        let expires = Instant::now() + self.ttl();
        let entry = self.sessions.get_mut(id).ok_or(StoreError::Missing)?;
        entry.expires = expires;
        if entry.fence < fence {
            return Err(StoreError::Missing);
        }
        if entry.fence > fence {
            return Err(StoreError::Fenced);
        }
        if entry.owner == node { Ok(()) } else { Err(StoreError::Collided) }
    }

    pub(super) fn erase(&mut self, node: &str, id: &str, fence: u64) {
        self.expire();
        if self.sessions.get(id).is_some_and(|entry| entry.fence == fence && entry.owner == node) {
            self.sessions.remove(id);
            self.owners.remove(id);
        }
    }

    pub(super) fn beat(&mut self, node: &str, address: &str) -> Vec<(u64, String)> {
        self.expire();
        self.nodes.insert(node.to_owned(), (address.to_owned(), Instant::now() + NODE_TTL));
        self.taken.remove(node).map(|(taken, _)| taken).unwrap_or_default()
    }

    pub(super) fn leave(&mut self, node: &str) {
        self.nodes.remove(node);
    }
}
