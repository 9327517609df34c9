//! Why documents could not be loaded.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::Skipped;

/// Why documents could not be loaded. Displayed as what happened, with the path, and a second line `hint: …`
/// with the remedy.
#[derive(Debug)]
pub enum LoadError {
    /// There is no such file or directory.
    Missing(PathBuf),
    /// The system refused to read it.
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// It holds no document at all; the files that should be some.
    Empty(PathBuf, Vec<Skipped>),
    /// A file was named that is of no kind that is read.
    UnknownKind(PathBuf),
    /// A .json file is not JSON.
    Json {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A .json file is not a list.
    NoList(PathBuf),
    /// An item of a list has none of the four shapes.
    Shape {
        /// The file.
        path: PathBuf,
        /// Which item, counted from 1.
        item: usize,
        /// The item's fields; none if it is no object.
        fields: Vec<String>,
    },
}

impl LoadError {
    pub(super) fn unreadable(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        if error.kind() == io::ErrorKind::NotFound {
            Self::Missing(path)
        } else {
            Self::Unreadable { path, error }
        }
    }

    pub(super) fn json(path: &Path, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Self::Json { path: path.to_owned(), line, column, message }
    }

    /// What to do about it.
    fn hint(&self) -> String {
        match self {
            Self::Missing(_) => "--knowledge takes a directory of documents, or one file".into(),
            Self::Unreadable { .. } => "the user that runs rapport needs permission to read it".into(),
            Self::Empty(..) => "put documents there, or name another directory with --knowledge".into(),
            Self::UnknownKind(_) => "convert it to .json, .md, .txt, .html or .pdf".into(),
            Self::Json { .. } => "correct the file there, or take it out of the directory".into(),
            Self::NoList(_) => "a .json file is a list of items: [ {…}, {…} ]".into(),
            Self::Shape { .. } => {
                "an item has the text fields question and answer, or term, full_name and content, \
                                   or date, title and content, or title and content"
                    .into()
            }
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "no such file or directory: {}", path.display())?,
            Self::Unreadable { path, error } => write!(f, "cannot read {}: {error}", path.display())?,
            Self::Empty(path, skipped) => {
                write!(f, "{} holds no documents (.json, .md, .txt, .html, .pdf)", path.display())?;
                for Skipped { path, reason } in skipped {
                    write!(f, "\n  {}: {reason}", path.display())?;
                }
            }
            Self::UnknownKind(path) => {
                write!(f, "{} is no .json, .md, .txt, .html or .pdf file", path.display())?;
            }
            Self::Json { path, line, column, message } => {
                write!(f, "{}:{line}:{column}: malformed JSON: {message}", path.display())?;
            }
            Self::NoList(path) => write!(f, "{}: not a JSON list", path.display())?,
            Self::Shape { path, item, fields } if fields.is_empty() => {
                write!(f, "{}: item {item} is not an object with fields", path.display())?;
            }
            Self::Shape { path, item, fields } => {
                let fields = fields.join(", ");
                write!(f, "{}: item {item} has no known shape (its fields: {fields})", path.display())?;
            }
        }
        write!(f, "\nhint: {}", self.hint())
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } => Some(error),
            _ => None,
        }
    }
}
