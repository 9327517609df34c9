//! Embeddings of passages, kept in one file beside the documents, so that a restart embeds nothing again and a
//! changed document only its own passages.
//!
//! A vector is found by a hash of the text it was made of: it does not matter which file or position that has. The
//! file is a `redb` database: what was committed survives a kill, and several processes may read and write it.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use redb::{
    ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, TableDefinition, TableError, TableHandle,
};
use ring::digest::{SHA256, digest};

/// Raised when what is stored changes its meaning.
const FORMAT: &str = "1";

/// What the vectors are of: `format`, `model`, `prefix`, `dimension`.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");
/// A text's key to its vector in bytes.
const VECTORS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("vectors");

/// How often a file is repaired before it is given up: others may be killed meanwhile.
const REPAIRS: usize = 3;

/// What a vector is found by.
pub(super) type Key = [u8; 16];

/// A vector in bytes.
pub(super) type Row = Box<[i8]>;

/// The key of a text.
pub(super) fn key(text: &str) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..16]);
    key
}

/// What makes vectors comparable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Maker {
    pub(super) model: String,
    pub(super) prefix: String,
}

/// What the file has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) rows: HashMap<Key, Row>,
    /// That of all vectors there; none if there are none.
    pub(super) dimension: Option<usize>,
}

/// The file.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    /// The command that makes the file anew.
    remedy: String,
}

