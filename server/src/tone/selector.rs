//! The choice of a tone: by rules, by a model where the rules abstain, or by a model alone.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::timeout;

use super::rules;
use crate::event::{SelectedBy, Selection, Tone, Usage};
use crate::llm::{self, Chat, ChatRequest, Role};
use crate::prompts::Prompts;

/// A label is a word, but a small machine may take seconds to read a description; nobody waits that long for
/// it (`grace`), it only ends a call that is stuck.
const MODEL_TIMEOUT: Duration = Duration::from_secs(20);

/// Room for the longest label; models that think aloud are cut off.
const MAX_TOKENS: u32 = 16;

/// Who may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectMode {
    /// Rules; a model only where they abstain and one is configured.
    Auto,
    /// Rules alone.
    Rules,
    /// The model alone; rules if it fails.
    Model,
}

impl SelectMode {
    /// All, as flags name them.
    pub const NAMES: [(&str, Self); 3] =
        [("auto", Self::Auto), ("rules", Self::Rules), ("model", Self::Model)];
}

/// A selection and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// The tone.
    pub selection: Selection,
    /// How long it took.
    pub took: Duration,
    /// What it cost upstream.
    pub usage: Usage,
    /// A model was asked and gave no label.
    pub failed: bool,
}

impl Selected {
    /// A selection that took nothing.
    pub fn at_once(selection: Selection) -> Self {
        Self { selection, took: Duration::ZERO, usage: Usage::default(), failed: false }
    }
}

/// How many descriptions' tones are remembered: a house's visitors of a day, in some tens of kilobytes.
const MAX_REMEMBERED: usize = 1024;

/// Selects tones.
pub struct Selector {
    mode: SelectMode,
    elder_age: u8,
    model: Option<(Arc<dyn Chat>, Arc<Prompts>)>,
    /// What the model chose, by the description's keyed hash: what was seen of a visitor is not kept.
    remembered: Cache<u64, Tone>,
    hasher: RandomState,
}

impl Selector {
    /// `elder_age`: from how many years a visitor counts as an elder. Without a model, rules choose alone.
    pub fn new(mode: SelectMode, elder_age: u8, model: Option<(Arc<dyn Chat>, Arc<Prompts>)>) -> Self {
        let (remembered, hasher) = (Cache::new(MAX_REMEMBERED), RandomState::new());
        Self { mode, elder_age, model, remembered, hasher }
    }

    /// The tone that a description calls for. Never fails: the fallback is casual. Asks anew even for a
    /// description whose tone is remembered.
    pub async fn select(&self, description: &str) -> Selected {
        let started = tokio::time::Instant::now();
        let mut selected = match self.at_once(description) {
            Ok(selection) => Selected::at_once(selection),
            Err(otherwise) => self.ask(description, otherwise).await,
        };
        selected.took = started.elapsed();
        selected
    }

    /// The tone, if no model needs to be asked for it: by rule, or remembered.
    pub fn known(&self, description: &str) -> Option<Selected> {
        let remembered = || {
            let tone = self.remembered.get(&self.hasher.hash_one(description))?;
            Some(Selection { tone, selected_by: SelectedBy::Model, because: Vec::new() })
        };
        self.at_once(description).ok().or_else(remembered).map(Selected::at_once)
    }

    /// The tone by rules alone, for a turn that can't wait for the model any longer.
    pub fn select_late(&self, description: &str) -> Selected {
        let selection = self.by_rule(description).unwrap_or_else(Selection::fallback);
        Selected { failed: true, ..Selected::at_once(selection) }
    }

    fn by_rule(&self, description: &str) -> Option<Selection> {
        let verdict = rules::decide(description, self.elder_age)?;
        Some(Selection { tone: verdict.tone, selected_by: SelectedBy::Rule, because: verdict.because })
    }

    /// The selection, if no model has a say in it; else what is selected if the model fails.
    fn at_once(&self, description: &str) -> Result<Selection, Selection> {
        // Whoever writes to the model where a description should be is not passed on to it.
        if description.is_empty() || rules::is_instruction(description) {
            return Ok(Selection::fallback());
        }
        let by_rule = self.by_rule(description);
        let asks_model = self.model.is_some()
            && match self.mode {
                SelectMode::Rules => false,
                SelectMode::Auto => by_rule.is_none(),
                SelectMode::Model => true,
            };
        let selection = by_rule.unwrap_or_else(Selection::fallback);
        if asks_model { Err(selection) } else { Ok(selection) }
    }

    async fn ask(&self, description: &str, otherwise: Selection) -> Selected {
        let Some((chat, prompts)) = &self.model else { return Selected::at_once(otherwise) };
        let request = ChatRequest {
            role: Role::Select,
            system: prompts.select(),
            history: Vec::new(),
            user: format!(
                "<elder_age>{}</elder_age>\n<description>{}</description>",
                self.elder_age,
                llm::untagged(description)
            ),
            max_tokens: MAX_TOKENS,
            temperature: 0.0,
        };
        let reply = timeout(MODEL_TIMEOUT, llm::collect(&**chat, request)).await;
        let usage = match &reply {
            Ok(Ok((_, usage))) => usage.clone(),
            _ => Usage { llm_calls: 1, ..Usage::default() },
        };
        let label = match reply {
            Ok(Ok((text, _))) => label(&text),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no tone from the model");
                None
            }
            Err(_) => {
                tracing::warn!(timeout_s = MODEL_TIMEOUT.as_secs(), "no tone from the model in time");
                None
            }
        };
        if let Some(tone) = label {
            self.remembered.insert(self.hasher.hash_one(description), tone);
        }
        let by_model =
            label.map(|tone| Selection { tone, selected_by: SelectedBy::Model, because: Vec::new() });
        let failed = by_model.is_none();
        Selected { selection: by_model.unwrap_or(otherwise), took: Duration::ZERO, usage, failed }
    }
}

/// The label in a model's reply, if it names exactly one; a shortened one counts.
fn label(reply: &str) -> Option<Tone> {
    let reply = reply.to_lowercase();
    let named = |tone: &Tone| {
        let short = tone.as_str().trim_end_matches("_friendly");
        reply.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word == short)
    };
    let mut tones = Tone::ALL.into_iter().filter(named);
    tones.next().filter(|_| tones.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_in_what_models_say() {
        let check = |reply, expect| assert_eq!(label(reply), expect, "{reply}");
        check("child_friendly", Some(Tone::ChildFriendly));
        check(" **Elder_Friendly**.\n", Some(Tone::ElderFriendly));
        check("The tone is professional.", Some(Tone::ProfessionalFriendly));
        check("child_friendly or casual_friendly", None);
        check("pirate", None);
        check("", None);
    }
}
