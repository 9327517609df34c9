//! Documents from files and directories. A file that can't be read is told with its reason and passed over; only
//! what looks like a mistake in a list of items ends the loading, because half a list is worse than none.

mod error;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::apart::{self, Content};
use super::document::{self, Document, NoDocument};
use super::{html, markdown, pdf, plain};

pub use error::LoadError;

/// The largest file that is read, in bytes (32 MiB): far above any house's documents, far below what a
/// wrong directory may hold.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// Where documents come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Files, and directories of them; none: they are inside the binary.
    pub paths: Vec<PathBuf>,
    /// The program that reads HTML and PDF files in a process of their own, by [`super::read_apart`]. None: they are
    /// read in this one, which a file that is made for it can end.
    pub reader: Option<PathBuf>,
}

impl From<Vec<PathBuf>> for Sources {
    fn from(paths: Vec<PathBuf>) -> Self {
        Self { paths, reader: None }
    }
}

/// A file, or an item of a list, that is not served, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path.
    pub path: PathBuf,
    /// Which item of its list it is, counted from 1; none: the whole file.
    pub item: Option<usize>,
    /// Why, for people.
    pub reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        if let Some(item) = self.item {
            write!(f, "item {item}: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// What was found below the paths.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) documents: Vec<Document>,
    /// Files that should be documents and can't be read.
    pub(super) skipped: Vec<Skipped>,
    /// How many files are of a kind that is not read, by extension.
    pub(super) ignored: BTreeMap<String, usize>,
    /// The real paths of the files that were read: none is read twice.
    seen: HashSet<PathBuf>,
    reader: Option<PathBuf>,
}

impl Found {
    /// All documents.
    pub(super) fn load(sources: &Sources) -> Result<Self, LoadError> {
        let mut found = Self { reader: sources.reader.clone(), ..Self::default() };
        for path in &sources.paths {
            found.add(path)?;
        }
        Ok(found)
    }

    /// What an HTML or a PDF file holds, read in this process.
    pub(super) fn content(path: &Path, name: &str) -> Content {
        let mut found = Self::default();
        match found.file(path, name) {
            Ok(()) => {}
            Err(error) => found.skip(path, error.to_string()),
        }
        let documents = found.documents.into_iter().map(|it| (it.title.as_ref().to_owned(), it.text));
        let skipped = found.skipped.into_iter().map(|it| it.reason);
        Content { documents: documents.collect(), skipped: skipped.collect() }
    }

    fn skip(&mut self, path: &Path, reason: impl Into<String>) {
        self.skipped.push(Skipped { path: path.to_owned(), item: None, reason: reason.into() });
    }

    /// Adds the documents below a path, in the order of their names. Hidden files are passed over, and files that were
    /// read before. After a mistake the rest is looked through all the same, to tell all at once.
    fn add(&mut self, root: &Path) -> Result<(), LoadError> {
        let before = self.documents.len();
        let mut mistake = None;
        let mut is_read_before = false;
        let is_directory = fs::metadata(root).map_err(|error| LoadError::unreadable(root, error))?.is_dir();
        if !is_directory && Kind::of(root).is_none() {
            return Err(LoadError::UnknownKind(root.to_owned()));
        }
        let files = if is_directory { self.files(root)? } else { vec![root.to_owned()] };
        for path in files {
            if !self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
                is_read_before = true;
                continue;
            }
            let below = path.strip_prefix(if is_directory { root } else { path.parent().unwrap_or(root) });
            let below = below.unwrap_or(&path);
            let name: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            match self.file(&path, &name.join("/")) {
                Err(error) if mistake.is_some() => self.skip(&path, error.told()),
                Err(error) => mistake = Some(error),
                Ok(()) => {}
            }
        }
        let skipped =
            || self.skipped.iter().filter(|it| it.path.starts_with(root)).cloned().collect::<Vec<_>>();
        match mistake {
            Some(error) => Err(error.among(skipped())),
            None if self.documents.len() == before && !is_read_before => {
                Err(LoadError::Empty(root.to_owned(), skipped()))
            }
            None => Ok(()),
        }
    }

    /// The files of known kinds below a directory.
    fn files(&mut self, root: &Path) -> Result<Vec<PathBuf>, LoadError> {
        let mut walk = Walk { files: Vec::new(), above: Vec::new(), seen: HashSet::new(), found: self };
        walk.directory(root).map_err(|error| LoadError::unreadable(root, error))?;
        Ok(walk.files)
    }

    /// Adds a file's documents.
    fn file(&mut self, path: &Path, name: &str) -> Result<(), LoadError> {
        let before = self.documents.len();
        if let Some(program) = &self.reader
            && matches!(Kind::of(path), Some(Kind::Html | Kind::Pdf))
        {
            match apart::read(program, path, name) {
                Ok(content) => self.take(content, path, name),
                Err(reason) => self.skip(path, reason),
            }
            return Ok(());
        }
        match read(path) {
            Ok(bytes) => self.parse(path, name, bytes)?,
            Err(reason) => {
                self.skip(path, reason);
                return Ok(());
            }
        }
        let is_skipped = self.skipped.last().is_some_and(|it| it.path == path);
        if self.documents.len() == before && !is_skipped && Kind::of(path) != Some(Kind::Json) {
            self.skip(path, "it holds no text");
        }
        Ok(())
    }

    /// Adds what a file holds.
    fn take(&mut self, Content { documents, skipped }: Content, path: &Path, name: &str) {
        let file: Arc<str> = name.into();
        let of_one = |(title, text): (String, String)| Document {
            file: Arc::clone(&file),
            title: title.into(),
            context: String::new(),
            text,
            is_term: false,
        };
        self.documents.extend(documents.into_iter().map(of_one));
        for reason in skipped {
            self.skip(path, reason);
        }
    }

    /// Adds the documents in a file's content.
    fn parse(&mut self, path: &Path, name: &str, bytes: Vec<u8>) -> Result<(), LoadError> {
        let file: Arc<str> = name.into();
        let stem =
            Path::new(name).file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let kind = Kind::of(path);
        if kind == Some(Kind::Pdf) {
            match pdf::read(&bytes, &file, &stem) {
                Ok((pages, unread)) => {
                    self.documents.extend(pages);
                    if let Some(reason) = unread {
                        self.skip(path, reason);
                    }
                }
                Err(reason) => self.skip(path, format!("no PDF that can be read: {reason}")),
            }
            return Ok(());
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.split(|&byte| byte == b'\n').count();
                self.skip(path, format!("line {line} is not UTF-8; save the file as UTF-8"));
                return Ok(());
            }
        };
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        match kind {
            Some(Kind::Json) if text.trim().is_empty() => self.skip(path, "it holds no text"),
            Some(Kind::Json) => self.json(text, &file, path)?,
            Some(Kind::Markdown) => self.documents.extend(markdown::read(text, &file, &stem)),
            Some(Kind::Html) => self.documents.extend(html::read(text, &file, &stem)),
            Some(Kind::Text) => self.documents.extend(plain::read(text, &file, &stem)),
            Some(Kind::Pdf) | None => {}
        }
        Ok(())
    }

    /// Adds the items of a list.
    fn json(&mut self, text: &str, file: &Arc<str>, path: &Path) -> Result<(), LoadError> {
        let value: Value = serde_json::from_str(text).map_err(|error| LoadError::json(path, &error))?;
        let Value::Array(items) = value else { return Err(LoadError::NoList(path.to_owned())) };
        for (item, value) in (1..).zip(&items) {
            match document::from_json(value, file) {
                Ok(document) => self.documents.push(document),
                Err(NoDocument::Unknown(fields)) => {
                    return Err(LoadError::Shape { path: path.to_owned(), item, fields });
                }
                Err(NoDocument::Unusable(reason)) => {
                    self.skipped.push(Skipped { path: path.to_owned(), item: Some(item), reason });
                }
            }
        }
        Ok(())
    }

    /// Adds the documents in a text that is inside the binary.
    pub(super) fn embedded(&mut self, name: &str, text: &str) -> Result<(), LoadError> {
        self.parse(Path::new(name), name, text.into())
    }
}

