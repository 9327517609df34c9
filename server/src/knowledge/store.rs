//! Embeddings of passages, kept in one file beside the documents, so that a restart embeds nothing again and a
//! changed document only its own passages.
//!
//! A vector is found by a hash of the text it was made of: it does not matter which file or position that has. The
//! file is a `redb` database: what was committed survives a kill, and several processes may read and write it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use redb::{
    ConcurrencyMode, Database, ReadOnlyDatabase, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, TableError,
};
use ring::digest::{SHA256, digest};

/// Raised when what is stored changes its meaning.
const FORMAT: &str = "1";

/// What the vectors are of: `format`, `model`, `prefix`, `dimension`.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");
/// A text's key to its vector in bytes.
const VECTORS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("vectors");

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

/// The file.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// A store that need not exist yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The vectors of those texts that it has.
    pub(super) fn read(&self, maker: &Maker, keys: &[Key]) -> Result<HashMap<Key, Row>, StoreError> {
        if !self.path.exists() {
            return Ok(HashMap::new());
        }
        let fail = |error: redb::Error| self.unusable(&error);
        let open = || {
            let database = builder().open_read_only(&self.path)?;
            let read = database.begin_read()?;
            Ok::<(ReadOnlyDatabase, _), redb::Error>((database, read))
        };
        let (_database, read) = open().map_err(fail)?;
        let about = match read.open_table(ABOUT) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(HashMap::new()), // it was created a moment ago
            about => about.map_err(|error| fail(error.into()))?,
        };
        self.check(&about, maker, None)?;
        let table = read.open_table(VECTORS).map_err(|error| fail(error.into()))?;
        let mut found = HashMap::new();
        for key in keys {
            if let Some(row) = table.get(key).map_err(|error| fail(error.into()))? {
                found.insert(*key, row.value().iter().map(|it| it.cast_signed()).collect());
            }
        }
        Ok(found)
    }

    /// Adds vectors, all or none of them.
    pub(super) fn write(&self, maker: &Maker, rows: &[(Key, Row)]) -> Result<(), StoreError> {
        let Some(dimension) = rows.first().map(|(_, row)| row.len().to_string()) else { return Ok(()) };
        let fail = |error: redb::Error| self.unusable(&error);
        let database = self.open().map_err(fail)?;
        let write = database.begin_write().map_err(|error| fail(error.into()))?;
        {
            let mut about = write.open_table(ABOUT).map_err(|error| fail(error.into()))?;
            self.check(&about, maker, Some(&dimension))?;
            for (name, value) in maker.about(&dimension) {
                about.insert(name, value).map_err(|error| fail(error.into()))?;
            }
            let mut table = write.open_table(VECTORS).map_err(|error| fail(error.into()))?;
            for (key, row) in rows {
                let bytes: Vec<u8> = row.iter().map(|it| it.cast_unsigned()).collect();
                table.insert(key, &*bytes).map_err(|error| fail(error.into()))?;
            }
        }
        write.commit().map_err(|error| fail(error.into()))
    }

    /// Drops the vectors of other texts, if they are more than those; returns how many it dropped.
    pub(super) fn prune(&self, keys: &[Key]) -> Result<u64, StoreError> {
        let keep: std::collections::HashSet<_> = keys.iter().collect();
        let prune = || {
            let mut database = self.open()?;
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
            Ok::<_, redb::Error>(dropped)
        };
        if self.path.exists() { prune().map_err(|error| self.unusable(&error)) } else { Ok(0) }
    }

    fn open(&self) -> Result<Database, redb::Error> {
        if let Some(directory) = self.path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        Ok(builder().create(&self.path)?)
    }

    /// Whether the vectors there are such as these would be.
    fn check(
        &self,
        about: &impl ReadableTable<&'static str, &'static str>,
        maker: &Maker,
        dimension: Option<&str>,
    ) -> Result<(), StoreError> {
        let dimension = dimension.map(|it| ("dimension", it));
        let expected = [("format", FORMAT), ("model", &maker.model), ("prefix", &maker.prefix)];
        for (what, expected) in expected.into_iter().chain(dimension) {
            let stored = about.get(what).map_err(|error| self.unusable(&error.into()))?;
            if let Some(stored) = stored.filter(|stored| stored.value() != expected) {
                return Err(StoreError::Other {
                    path: self.path.clone(),
                    what,
                    stored: stored.value().to_owned(),
                    expected: expected.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn unusable(&self, error: &redb::Error) -> StoreError {
        StoreError::Unusable { path: self.path.clone(), reason: error.to_string() }
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
            Self::Other { path, what, stored, expected } => {
                let beside = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
                write!(
                    f,
                    "{} was made with the {what} `{stored}`, not `{expected}`\nhint: configure that one, or make it \
                     anew, with the embeddings' flags as they are now: rapport index --rebuild {}",
                    path.display(),
                    beside.display()
                )
            }
            Self::Unusable { path, reason } => write!(
                f,
                "the index {} can't be used: {reason}\nhint: if it is broken, delete it: it is made again; \
                 --index FILE keeps it elsewhere",
                path.display()
            ),
        }
    }
}

impl std::error::Error for StoreError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker(model: &str) -> Maker {
        Maker { model: model.into(), prefix: "p: ".into() }
    }

    fn row(value: i8) -> Row {
        vec![value; 3].into()
    }

    #[test]
    fn what_was_written_is_read_by_its_text() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path().join("below/index"));
        let keys = ["a", "b", "c"].map(key);
        assert!(store.read(&maker("m"), &keys).unwrap().is_empty());
        store.write(&maker("m"), &[(keys[0], row(1)), (keys[1], row(-2))]).unwrap();
        let other = Store::at(store.path().to_owned());
        let found = other.read(&maker("m"), &keys).unwrap();
        assert_eq!(found, HashMap::from([(keys[0], row(1)), (keys[1], row(-2))]));
        assert_eq!(store.prune(&keys[..1]).unwrap(), 0); // as many as are needed
        store.write(&maker("m"), &[(keys[2], row(3))]).unwrap();
        assert_eq!(store.prune(&keys[..1]).unwrap(), 2);
        assert_eq!(store.read(&maker("m"), &keys).unwrap(), HashMap::from([(keys[0], row(1))]));
    }

    #[test]
    fn another_model_or_dimension_and_what_is_no_index_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::at(directory.path().join("index"));
        store.write(&maker("m"), &[(key("a"), row(1))]).unwrap();
        let error = store.read(&maker("n"), &[]).unwrap_err().to_string();
        assert!(error.contains("made with the model `m`, not `n`\nhint: "), "{error}");
        let wide = [(key("b"), vec![1; 4].into())];
        let error = store.write(&maker("m"), &wide).unwrap_err().to_string();
        assert!(error.contains("the dimension `3`, not `4`"), "{error}");
        std::fs::write(store.path(), "garbage that is no database at all").unwrap();
        let error = store.read(&maker("m"), &[]).unwrap_err().to_string();
        assert!(error.contains("can't be used") && error.contains("hint: "), "{error}");
    }
}
