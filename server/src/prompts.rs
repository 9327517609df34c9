//! The prompts, as files: built in, or replaced one by one from a directory (`--prompts DIR`).
//!
//! Each file is text that no call changes, so that a backend's prefix cache hits on every call of the same
//! kind. What differs from call to call stands in the user message, delimited by tags, because all of it is
//! data: the question, the passages and whatever a VLM said.
//!
//! A persona's file ends in examples: what the model is given, beginning with a tag, and behind `=> ` what it
//! should say. They reach the model as earlier messages, which small models follow better than rules.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::event::{HistoryMessage, Speaker, Tone};
use crate::language::Lang;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../prompts/", $name)))),*] };
}

/// Every prompt's file name and its built-in text.
const BUILT_IN: &[(&str, &str)] = built_in![
    "answer.en.md",
    "answer.zh-Hant.md",
    "answer-without-documents.en.md",
    "answer-without-documents.zh-Hant.md",
    "convert.en.md",
    "convert.zh-Hant.md",
    "describe.md",
    "direct.en.md",
    "direct.zh-Hant.md",
    "persona.casual_friendly.en.md",
    "persona.casual_friendly.zh-Hant.md",
    "persona.child_friendly.en.md",
    "persona.child_friendly.zh-Hant.md",
    "persona.elder_friendly.en.md",
    "persona.elder_friendly.zh-Hant.md",
    "persona.professional_friendly.en.md",
    "persona.professional_friendly.zh-Hant.md",
    "rewrite.en.md",
    "rewrite.zh-Hant.md",
    "select.md",
];

/// All prompts, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    texts: BTreeMap<String, String>,
}

impl Default for Prompts {
    fn default() -> Self {
        let texts =
            BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), text.trim().to_owned())).collect();
        Self { texts }
    }
}

impl Prompts {
    /// The built-in prompts with those of a directory in their place.
    pub fn load(dir: &Path) -> Result<Self, PromptsError> {
        let mut prompts = Self::default();
        let unreadable = |source| PromptsError::Unreadable { path: dir.to_owned(), source };
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.extension().is_none_or(|extension| extension != "md") || name == "README.md" {
                continue;
            }
            let Some(text) = prompts.texts.get_mut(&name) else { return Err(PromptsError::Unknown { path }) };
            let own = std::fs::read_to_string(&path)
                .map_err(|source| PromptsError::Unreadable { path: path.clone(), source })?;
            if own.trim().is_empty() {
                return Err(PromptsError::Empty { path });
            }
            own.trim().clone_into(text);
        }
        Ok(prompts)
    }

    /// The system prompt of plain answers from the house's documents, or from none.
    pub fn answer(&self, lang: Lang, has_documents: bool) -> String {
        let name = if has_documents { "answer" } else { "answer-without-documents" };
        self.text(&format!("{name}.{}.md", lang.as_str())).to_owned()
    }

    /// The system prompt of answers that are given in a tone at once.
    pub fn direct(&self, tone: Tone, lang: Lang, has_documents: bool) -> String {
        let (persona, _) = self.persona(tone, lang);
        let rules = self.text(&format!("direct.{}.md", lang.as_str()));
        format!("{}\n{rules}\n\n{persona}", self.answer(lang, has_documents))
    }

    /// The system prompt of conversions into a tone, and the persona's examples of the same kind as a message:
    /// those with no other tags than it has, or all if there are none. A small model repeats what it sees, so an
    /// opener is shown openers, and a part that goes on is not shown how replies begin.
    pub fn convert(&self, tone: Tone, lang: Lang, user: &str) -> (String, Vec<HistoryMessage>) {
        let rules = self.text(&format!("convert.{}.md", lang.as_str()));
        let (persona, examples) = self.persona(tone, lang);
        let examples = examples_of(examples);
        let like =
            |example: &&[HistoryMessage]| tags(&example[0].text).all(|tag| tags(user).any(|it| it == tag));
        let alike: Vec<HistoryMessage> = examples.chunks(2).filter(like).flatten().cloned().collect();
        (format!("{persona}\n\n{rules}"), if alike.is_empty() { examples } else { alike })
    }

    /// A persona's own words, and its examples.
    fn persona(&self, tone: Tone, lang: Lang) -> (&str, &str) {
        let persona = self.text(&format!("persona.{}.{}.md", tone.as_str(), lang.as_str()));
        let (prose, examples) = persona.split_at(persona.find("\n<").unwrap_or(persona.len()));
        (prose.trim(), examples)
    }

    /// The system prompt of follow-up questions that are to stand alone.
    pub fn rewrite(&self, lang: Lang) -> String {
        self.text(&format!("rewrite.{}.md", lang.as_str())).to_owned()
    }

    /// The system prompt of the tone's selection.
    pub fn select(&self) -> String {
        self.text("select.md").to_owned()
    }

    /// The system prompt of vision models.
    pub fn describe(&self) -> &str {
        self.text("describe.md")
    }

    fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

