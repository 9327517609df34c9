//! The conversation's items, in order. The oldest are forgotten where there are too many.

use super::fields::Fault;
use super::item::{Item, Role, State};
use crate::event::{HistoryMessage, Speaker};

/// How many items are kept: an hour's talk.
const MAX_ITEMS: usize = 256;

/// How many bytes of text all items have; a session's history is far smaller, but clients may look items up.
const MAX_BYTES: usize = 256 * 1024;

/// How many earlier messages a prompt is given, as a session's own history.
const MAX_HISTORY: usize = 10;

/// Where an item is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    End,
    Start,
    Behind(&'a str),
}

/// What is asked of a conversation: its last question and what was said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) history: Vec<HistoryMessage>,
    /// What the front-end said as the system.
    pub(super) instructions: Vec<String>,
}

/// The items.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    items: Vec<Item>,
}

impl Conversation {
    pub(super) fn get(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id)
    }

    /// The id of the item before one.
    pub(super) fn before(&self, id: &str) -> Option<&str> {
        let at = self.items.iter().position(|item| item.id == id)?;
        Some(&self.items.get(at.checked_sub(1)?)?.id)
    }

    /// Checks whether an item can be put there.
    pub(super) fn check(&self, id: &str, place: Place<'_>) -> Result<(), Fault> {
        if self.get(id).is_some() {
            return Err(Fault::new("item_already_exists", "There is an item with this id.").at("item.id"));
        }
        match place {
            Place::Behind(before) if self.get(before).is_none() => {
                let message = "There is no item `previous_item_id`.";
                Err(Fault::new("item_create_invalid_previous_item_id", message).at("previous_item_id"))
            }
            _ => Ok(()),
        }
    }

    /// Puts an item in its place; at the end if that is gone.
    pub(super) fn insert(&mut self, item: Item, place: Place<'_>) {
        let at = match place {
            Place::End => None,
            Place::Start => Some(0),
            Place::Behind(before) => self.items.iter().position(|item| item.id == before).map(|at| at + 1),
        };
        self.items.insert(at.unwrap_or(self.items.len()), item);
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let at = self.items.iter().position(|item| item.id == id);
        at.map(|at| self.items.remove(at)).is_some()
    }

    /// Forgets the oldest items while there are too many; their ids. The `newest` stays, and a reply that is being said.
    pub(super) fn shrink(&mut self, newest: &str) -> Vec<String> {
        let mut bytes: usize = self.items.iter().map(Item::weight).sum();
        let mut forgotten = Vec::new();
        while self.items.len() > MAX_ITEMS || bytes > MAX_BYTES {
            let may_go = |item: &Item| item.id != newest && item.progress != State::Running;
            let Some(oldest) = self.items.iter().position(may_go) else { break };
            let item = self.items.remove(oldest);
            bytes -= item.weight();
            forgotten.push(item.id);
        }
        forgotten
    }

    /// The items' last question, with what was said before it.
    pub(super) fn question(&self) -> Option<Question> {
        question(self.items.iter())
    }
}

/// The last question among items, with what was said before it. None if no visitor has said anything.
pub(super) fn question<'a>(items: impl Iterator<Item = &'a Item>) -> Option<Question> {
    let items: Vec<(Role, String)> = items
        .map(|item| (item.role, item.plain.clone().unwrap_or_else(|| item.text())))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect();
    let at = items.iter().rposition(|(role, _)| *role == Role::User)?;
    let mut history: Vec<_> = items[..at]
        .iter()
        .filter_map(|(role, text)| {
            let speaker = match role {
                Role::User => Speaker::Visitor,
                Role::Assistant => Speaker::House,
                Role::System => return None,
            };
            Some(HistoryMessage { speaker, text: text.clone(), tone: None })
        })
        .rev()
        .take(MAX_HISTORY)
        .collect();
    history.reverse();
    let instructions =
        items.iter().filter(|(role, _)| *role == Role::System).map(|(_, text)| text.clone()).collect();
    Some(Question { text: items[at].1.clone(), history, instructions })
}
