//! Sessions in Redis (7) or Valkey: one primary, by itself or behind a name that moves with it.
//!
//! | key, behind the prefix | what |
//! |---|---|
//! | `session:ID` | hash: `fence`, `owner` (a node), `written` (how often it wrote), `token` (its digest), `record` (JSON), `running` |
//! | `frames:ID` | stream: the frames that can be sent again; ids are `SEQ-1` |
//! | `seen:ID` | the camera's last description |
//! | `node:NODE` | a node's address, as long as it lives |
//! | `taken:NODE` | list of `FENCE ID`: sessions that others took from it |
//!
//! All expire by themselves. Each operation is one script, so that its steps are one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};
use serde::{Deserialize, Serialize};

use super::{Batch, Claimed, Kept, Reply, Seen, Store, StoreError};
use crate::event::Event;
use crate::session::outbox::Sequenced;

/// How long a connection attempt may take; calls have their own, shorter patience.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A node that was not heard for so long is dead: its sessions are free. Five beats.
pub(in crate::session) const NODE_TTL: Duration = Duration::from_millis(1500);

/// A frame as it is kept.
#[derive(Serialize, Deserialize)]
struct Frame<E> {
    seq: u64,
    event: E,
}

/// A node's access to Redis.
pub(in crate::session) struct RedisStore {
    client: Client,
    config: ConnectionManagerConfig,
    connection: Mutex<ConnectionManager>,
    prefix: String,
    /// This node's own name.
    node: String,
    session_ttl: Duration,
    description_ttl: Duration,
    claim: Script,
    write: Script,
    erase: Script,
    beat: Script,
}

