//! Documents from files and directories.

mod error;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::document::{self, Document};
use super::{markdown, plain};

pub use error::LoadError;

/// The largest file that is read, in bytes (32 MiB): far above any house's documents, far below what a
/// wrong directory may hold.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// Adds the documents below a path, in the order of their names; returns how many files were of a kind that
/// is not read. Hidden files are passed over.
pub(super) fn path(root: &Path, documents: &mut Vec<Document>) -> Result<usize, LoadError> {
    let unreadable = |error| LoadError::unreadable(root, error);
    let before = documents.len();
    if !fs::metadata(root).map_err(unreadable)?.is_dir() {
        let name = root.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        if Kind::of(root).is_none() {
            return Err(LoadError::UnknownKind(root.to_owned()));
        }
        file(root, &name, documents)?;
        return if documents.len() == before { Err(LoadError::Empty(root.to_owned())) } else { Ok(0) };
    }
    let mut walk = Walk { files: Vec::new(), skipped: 0, seen: HashSet::new() };
    walk.directory(root)?;
    for path in &walk.files {
        let below = path.strip_prefix(root).unwrap_or(path);
        let name: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        file(path, &name.join("/"), documents)?;
    }
    if documents.len() == before { Err(LoadError::Empty(root.to_owned())) } else { Ok(walk.skipped) }
}

/// The kinds of files that are read, told by their extensions.
#[derive(Clone, Copy)]
enum Kind {
    Json,
    Markdown,
    Text,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "md" => Some(Self::Markdown),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }
}

struct Walk {
    files: Vec<PathBuf>,
    skipped: usize,
    /// The real paths of the directories entered: a link back to one is not followed.
    seen: HashSet<PathBuf>,
}

impl Walk {
    fn directory(&mut self, directory: &Path) -> Result<(), LoadError> {
        let unreadable = |error| LoadError::unreadable(directory, error);
        if !self.seen.insert(directory.canonicalize().map_err(unreadable)?) {
            return Ok(());
        }
        let entries = fs::read_dir(directory).map_err(unreadable)?;
        let mut paths =
            entries.map(|it| it.map(|it| it.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        paths.sort();
        for path in paths {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            // A link that leads nowhere is no document.
            let Ok(metadata) = fs::metadata(&path) else {
                self.skipped += 1;
                continue;
            };
            if metadata.is_dir() {
                self.directory(&path)?;
            } else if metadata.is_file() && Kind::of(&path).is_some() {
                self.files.push(path);
            } else {
                self.skipped += 1;
            }
        }
        Ok(())
    }
}

/// Adds a file's documents.
fn file(path: &Path, name: &str, documents: &mut Vec<Document>) -> Result<(), LoadError> {
    let unreadable = |error| LoadError::unreadable(path, error);
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned(), bytes });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|&byte| byte == b'\n').count();
        LoadError::NotUtf8 { path: path.to_owned(), line }
    })?;
    parse(Kind::of(path), &text, name, path, documents)
}

/// Adds the documents in a file's text.
fn parse(
    kind: Option<Kind>,
    text: &str,
    name: &str,
    path: &Path,
    out: &mut Vec<Document>,
) -> Result<(), LoadError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let file: Arc<str> = name.into();
    let stem = Path::new(name).file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    match kind {
        Some(Kind::Json) => json(text, &file, path, out)?,
        Some(Kind::Markdown) => out.extend(markdown::read(text, &file, &stem)),
        Some(Kind::Text) => out.extend(plain::read(text, &file, &stem)),
        None => {}
    }
    Ok(())
}

/// Adds the documents in a text that is inside the binary.
pub(super) fn embedded(name: &str, text: &str, out: &mut Vec<Document>) -> Result<(), LoadError> {
    let path = Path::new(name);
    parse(Kind::of(path), text, name, path, out)
}

fn json(text: &str, file: &Arc<str>, path: &Path, out: &mut Vec<Document>) -> Result<(), LoadError> {
    let value: Value = serde_json::from_str(text).map_err(|error| LoadError::json(path, &error))?;
    let Value::Array(items) = value else { return Err(LoadError::NoList(path.to_owned())) };
    for (at, item) in items.iter().enumerate() {
        let document = document::from_json(item, file).map_err(|unknown| LoadError::Shape {
            path: path.to_owned(),
            item: at + 1,
            fields: unknown.fields,
        })?;
        out.extend(document);
    }
    Ok(())
}
