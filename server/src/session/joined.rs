//! Sessions of protocols that know no resume token: whoever knows the id may join, beside others. Each protocol's are a
//! namespace of their own, so that no id opens a session of the native protocol.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use dashmap::mapref::entry::Entry;

use super::outbox::Outbox;
use super::state::{Attached, Beside, State};
use super::store::{StoreError, digest};
use super::{Located, Opened, Session, Sessions, Wanted, random_id, refusal};
use crate::event::{Command, ErrorEvent, HistoryMessage};

/// A protocol whose sessions are known by their id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// The predecessor's HTTP API.
    Http,
    /// The AI SDK's chats.
    Chat,
}

impl Namespace {
    /// The key of a session: the namespace, a dot, and the client's id, or its digest where that is no plain id.
    fn key(self, id: &str) -> Arc<str> {
        let namespace = match self {
            Self::Http => "http",
            Self::Chat => "chat",
        };
        let id = if is_plain(id) { id } else { &digest(id) };
        format!("{namespace}.{id}").into()
    }
}

/// Whether a resume token is the key of a session that may be joined: others are random, and have no dot.
pub(super) fn is_key(resume_token: &str) -> bool {
    resume_token.contains('.')
}

/// A session's id as logs have it: of one that may be joined, what opens it is told by the begin of its digest only.
pub(super) fn shown(id: &str) -> Cow<'_, str> {
    match id.split_once('.') {
        Some((namespace, id)) => format!("{namespace}.{}", &digest(id)[..12]).into(),
        None => id.into(),
    }
}

/// Whether an id may be a session's as it is: 1 to 64 characters of `A-Z a-z 0-9 _ -`.
pub fn is_plain(id: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&id.len()) && id.bytes().all(is_known)
}

/// The store is away, so that a session can't be found, or no new one begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreAway;

/// Counts a visitor's messages where several sessions count together; else how long to wait.
pub type Gate = Arc<dyn Fn() -> Result<(), Duration> + Send + Sync>;

/// A hold on a session and what it tells; given back when it is dropped.
pub struct Listener {
    /// The session.
    pub session: Arc<Session>,
    /// What it tells.
    pub outbox: Arc<Outbox>,
    gate: Option<Gate>,
}

impl Listener {
    fn new(session: &Arc<Session>, attached: &Attached) -> Self {
        Self { session: Arc::clone(session), outbox: Arc::clone(&attached.outbox), gate: None }
    }

    /// The same, whose messages are counted with those of others.
    #[must_use]
    pub fn gated(mut self, gate: Option<Gate>) -> Self {
        self.gate = gate;
        self
    }

    /// Does what its client asks.
    pub fn handle(&self, command: Command) {
        if let (Command::Message(message), Some(gate)) = (&command, &self.gate)
            && let Err(wait) = gate()
        {
            let told = "Too many messages a minute come from this address.";
            let id = message.id.as_deref().map(Arc::from);
            return self.session.refuse(ErrorEvent { id, ..refusal("rate_limited", told, Some(wait)) });
        }
        self.session.handle(command);
    }
}

impl From<&Opened> for Listener {
    fn from(opened: &Opened) -> Self {
        Self::new(&opened.session, &opened.attached)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.session.detach(&self.outbox);
    }
}

impl Sessions {
    /// Joins a session, or begins it; what it tells from now on is heard.
    pub async fn join(&self, namespace: Namespace, id: &str) -> Result<Listener, StoreAway> {
        let key = self.find(namespace, id).await?;
        // The map's guard is held until the listener is attached, so that no sweep comes between.
        let held = match self.map.entry(Arc::clone(&key)) {
            Entry::Occupied(held) => held,
            Entry::Vacant(vacant) => vacant.insert_entry(self.new_joined(&key)),
        };
        let session = Arc::clone(held.get());
        match session.attach(None, Beside::Others) {
            Some(attached) => Ok(Listener::new(&session, &attached)),
            // Another node has taken it since, in this moment.
            None => Err(StoreAway),
        }
    }