/// The tags that a message's lines begin with.
fn tags(message: &str) -> impl Iterator<Item = &str> {
    message.lines().filter_map(|line| line.strip_prefix('<')?.split_once('>').map(|(tag, _)| tag))
}

/// Pairs of what is given and what is said.
fn examples_of(text: &str) -> Vec<HistoryMessage> {
    let mut messages = Vec::new();
    let mut given = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(said) = line.strip_prefix("=> ") {
            let text = std::mem::take(&mut given).join("\n");
            messages.push(HistoryMessage { speaker: Speaker::Visitor, text, tone: None });
            messages.push(HistoryMessage { speaker: Speaker::House, text: said.to_owned(), tone: None });
        } else {
            given.push(line);
        }
    }
    messages
}

/// Why a directory of prompts can't be used.
#[derive(Debug)]
pub enum PromptsError {
    /// The directory or a file in it can't be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// A file whose name is no prompt's: most likely misspelt.
    Unknown {
        /// Which.
        path: PathBuf,
    },
    /// A file without text.
    Empty {
        /// Which.
        path: PathBuf,
    },
}

impl fmt::Display for PromptsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source } => write!(f, "can't read {}: {source}", path.display()),
            Self::Unknown { path } => {
                let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                write!(f, "{} is no prompt's name; the prompts are {}", path.display(), names.join(", "))
            }
            Self::Empty { path } => {
                write!(f, "{} is empty; delete it to use the built-in prompt", path.display())
            }
        }
    }
}

impl std::error::Error for PromptsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tone_and_language_has_its_prompts() {
        let prompts = Prompts::default();
        for lang in [Lang::En, Lang::ZhHant] {
            assert!(!prompts.answer(lang, true).is_empty());
            for tone in Tone::ALL {
                let (system, examples) =
                    prompts.convert(tone, lang, "<question></question>\n<mention></mention>\n<text></text>");
                assert!(system.ends_with(prompts.text(&format!("convert.{}.md", lang.as_str()))));
                assert!(!system.contains("=>") && !system.starts_with('<'));
                assert_eq!(examples.len(), 18);
                assert!(examples[0].text.starts_with("<question>") && examples[0].text.ends_with("</text>"));
                for (user, expect) in [
                    ("<mention>hat</mention>", 3),
                    ("<text>Old.</text>", 3),
                    ("<question>?</question>\n<text>Old.</text>", 5),
                    ("-", 9),
                ] {
                    assert_eq!(prompts.convert(tone, lang, user).1.len(), 2 * expect, "{user}");
                }
                assert!(prompts.direct(tone, lang, true).starts_with(&prompts.answer(lang, true)));
                assert!(examples.iter().all(|example| !example.text.contains("=>")));
            }
        }
        assert!(prompts.select().contains("casual_friendly"));
    }

    #[test]
    fn a_directory_replaces_single_prompts_and_says_what_is_wrong_with_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("select.md"), "Choose.\n").unwrap();
        std::fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        let prompts = Prompts::load(dir.path()).unwrap();
        assert_eq!(prompts.select(), "Choose.");
        assert_eq!(prompts.answer(Lang::En, true), Prompts::default().answer(Lang::En, true));

        std::fs::write(dir.path().join("selekt.md"), "Choose.").unwrap();
        assert!(matches!(Prompts::load(dir.path()), Err(PromptsError::Unknown { .. })));
        std::fs::remove_file(dir.path().join("selekt.md")).unwrap();
        std::fs::write(dir.path().join("select.md"), " \n").unwrap();
        assert!(matches!(Prompts::load(dir.path()), Err(PromptsError::Empty { .. })));
        assert!(matches!(Prompts::load(&dir.path().join("none")), Err(PromptsError::Unreadable { .. })));
    }
}
