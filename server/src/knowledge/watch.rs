//! When the documents' files change.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::library::blocking;
use super::load;

/// After a change the files are let be for so long: whoever writes now may write on ...
const SETTLED: Duration = Duration::from_secs(1);
/// ... but not for ever: after so many looks at files that go on changing they are read as they are.
const PATIENCE: u32 = 5;

/// A file's path, size and the time at which its content, its name or who may read it changed.
type Look = Vec<(PathBuf, u64, i64, i64)>;

/// Watches files.
#[derive(Debug)]
pub(super) struct Watch {
    paths: Arc<[PathBuf]>,
    /// As they were before they were read last.
    known: Mutex<Look>,
}

impl Watch {
    /// Over the files below the paths, as they are now.
    pub(super) fn over(paths: Vec<PathBuf>) -> Self {
        let known = Mutex::new(look(&paths));
        Self { paths: paths.into(), known }
    }

    /// Resolves when the files have changed and whoever reads them now misses nothing that this does not tell later.
    /// `period`: how often it looks; 0: never.
    pub(super) async fn changed(&self, period: Duration) {
        if period.is_zero() || self.paths.is_empty() {
            return std::future::pending().await;
        }
        let mut looks = 0;
        loop {
            sleep(period).await;
            let seen = self.look().await;
            if seen == *self.known.lock().unwrap_or_else(PoisonError::into_inner) {
                looks = 0;
                continue;
            }
            sleep(period.min(SETTLED)).await;
            looks += 1;
            let again = self.look().await;
            if again == seen || looks == PATIENCE {
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) = again;
                return;
            }
        }
    }

    async fn look(&self) -> Look {
        let paths = Arc::clone(&self.paths);
        blocking(move || look(&paths)).await
    }
}

fn look(paths: &[PathBuf]) -> Look {
    let of_file = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok()?;
        Some((path, metadata.len(), metadata.ctime(), metadata.ctime_nsec()))
    };
    load::files(paths).into_iter().filter_map(of_file).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn content_names_and_permissions_are_changes_and_each_is_told_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.txt");
        fs::write(&file, "a").unwrap();
        let watch = Watch::over(vec![directory.path().to_owned()]);
        let changes: [&dyn Fn(); 4] = [
            &|| fs::write(&file, "b").unwrap(),
            &|| fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap(),
            &|| fs::write(directory.path().join("b.md"), "b").unwrap(),
            &|| fs::remove_file(directory.path().join("b.md")).unwrap(),
        ];
        for change in changes {
            change();
            timeout(Duration::from_secs(20), watch.changed(Duration::from_millis(1))).await.unwrap();
            assert_eq!(watch.look().await, *watch.known.lock().unwrap());
        }
    }
}