    /// Joins a session whose last turn can be told from its start; it is, and what follows. None if there is none.
    pub async fn rejoin(&self, namespace: Namespace, id: &str) -> Result<Option<Listener>, StoreAway> {
        let key = self.find_old(namespace, id).await?;
        let Some(session) = self.map.get(&*key) else { return Ok(None) };
        let attached = session.attach_to_last_turn();
        Ok(attached.map(|attached| Listener::new(&session, &attached)))
    }

    /// What a session remembers; none if there is no such session.
    pub async fn history(
        &self,
        namespace: Namespace,
        id: &str,
    ) -> Result<Option<Vec<HistoryMessage>>, StoreAway> {
        let key = self.find_old(namespace, id).await?;
        Ok(self.map.get(&*key).map(|session| session.lock().history()))
    }

    /// Ends a session, if there is one: nothing of it is left, in the store either. Returns what it remembered.
    pub async fn end(
        &self,
        namespace: Namespace,
        id: &str,
    ) -> Result<Option<Vec<HistoryMessage>>, StoreAway> {
        let key = self.find_old(namespace, id).await?;
        let Some((_, session)) = self.map.remove(&key) else { return Ok(None) };
        let history = session.lock().history();
        if let Some(fence) = self.forsake(&key, &session)
            && let Some(node) = &self.shared.node
        {
            match node.call(node.store().erase(&key, fence)).await {
                Ok(()) | Err(StoreError::Fenced) => {}
                Err(_) => return Err(StoreAway),
            }
        }
        Ok(Some(history))
    }

    /// Whether the store is away, so that what is erased here may still be there.
    pub fn is_store_away(&self) -> bool {
        self.shared.node.as_ref().is_some_and(|node| node.is_down())
    }

    /// Begins a session that nobody can come back to: it ends with its listener's socket, and no store knows it.
    /// None while the server goes away.
    pub fn begin_passing(&self) -> Option<Listener> {
        let id = random_id();
        let session =
            self.new_session(Arc::clone(&id), State::new(&self.shared.knobs, self.fork_rng()), None);
        self.map.insert(id, Arc::clone(&session));
        let attached = session.attach(None, Beside::Nobody)?;
        session.prefetch_at_opening();
        Some(Listener::new(&session, &attached))
    }

    /// Ends a session that was begun by [`Sessions::begin_passing`]: its client is gone.
    pub fn close(&self, session: &Arc<Session>) {
        if self.map.remove_if(session.id(), |_, held| Arc::ptr_eq(held, session)).is_some() {
            self.forsake(session.id(), session);
        }
    }

    /// Takes a session over where another node has it; its key.
    async fn find(&self, namespace: Namespace, id: &str) -> Result<Arc<str>, StoreAway> {
        let key = namespace.key(id);
        let wanted = Wanted { id: Some(&key), resume: Some(&key), ..Wanted::default() };
        let is_away = self.locate(&wanted, true).await == Located::Unknown;
        if is_away && self.refuses_new() {
            return Err(StoreAway);
        }
        Ok(key)
    }

    /// As [`Sessions::find`], of a session that is not begun: one that may be elsewhere must not seem to be none.
    async fn find_old(&self, namespace: Namespace, id: &str) -> Result<Arc<str>, StoreAway> {
        let key = self.find(namespace, id).await?;
        if self.is_store_away() && !self.map.contains_key(&key) { Err(StoreAway) } else { Ok(key) }
    }

    fn new_joined(&self, key: &Arc<str>) -> Arc<Session> {
        let state = State::joined(&self.shared.knobs, self.fork_rng(), key);
        self.new_session(Arc::clone(key), state, self.shared.node.as_ref().map(|node| (node, 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_a_plain_id_as_it_is_and_logs_hold_none() {
        assert_eq!(&*Namespace::Http.key("visitor-1"), "http.visitor-1");
        let odd = Namespace::Chat.key("訪客 1");
        assert!(odd.strip_prefix("chat.").is_some_and(is_plain), "{odd}");
        let logged = shown("chat.a-secret");
        assert!(logged.starts_with("chat.") && !logged.contains("secret"), "{logged}");
        assert_eq!(shown("kiosk-1"), "kiosk-1");
    }
}
