//! The visitors whose descriptions are served.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs, io};

use serde::{Deserialize, Serialize};

/// One visitor as the simulated camera sees them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Visitor {
    /// What the vision model says. May be empty: then it sees nobody.
    pub description: String,
    /// The tone that suits the visitor (`child_friendly`, `elder_friendly`, `professional_friendly`,
    /// `casual_friendly`), if the pool says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
    /// The description's language (`en`, `zh-Hant`), if the pool says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// A list of visitors, never empty. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool(Arc<[Visitor]>);

impl Pool {
    /// The built-in visitors: all four tones in English and Traditional Chinese, some hard ones, one empty.
    pub fn builtin() -> Self {
        Self::parse(include_str!("pool.jsonl")).expect("pool.jsonl is well-formed: a test reads it")
    }

    /// Reads a pool from a file, see [`Pool::parse`] for its form.
    pub fn read(path: &Path) -> Result<Self, PoolError> {
        let fail = |problem| PoolError { path: Some(path.to_owned()), problem };
        let bytes = fs::read(path).map_err(|error| fail(Problem::Unreadable(error)))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count();
            fail(Problem::NotUtf8 { line })
        })?;
        Self::parse(text).map_err(|error| fail(error.problem))
    }

    /// Reads a pool from text. If the first line that is not blank starts with `{`, each line is a JSON object with
    /// `description` and perhaps `tone` and `lang`; otherwise each line is a description. Blank lines are skipped in
    /// both: an empty description is written as `{"description": ""}`.
    pub fn parse(text: &str) -> Result<Self, PoolError> {
        let text = text.trim_start_matches('\u{feff}');
        let lines = || (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
        let visitors = match lines().next() {
            None => Err(Problem::Empty),
            Some((line, first)) if first.starts_with('[') => Err(Problem::List { line }),
            Some((_, first)) if first.starts_with('{') => lines()
                .map(|(line, text)| {
                    serde_json::from_str(text).map_err(|error| Problem::Malformed { line, error })
                })
                .collect(),
            Some(_) => Ok(lines()
                .map(|(_, text)| Visitor { description: text.to_owned(), tone: None, lang: None })
                .collect()),
        };
        visitors
            .map(|visitors: Vec<_>| Self(visitors.into()))
            .map_err(|problem| PoolError { path: None, problem })
    }

    /// The visitors, in the pool's order.
    pub fn visitors(&self) -> &[Visitor] {
        &self.0
    }
}

/// Why a pool cannot be used. Displays one sentence that names the file and the line; [`PoolError::hint`] says what to
/// do.
#[derive(Debug)]
pub struct PoolError {
    path: Option<PathBuf>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Unreadable(io::Error),
    NotUtf8 { line: usize },
    Empty,
    List { line: usize },
    Malformed { line: usize, error: serde_json::Error },
}

impl PoolError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self.problem {
            Problem::Unreadable(_) => {
                "give --pool a readable file, or leave it out for the built-in descriptions"
            }
            Problem::NotUtf8 { .. } => "save the file as UTF-8",
            Problem::Empty => {
                "write one description a line, or leave --pool out for the built-in descriptions"
            }
            Problem::List { .. } => "write one object a line, without the brackets and commas of a JSON list",
            Problem::Malformed { .. } => {
                "every line of a pool that starts with `{` is an object like {\"description\": \"a man in a red coat\"}"
            }
        }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool")?;
        if let Some(path) = &self.path {
            write!(f, " {}", path.display())?;
        }
        match &self.problem {
            Problem::Unreadable(error) => write!(f, " cannot be read: {error}"),
            Problem::NotUtf8 { line } => write!(f, " is not UTF-8 text at line {line}"),
            Problem::Empty => f.write_str(" holds no description"),
            Problem::List { line } => write!(f, " is a JSON list at line {line}, not one description a line"),
            Problem::Malformed { line, error } => {
                // serde_json counts lines itself; here each text has one, so its "at line 1" would mislead.
                let error = error.to_string();
                let reason = error.split(" at line ").next().unwrap_or(&error);
                write!(f, " is malformed at line {line}: {reason}")
            }
        }
    }
}

impl std::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Unreadable(error) => Some(error),
            Problem::Malformed { error, .. } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptions(text: &str) -> Vec<String> {
        Pool::parse(text).unwrap().visitors().iter().map(|visitor| visitor.description.clone()).collect()
    }

    #[test]
    fn plain_and_jsonl_pools_are_read() {
        let check = |text: &str, expect: &[&str]| assert_eq!(descriptions(text), expect, "{text:?}");
        check("a man\na woman\n", &["a man", "a woman"]);
        check("\u{feff}a man\r\n\r\n  \n一位阿嬤", &["a man", "一位阿嬤"]);
        check("a man\n{not json}", &["a man", "{not json}"]);
        check("\n{\"description\":\"a man\",\"id\":7}\n\n{\"description\":\"\"}\n", &["a man", ""]);
    }

    #[test]
    fn a_bad_pool_names_its_line() {
        let check = |text: &str, expect: &str| {
            let told = Pool::parse(text).unwrap_err().to_string();
            assert!(told.contains(expect), "{told:?} does not tell {expect:?}");
        };
        check("", "holds no description");
        check(" \n\n", "holds no description");
        check("\n[{\"description\":\"a\"}]", "JSON list at line 2");
        check("{\"description\":\"a\"}\n\n{\"description\":}", "line 3: expected value");
        check("{\"description\":\"a\"}\na man", "line 2");
        check("{\"text\":\"a\"}", "line 1: missing field `description`");
        check("{\"description\":5}", "line 1: invalid type");
    }

    #[test]
    fn a_bad_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pool.txt");
        let told = Pool::read(&path).unwrap_err().to_string();
        assert!(told.contains("pool.txt cannot be read"), "{told}");
        fs::write(&path, b"a man\n\xff\n").unwrap();
        let told = Pool::read(&path).unwrap_err().to_string();
        assert!(told.contains("pool.txt is not UTF-8 text at line 2"), "{told}");
    }

    #[test]
    fn the_builtin_pool_has_every_tone_in_both_languages_and_one_empty() {
        let pool = Pool::builtin();
        assert!(pool.visitors().len() >= 34);
        assert_eq!(pool.visitors().iter().filter(|visitor| visitor.description.is_empty()).count(), 1);
        for tone in ["child_friendly", "elder_friendly", "professional_friendly", "casual_friendly"] {
            for lang in ["en", "zh-Hant"] {
                let some = pool
                    .visitors()
                    .iter()
                    .filter(|v| v.tone.as_deref() == Some(tone) && v.lang.as_deref() == Some(lang))
                    .count();
                assert!(some >= 4, "{some} of {tone} in {lang}");
            }
        }
    }
}
