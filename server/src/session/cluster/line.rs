//! A node's line to the modelled store: slow, late, cut, or without an answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::model::Model;
use super::world::{Power, World};
use crate::session::store::{Batch, Claimed, Reply, Store, StoreError};

/// What becomes of one call.
pub(super) struct Trip {
    /// Until it reaches the store.
    pub(super) there: Duration,
    /// Until its answer is back.
    pub(super) back: Duration,
    pub(super) is_lost: bool,
    pub(super) is_reply_lost: bool,
}

/// A node's line.
pub(super) struct Line {
    pub(super) world: Arc<World>,
    pub(super) node: String,
    pub(super) power: Arc<Power>,
}

impl Line {
    fn call<T, Apply>(&self, what: String, apply: Apply) -> Reply<'_, T>
    where
        T: Send + std::fmt::Debug + 'static,
        Apply: FnOnce(&mut Model) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move {
            if self.power.is_off() {
                return std::future::pending().await; // what a dead node would say is not said
            }
            if self.world.refuses() {
                return Err(StoreError::Unavailable("refused".into()));
            }
            let trip = self.world.trip();
            let (world, node, power) = (Arc::clone(&self.world), self.node.clone(), Arc::clone(&self.power));
            let (answer, answered) = oneshot::channel();
            // A call on its way arrives, whether or not its caller waits or lives.
            tokio::spawn(async move {
                power.awake().await;
                sleep(trip.there).await;
                if trip.is_lost || world.is_store_down() {
                    world.note(|| format!("  {node} {what}: lost"));
                    return std::mem::drop(answer);
                }
                let result = world.apply(apply);
                world.note(|| format!("  {node} {what}: {}", short(&format!("{result:?}"))));
                sleep(trip.back).await;
                power.awake().await;
                if !trip.is_reply_lost {
                    let _ = answer.send(result);
                }
            });
            match answered.await {
                Ok(result) => result,
                Err(_) => std::future::pending().await,
            }
        })
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

impl Store for Line {
    fn claim<'a>(&'a self, id: &'a str, token: &'a str, is_polite: bool) -> Reply<'a, Claimed> {
        let (node, id, token) = (self.node.clone(), id.to_owned(), token.to_owned());
        let what = format!("claims {id}, politely: {is_polite}");
        self.call(what, move |model| Ok(model.claim(&node, &id, &token, is_polite)))
    }

    fn exists<'a>(&'a self, id: &'a str) -> Reply<'a, bool> {
        let id = id.to_owned();
        self.call(format!("looks for {id}"), move |model| Ok(model.exists(&id)))
    }

    fn write<'a>(&'a self, id: &'a str, batch: &'a Batch) -> Reply<'a, ()> {
        let (node, id, batch) = (self.node.clone(), id.to_owned(), batch.clone());
        let record = batch.record.as_ref().map(|record| {
            let running = record.running.as_ref().map(|running| &*running.turn_id);
            (record.epoch, record.seq, running.map(str::to_owned))
        });
        let numbers: Vec<_> = batch.frames.iter().filter_map(|frame| frame.seq).collect();
        let (how, fence) = (if batch.is_whole { "whole" } else { "more" }, batch.fence);
        let what = format!("writes {id} {how} by {fence}: {record:?} {numbers:?}");
        self.call(what, move |model| model.write(&node, &id, &batch))
    }

    fn touch<'a>(&'a self, sessions: &'a [(Arc<str>, u64)]) -> Reply<'a, Vec<Result<(), StoreError>>> {
        let (node, sessions) = (self.node.clone(), sessions.to_vec());
        self.call(format!("touches {sessions:?}"), move |model| {
            Ok(sessions.iter().map(|(id, fence)| model.touch(&node, id, *fence)).collect())
        })
    }

    fn erase<'a>(&'a self, id: &'a str, fence: u64) -> Reply<'a, ()> {
        let (node, id) = (self.node.clone(), id.to_owned());
        self.call(format!("erases {id} by {fence}"), move |model| {
            model.erase(&node, &id, fence);
            Ok(())
        })
    }

    fn beat<'a>(&'a self, address: &'a str) -> Reply<'a, Vec<(u64, String)>> {
        let (node, address) = (self.node.clone(), address.to_owned());
        self.call("beats".into(), move |model| Ok(model.beat(&node, &address)))
    }

    fn leave(&self) -> Reply<'_, ()> {
        let node = self.node.clone();
        self.call("leaves".into(), move |model| {
            model.leave(&node);
            Ok(())
        })
    }
}
