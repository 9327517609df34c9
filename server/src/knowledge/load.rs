//! Documents from files and directories. A file that can't be read is told with its reason and passed over; only
//! what looks like a mistake in a list of items ends the loading, because half a list is worse than none.

mod error;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::apart::{self, Content};
use super::document::{self, Document};
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

/// A file that is not served, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path.
    pub path: PathBuf,
    /// Why, for people.
    pub reason: String,
}

/// What was found below the paths.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) documents: Vec<Document>,
    /// Files that should be documents and can't be read.
    pub(super) skipped: Vec<Skipped>,
    /// How many files are of a kind that is not read.
    pub(super) ignored: usize,
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
        self.skipped.push(Skipped { path: path.to_owned(), reason: reason.into() });
    }

    /// Adds the documents below a path, in the order of their names. Hidden files are passed over.
    fn add(&mut self, root: &Path) -> Result<(), LoadError> {
        let before = self.documents.len();
        if fs::metadata(root).map_err(|error| LoadError::unreadable(root, error))?.is_dir() {
            for path in self.files(root)? {
                let below = path.strip_prefix(root).unwrap_or(&path);
                let name: Vec<_> =
                    below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
                self.file(&path, &name.join("/"))?;
            }
        } else {
            let name = root.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
            if Kind::of(root).is_none() {
                return Err(LoadError::UnknownKind(root.to_owned()));
            }
            self.file(root, &name)?;
        }
        if self.documents.len() > before {
            return Ok(());
        }
        let reasons = self.skipped.iter().filter(|it| it.path.starts_with(root)).cloned().collect();
        Err(LoadError::Empty(root.to_owned(), reasons))
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
            Some(Kind::Json) => json(text, &file, path, &mut self.documents)?,
            Some(Kind::Markdown) => self.documents.extend(markdown::read(text, &file, &stem)),
            Some(Kind::Html) => self.documents.extend(html::read(text, &file, &stem)),
            Some(Kind::Text) => self.documents.extend(plain::read(text, &file, &stem)),
            Some(Kind::Pdf) | None => {}
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
            "md" => Some(Self::Markdown),
            "txt" => Some(Self::Text),
            "html" | "htm" => Some(Self::Html),
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
                Err(error) => self.found.skip(&path, error.to_string()),
                Ok(metadata) if metadata.is_dir() => {
                    if let Err(error) = self.directory(&path) {
                        self.found.skip(&path, error.to_string());
                    }
                }
                Ok(metadata) if metadata.is_file() && Kind::of(&path).is_some() => self.files.push(path),
                Ok(_) => self.found.ignored += 1,
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
