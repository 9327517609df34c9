//! What visitors ask.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::error::LoadError;

/// The longest question that the wire takes, in characters.
const LONGEST: usize = 4000;

/// What visitors ask any museum, in both languages.
const BUILT_IN: [&str; 12] = [
    "What are the opening hours?",
    "門票多少錢？",
    "Where are the toilets?",
    "開放時間是幾點到幾點？",
    "How much is a ticket?",
    "可以拍照嗎？",
    "What should I see first?",
    "廁所在哪裡？",
    "Is there something for children?",
    "誰創辦了這座博物館？",
    "Who founded the museum?",
    "有導覽嗎？導覽幾點開始？",
];

/// A script of questions; at least one. Session n begins with question n (counted round) and goes on in order, so
/// that all are asked equally often and a follow-up keeps its predecessor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions(Arc<[String]>);

impl Questions {
    /// The built-in list.
    pub fn built_in() -> Self {
        Self(BUILT_IN.map(str::to_owned).into())
    }

    /// Reads a file: one question a line, or JSONL with `question`. Empty lines don't count.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            LoadError::plan(
                format!("--questions: can't read {name}: {error}"),
                "name a UTF-8 text file with one question a line",
            )
        })?;
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        let questions = lines
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| {
                question(line).map_err(|(what, hint)| {
                    LoadError::plan(format!("--questions: {name}:{number}: {what}"), hint)
                })
            });
        let questions = questions.collect::<Result<Vec<_>, _>>()?;
        if questions.is_empty() {
            return Err(LoadError::plan(
                format!("--questions: {name} holds no question"),
                "write one question a line, or leave --questions out for the built-in list",
            ));
        }
        Ok(Self(questions.into()))
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What a session asks. `session`: from 0, `turn`: from 1.
    pub(super) fn get(&self, session: u64, turn: u64) -> &str {
        let length = self.0.len() as u64;
        let index = (session % length + (turn - 1) % length) % length;
        &self.0[usize::try_from(index).unwrap_or(0)]
    }
}

/// A line's question, or what is wrong with it and what to do.
fn question(line: &str) -> Result<String, (String, &'static str)> {
    #[derive(Deserialize)]
    struct Line {
        question: String,
    }
    let text = if line.starts_with('{') {
        let parsed: Line = serde_json::from_str(line)
            .map_err(|error| (format!("{error}"), "write {\"question\": \"...\"} on one line"))?;
        parsed.question.trim().to_owned()
    } else {
        line.to_owned()
    };
    if text.is_empty() {
        return Err(("the question is empty".into(), "write a question, or remove the line"));
    }
    let length = text.chars().count();
    if length > LONGEST {
        return Err((format!("the question has {length} characters"), "a server takes 4,000 at most"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Questions, LoadError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        Questions::read(file.path())
    }

    #[test]
    fn lines_and_json_lines_are_questions() {
        let questions =
            read("\u{feff}What is it?\n\n {\"question\": \"這是什麼？\", \"answer\": 1}\r\nWho?").unwrap();
        let asked: Vec<_> = (1..=4).map(|turn| questions.get(1, turn)).collect();
        assert_eq!(asked, ["這是什麼？", "Who?", "What is it?", "這是什麼？"]);
        assert_eq!(questions.len(), 3);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let check = |text: &str, words: &[&str]| {
            let said = read(text).unwrap_err().to_string();
            for word in words.iter().chain(&["--questions", "hint: "]) {
                assert!(said.contains(word), "`{word}` is not in: {said}");
            }
        };
        check("", &["no question"]);
        check(" \n\n", &["no question"]);
        check("Who?\n{\"question\": }\n", &[":2: ", "{\"question\""]);
        check("{\"ask\": \"Who?\"}", &[":1: ", "question"]);
        check("{\"question\": \" \"}", &[":1: ", "empty"]);
        check(&"長".repeat(LONGEST + 1), &[":1: ", "4001"]);
        let missing = Questions::read(Path::new("/nowhere/questions.txt")).unwrap_err().to_string();
        assert!(missing.contains("/nowhere/questions.txt") && missing.contains("hint: "), "{missing}");
    }

    #[test]
    fn the_built_in_list_can_be_sent() {
        assert!(BUILT_IN.iter().all(|line| question(line).as_deref() == Ok(*line)));
    }
}