impl RedisStore {
    /// Connects when it is first used. An error says what is wrong with the URL. Needs a runtime.
    pub(in crate::session) fn new(
        url: &str,
        prefix: String,
        node: String,
        session_ttl: Duration,
        description_ttl: Duration,
    ) -> Result<Self, RedisError> {
        // Calls are limited where they are made; this one only ends those that nobody waits for. A connection is tried
        // once a call, so that its failure is told: the next beat tries again.
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(CONNECT_TIMEOUT))
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_number_of_retries(0);
        let client = Client::open(url)?;
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
        Ok(Self {
            client,
            config,
            connection: Mutex::new(connection),
            prefix,
            node,
            session_ttl,
            description_ttl,
            claim: Script::new(include_str!("claim.lua")),
            write: Script::new(include_str!("write.lua")),
            erase: Script::new(include_str!("erase.lua")),
            beat: Script::new(include_str!("beat.lua")),
        })
    }

    fn connection(&self) -> ConnectionManager {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connects anew where the present connection is not made again by itself: it was refused, not broken (a password
    /// that is wrong, a Redis that still loads).
    fn renew_after(&self, error: &RedisError) {
        if !error.is_io_error()
            && let Ok(new) = ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone())
        {
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }

    fn key(&self, kind: &str, id: &str) -> String {
        format!("{}{kind}:{id}", self.prefix)
    }

    /// A session's keys, in the scripts' order.
    fn keys(&self, id: &str) -> [String; 3] {
        ["session", "frames", "seen"].map(|kind| self.key(kind, id))
    }

    /// A session lives on for a while without a sign from its owner: this long after the last one. A third longer
    /// than without a socket, because signs come every third.
    fn ttl(&self) -> u64 {
        millis(self.session_ttl + self.session_ttl / 3)
    }

    fn kept(&self, claimed: Ours) -> Result<Kept, StoreError> {
        let (fence, record, seen, seen_ttl, frames) = claimed;
        let record = serde_json::from_str(&record).map_err(unreadable)?;
        let left = Duration::from_millis(u64::try_from(seen_ttl).unwrap_or_default());
        let age = self.description_ttl.saturating_sub(left);
        let seen = (!seen.is_empty()).then(|| Seen { text: seen.into(), age });
        let frame = |json: &String| {
            let Frame { seq, event } = serde_json::from_str::<Frame<Event>>(json).map_err(unreadable)?;
            Ok(Sequenced::new(seq, event))
        };
        let frames = frames.iter().map(frame).collect::<Result<_, _>>()?;
        Ok(Kept { fence, record, seen, frames })
    }
}

/// Fence, record, description, what is left of its time in ms (below 0: none), and frames.
type Ours = (u64, String, String, i64, Vec<String>);

impl Store for RedisStore {
    fn claim<'a>(&'a self, id: &'a str, token: &'a str, is_polite: bool) -> Reply<'a, Claimed> {
        Box::pin(async move {
            let mut call = self.claim.prepare_invoke();
            for key in self.keys(id) {
                call.key(key);
            }
            let how = if is_polite { "polite" } else { "force" };
            call.arg(token).arg(&self.node).arg(how).arg(&self.prefix).arg(id).arg(self.ttl());
            let claimed: redis::Value =
                call.invoke_async(&mut self.connection()).await.map_err(|error| unavailable(&error))?;
            let redis::Value::Array(mut parts) = claimed else { return Err(unreadable("no list")) };
            let rest = redis::Value::Array(parts.split_off(1.min(parts.len())));
            let what: String = match parts.pop() {
                Some(what) => redis::from_redis_value(what).map_err(unreadable)?,
                None => return Err(unreadable("an empty list")),
            };
            match &*what {
                "unknown" => Ok(Claimed::Unknown),
                "elsewhere" => {
                    let (address,) = redis::from_redis_value(rest).map_err(unreadable)?;
                    Ok(Claimed::Elsewhere(address))
                }
                _ => {
                    let kept = self.kept(redis::from_redis_value(rest).map_err(unreadable)?)?;
                    Ok(Claimed::Ours(Box::new(kept)))
                }
            }
        })
    }

    fn exists<'a>(&'a self, id: &'a str) -> Reply<'a, bool> {
        Box::pin(async move {
            let mut exists = redis::cmd("EXISTS");
            exists.arg(self.key("session", id));
            exists.query_async(&mut self.connection()).await.map_err(|error| unavailable(&error))
        })
    }

    fn write<'a>(&'a self, id: &'a str, batch: &'a Batch) -> Reply<'a, ()> {
        Box::pin(async move {
            let Batch { fence, number, token, frames, first_seq, record, seen, is_whole } = batch;
            let record_json = record.as_ref().map(serde_json::to_string).transpose().map_err(unreadable)?;
            let is_running = record.as_ref().is_some_and(|record| record.running.is_some());
            let seen = seen.as_ref().and_then(|seen| {
                let left = millis(self.description_ttl.saturating_sub(seen.age));
                (left > 0 && !seen.text.is_empty()).then(|| (&*seen.text, left))
            });
            let (seen, seen_ttl) = seen.unwrap_or(("", 0));
            let mut call = self.write.prepare_invoke();
            for key in self.keys(id) {
                call.key(key);
            }
            call.arg(fence).arg(&self.node).arg(self.ttl()).arg(if *is_whole { "whole" } else { "more" });
            call.arg(first_seq).arg(token).arg(record_json.as_deref().unwrap_or_default());
            call.arg(if is_running { "1" } else { "0" }).arg(seen).arg(seen_ttl).arg(number);
            for frame in frames {
                let seq = frame.seq.unwrap_or_default();
                let frame = Frame { seq, event: &*frame.event };
                call.arg(seq).arg(serde_json::to_string(&frame).map_err(unreadable)?);
            }
            let written: String =
                call.invoke_async(&mut self.connection()).await.map_err(|error| unavailable(&error))?;
            match &*written {
                "ok" => Ok(()),
                "missing" => Err(StoreError::Missing),
                "collided" => Err(StoreError::Collided),
                _ => Err(StoreError::Fenced),
            }
        })
    }

    fn touch<'a>(&'a self, sessions: &'a [(Arc<str>, u64)]) -> Reply<'a, Vec<Result<(), StoreError>>> {
        Box::pin(async move {
            let mut pipe = redis::pipe();
            for (id, _) in sessions {
                let [session, frames, _] = self.keys(id);
                pipe.cmd("HMGET").arg(&session).arg(&["fence", "owner"]);
                for key in [session, frames] {
                    pipe.cmd("PEXPIRE").arg(key).arg(self.ttl()).ignore();
                }
            }
            let held: Vec<(Option<u64>, Option<String>)> =
                pipe.query_async(&mut self.connection()).await.map_err(|error| unavailable(&error))?;
            let stand = |own: u64, fence: Option<u64>, owner: Option<String>| match fence {
                // A lower fence: a former owner wrote first where the session had been lost.
                None => Err(StoreError::Missing),
                Some(fence) if fence < own => Err(StoreError::Missing),
                Some(fence) if fence > own => Err(StoreError::Fenced),
                Some(_) if owner.as_ref() == Some(&self.node) => Ok(()),
                Some(_) => Err(StoreError::Collided),
            };
            let each = sessions.iter().zip(held);
            Ok(each.map(|((_, own), (fence, owner))| stand(*own, fence, owner)).collect())
        })
    }

    fn erase<'a>(&'a self, id: &'a str, fence: u64) -> Reply<'a, ()> {
        Box::pin(async move {
            let mut call = self.erase.prepare_invoke();
            for key in self.keys(id) {
                call.key(key);
            }
            call.arg(fence).arg(&self.node);
            call.invoke_async(&mut self.connection()).await.map_err(|error| unavailable(&error))
        })
    }

    fn beat<'a>(&'a self, address: &'a str) -> Reply<'a, Vec<(u64, String)>> {
        Box::pin(async move {
            let mut call = self.beat.prepare_invoke();
            call.key(self.key("node", &self.node)).key(self.key("taken", &self.node));
            call.arg(address).arg(millis(NODE_TTL));
            let taken: Vec<String> = call.invoke_async(&mut self.connection()).await.map_err(|error| {
                self.renew_after(&error);
                unavailable(&error)
            })?;
            let parse = |taken: &String| {
                let (fence, id) = taken.split_once(' ')?;
                Some((fence.parse().ok()?, id.to_owned()))
            };
            Ok(taken.iter().filter_map(parse).collect())
        })
    }

    fn leave(&self) -> Reply<'_, ()> {
        Box::pin(async move {
            let mut del = redis::cmd("DEL");
            del.arg(self.key("node", &self.node));
            del.query_async(&mut self.connection()).await.map_err(|error| unavailable(&error))
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn unavailable(error: &RedisError) -> StoreError {
    match error.code() {
        // Of a script whose commands the user may not run all: nothing can be written at all.
        Some("ERR") if error.to_string().contains("can't run this command") => {
            StoreError::Unavailable(error.to_string())
        }
        // What a script or command says of the keys that it was given; others speak of the server.
        Some("ERR" | "WRONGTYPE") => StoreError::Broken(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// What another version of the server wrote, or somebody else.
fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!("unreadable: {error}"))
}