impl Store {
    /// A store that need not exist yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path, remedy: "rapport index --rebuild".into() }
    }

    /// The same, made anew by this command, as errors tell it.
    #[must_use]
    pub fn made_by(self, remedy: String) -> Self {
        Self { remedy, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The vectors of those texts that it has.
    pub(super) fn read(&self, maker: &Maker, keys: &[Key]) -> Result<Stored, StoreError> {
        let read = || {
            if self.is_absent() {
                return Ok(Stored::default());
            }
            let database = self.reader()?;
            let read = database.begin_read()?;
            let about = match read.open_table(ABOUT) {
                // It was created a moment ago.
                Err(TableError::TableDoesNotExist(_)) if read.list_tables()?.next().is_none() => {
                    return Ok(Stored::default());
                }
                about => about?,
            };
            self.check(&about, maker, None)?;
            let dimension = about.get("dimension")?.and_then(|it| it.value().parse().ok());
            let table = read.open_table(VECTORS)?;
            let mut rows = HashMap::new();
            for key in keys {
                if let Some(row) = table.get(key)? {
                    rows.insert(*key, row.value().iter().map(|it| it.cast_signed()).collect());
                }
            }
            Ok(Stored { rows, dimension })
        };
        read().map_err(|fault| self.told(fault))
    }

    /// Adds vectors, all or none of them. `anew`: those that are there are dropped in the same step, whatever made
    /// them.
    pub(super) fn write(&self, maker: &Maker, rows: &[(Key, Row)], anew: bool) -> Result<(), StoreError> {
        let Some(dimension) = rows.first().map(|(_, row)| row.len().to_string()) else { return Ok(()) };
        let write = || {
            let database = self.writer()?;
            let write = database.begin_write()?;
            if anew {
                for table in [ABOUT.name(), VECTORS.name()] {
                    let named = write.list_tables()?.find(|it| it.name() == table);
                    named.map(|it| write.delete_table(it)).transpose()?;
                }
            }
            {
                let is_foreign =
                    write.list_tables()?.any(|it| it.name() != ABOUT.name() && it.name() != VECTORS.name());
                if is_foreign {
                    return Err(self.no_index());
                }
                let mut about = write.open_table(ABOUT)?;
                self.check(&about, maker, Some(&dimension))?;
                for (name, value) in maker.about(&dimension) {
                    about.insert(name, value)?;
                }
                let mut table = write.open_table(VECTORS)?;
                for (key, row) in rows {
                    let bytes: Vec<u8> = row.iter().map(|it| it.cast_unsigned()).collect();
                    table.insert(key, &*bytes)?;
                }
            }
            Ok(write.commit()?)
        };
        write().map_err(|fault| self.told(fault))
    }

    /// Drops the vectors of other texts, if they are more than those; returns how many it dropped.
    pub(super) fn prune(&self, keys: &[Key]) -> Result<u64, StoreError> {
        let keep: HashSet<_> = keys.iter().collect();
        let prune = || {
            if self.is_absent() {
                return Ok(0);
            }
            let mut database = self.writer()?;
            let write = database.begin_write()?;
            let dropped = {
                let mut table = write.open_table(VECTORS)?;
                let before = table.len()?;
                if before <= 2 * keep.len() as u64 {
                    return Ok(0);
                }
                table.retain(|key, _| keep.contains(key))?;
                before - table.len()?
            };
            write.commit()?;
            // Another process that reads meanwhile may be in the way; then the next run makes the file smaller.
            let _ = database.compact();
            Ok(dropped)
        };
        prune().map_err(|fault| self.told(fault))
    }

    /// Whether there is no file yet, or an empty one: someone is about to fill it.
    fn is_absent(&self) -> bool {
        match std::fs::metadata(&self.path) {
            Ok(metadata) => metadata.is_file() && metadata.len() == 0,
            Err(error) => error.kind() == ErrorKind::NotFound,
        }
    }

    /// Opens the file for reading. One that a killed process left in the middle of a write has to be repaired first,
    /// which only a writer can do; it waits for those that write now.
    fn reader(&self) -> Result<ReadOnlyDatabase, Fault> {
        for _ in 0..REPAIRS {
            match builder().open_read_only(&self.path) {
                Err(DatabaseError::RepairAborted) => drop(builder().open(&self.path)?),
                opened => return Ok(opened?),
            }
        }
        Ok(builder().open_read_only(&self.path)?)
    }

    fn writer(&self) -> Result<Database, Fault> {
        if self.is_absent() {
            self.create()?;
        }
        Ok(builder().open(&self.path)?)
    }

    /// Puts an empty index in place, whole from its first moment: a file that a killed process had begun to fill
    /// could neither be read nor written.
    fn create(&self) -> Result<(), Fault> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let beside = self.path.with_file_name(format!("{name}.{:016x}.new", fastrand::u64(..)));
        let placed = || {
            drop(builder().create(&beside)?);
            match fs::hard_link(&beside, &self.path) {
                Ok(()) => Ok(()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && !self.is_absent() => Ok(()),
                Err(_) => Ok(fs::rename(&beside, &self.path)?), // an empty file, or no links here
            }
        };
        let placed = placed();
        let _ = fs::remove_file(&beside); // renamed, if it is gone
        placed
    }

    /// Whether the vectors there are such as these would be.
    fn check(
        &self,
        about: &impl ReadableTable<&'static str, &'static str>,
        maker: &Maker,
        dimension: Option<&str>,
    ) -> Result<(), Fault> {
        let dimension = dimension.map(|it| ("dimension", it));
        let expected = [("format", FORMAT), ("model", &maker.model), ("prefix", &maker.prefix)];
        for (what, expected) in expected.into_iter().chain(dimension) {
            if let Some(stored) = about.get(what)?.filter(|stored| stored.value() != expected) {
                return Err(Fault::Told(self.other(what, stored.value(), expected)));
            }
        }
        Ok(())
    }

    /// What was made in another way than is configured.
    pub(super) fn other(&self, what: &'static str, stored: &str, expected: &str) -> StoreError {
        StoreError::Other {
            path: self.path.clone(),
            what,
            stored: stored.to_owned(),
            expected: expected.to_owned(),
            remedy: self.remedy.clone(),
        }
    }

    fn no_index(&self) -> Fault {
        let reason = "it is another program's database".into();
        Fault::Told(StoreError::Unusable { path: self.path.clone(), reason })
    }

    fn told(&self, fault: Fault) -> StoreError {
        match fault {
            Fault::Redb(error) => StoreError::Unusable { path: self.path.clone(), reason: error.to_string() },
            Fault::Told(error) => error,
        }
    }
}

/// What went wrong with the file.
enum Fault {
    Redb(redb::Error),
    Told(StoreError),
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

impl Maker {
    fn about<'a>(&'a self, dimension: &'a str) -> [(&'static str, &'a str); 4] {
        [("format", FORMAT), ("model", &self.model), ("prefix", &self.prefix), ("dimension", dimension)]
    }
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_concurrency_mode(ConcurrencyMode::MultiWriter);
    builder
}

/// Why embeddings can't be kept or found. Displayed as what happened and a second line `hint: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// They were made by another model, or in another way: nothing can be compared with them.
    Other {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What the file has.
        stored: String,
        /// What is configured.
        expected: String,
        /// The command that makes the file anew.
        remedy: String,
    },
    /// The file can't be read or written.
    Unusable {
        /// The file.
        path: PathBuf,
        /// The system's or the library's reason.
        reason: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { path, what, stored, expected, remedy } => write!(
                f,
                "{} was made with the {what} `{stored}`, not `{expected}`\nhint: configure that one, or make it \
                 anew: {remedy}",
                path.display()
            ),
            Self::Unusable { path, reason } => write!(
                f,
                "the index {} can't be used: {reason}\nhint: --index FILE keeps it elsewhere; an index that is \
                 broken may be deleted, `rapport index` makes it anew",
                path.display()
            ),
        }
    }
}

impl std::error::Error for StoreError {}
