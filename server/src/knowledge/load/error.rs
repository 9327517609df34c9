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
    /// A mistake, and what else can't be read there.
    Among(Box<Self>, Vec<Skipped>),
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

    /// The same with what else can't be read.
    pub(super) fn among(self, skipped: Vec<Skipped>) -> Self {
        if skipped.is_empty() { self } else { Self::Among(Box::new(self), skipped) }
    }

    /// What happened, on one line.
    pub(in crate::knowledge) fn reason(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }

    /// What is wrong, on one line without the path.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Json { line, column, message, .. } => {
                format!("malformed JSON at {line}:{column}: {message}")
            }
            Self::NoList(_) => "not a JSON list".into(),
            Self::Shape { item, .. } => format!("item {item} has no known shape"),
            other => other.reason(),
        }
    }

    /// What to do about it.
    fn hint(&self) -> String {
        match self {
            Self::Missing(_) => "name a directory of documents, or one file".into(),
            Self::Unreadable { .. } => "the user that runs rapport needs permission to read it".into(),
            Self::Empty(..) => "put documents there, or name another directory".into(),
            Self::UnknownKind(_) => "convert it to .json, .md, .txt, .html or .pdf".into(),
            Self::Json { .. } => "correct the file there, or take it out of the directory".into(),
            Self::NoList(_) => "a .json file is a list of items: [ {…}, {…} ]".into(),
            Self::Among(error, _) => error.hint(),
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
        self.happened(f)?;
        write!(f, "\nhint: {}", self.hint())
    }
}

impl LoadError {
    /// What happened, without the remedy.
    fn happened(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let also = |f: &mut fmt::Formatter<'_>, skipped: &[Skipped]| {
            skipped.iter().try_for_each(|it| write!(f, "\n  {it}"))
        };
        match self {
            Self::Missing(path) => write!(f, "no such file or directory: {}", path.display()),
            Self::Unreadable { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Self::Empty(path, skipped) => {
                write!(f, "{} holds no documents (.json, .md, .txt, .html, .pdf)", path.display())?;
                also(f, skipped)
            }
            Self::UnknownKind(path) => {
                write!(f, "{} is no .json, .md, .txt, .html or .pdf file", path.display())
            }
            Self::Json { path, line, column, message } => {
                write!(f, "{}:{line}:{column}: malformed JSON: {message}", path.display())
            }
            Self::NoList(path) => write!(f, "{}: not a JSON list", path.display()),
            Self::Shape { path, item, fields } if fields.is_empty() => {
                write!(f, "{}: item {item} is not an object with fields", path.display())
            }
            Self::Shape { path, item, fields } => {
                let fields = fields.join(", ");
                write!(f, "{}: item {item} has no known shape (its fields: {fields})", path.display())
            }
            Self::Among(error, skipped) => {
                error.happened(f)?;
                f.write_str("\nnot read either:")?;
                also(f, skipped)
            }
        }
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