/// The files that would be read below the paths, as far as they can be listed.
pub(super) fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let below = |path: &PathBuf| {
        if path.is_dir() { Found::default().files(path).unwrap_or_default() } else { vec![path.clone()] }
    };
    paths.iter().flat_map(below).collect()
}

/// The kinds of files that are read, told by their extensions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Markdown,
    Text,
    Html,
    Pdf,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "md" | "markdown" => Some(Self::Markdown),
            "txt" => Some(Self::Text),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }
}

struct Walk<'a> {
    files: Vec<PathBuf>,
    /// The real paths of the directories that are being read.
    above: Vec<PathBuf>,
    /// The real paths of the directories read: none is read twice.
    seen: HashSet<PathBuf>,
    found: &'a mut Found,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path) -> std::io::Result<()> {
        let real = directory.canonicalize()?;
        if self.above.contains(&real) {
            self.found.skip(directory, "a link to a directory that it is in");
            return Ok(());
        }
        if !self.seen.insert(real.clone()) {
            return Ok(());
        }
        let mut paths =
            fs::read_dir(directory)?.map(|it| Ok(it?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        self.above.push(real);
        for path in paths {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            match fs::metadata(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.found.skip(&path, "a link to nothing");
                }
                Err(error) => self.found.skip(&path, error.to_string()),
                Ok(metadata) if metadata.is_dir() => {
                    if let Err(error) = self.directory(&path) {
                        self.found.skip(&path, error.to_string());
                    }
                }
                Ok(metadata) if metadata.is_file() && Kind::of(&path).is_some() => self.files.push(path),
                Ok(_) => {
                    let extension = path.extension().map(|it| it.to_string_lossy().to_lowercase());
                    *self.found.ignored.entry(extension.unwrap_or_default()).or_default() += 1;
                }
            }
        }
        self.above.pop();
        Ok(())
    }
}

/// A file's bytes; the error says why they are not read.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| error.to_string();
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_FILE_BYTES {
        let (size, most) = (bytes >> 20, MAX_FILE_BYTES >> 20);
        return Err(format!("{size} MiB are too much; split it into files of at most {most} MiB"));
    }
    fs::read(path).map_err(unreadable)
}
