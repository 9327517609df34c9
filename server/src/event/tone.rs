//! Tones and how one was chosen.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The four tones. Age outranks clothing; [`Tone::CasualFriendly`] is what remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tone {
    /// For visitors of 0 to 17 years; a school uniform counts too.
    ChildFriendly,
    /// For visitors from `elder_age` (55) years.
    ElderFriendly,
    /// For business or formal dress, or an office setting.
    ProfessionalFriendly,
    /// For everyone else, and for whoever can't be made out.
    CasualFriendly,
}

impl Tone {
    /// All four, in the order the documents name them.
    pub const ALL: [Self; 4] =
        [Self::ChildFriendly, Self::ElderFriendly, Self::ProfessionalFriendly, Self::CasualFriendly];

    /// The name on the wire and in prompts' file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChildFriendly => "child_friendly",
            Self::ElderFriendly => "elder_friendly",
            Self::ProfessionalFriendly => "professional_friendly",
            Self::CasualFriendly => "casual_friendly",
        }
    }
}

impl FromStr for Tone {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|tone| tone.as_str() == name).ok_or(())
    }
}

/// A chosen tone and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The tone.
    pub tone: Tone,
    /// Who chose it.
    pub selected_by: SelectedBy,
    /// The words of the description that decided; empty unless rules chose.
    pub because: Vec<String>,
}

impl Selection {
    /// The tone for whoever can't be made out.
    pub const fn fallback() -> Self {
        Self { tone: Tone::CasualFriendly, selected_by: SelectedBy::Fallback, because: Vec::new() }
    }
}

/// Who chose a tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SelectedBy {
    /// Words of the description.
    Rule,
    /// A model that was asked.
    Model,
    /// The client named it.
    Client,
    /// Nobody: no word matched, or there was no description.
    Fallback,
}

impl SelectedBy {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Model => "model",
            Self::Client => "client",
            Self::Fallback => "fallback",
        }
    }
}
