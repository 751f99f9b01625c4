//! Whether the files that are open are still those in the folder. What is written to a file that was
//! deleted or replaced would be lost with the process.

use std::io::Result;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::database::files::{behind_links, with_suffix};

/// The error for a guest when they are not.
pub const LOST: &str = "the database file or its log was deleted or replaced: restart the server";

/// A database file and its log, both open.
#[derive(Debug)]
pub struct OpenedFiles {
    files: [(PathBuf, Identity); 2],
    is_lost: AtomicBool,
}

type Identity = (u64, u64);

impl OpenedFiles {
    pub fn of(database: &Path) -> Result<Self> {
        let database = behind_links(database);
        let log = with_suffix(&database, "-wal");
        let identified = |path: PathBuf| identity(&path).map(|identity| (path, identity));
        Ok(Self {
            files: [identified(database)?, identified(log)?],
            is_lost: AtomicBool::new(false),
        })
    }

    /// Once it is lost it stays so: a connection that was opened meanwhile has another log.
    pub fn is_lost(&self) -> bool {
        let is_same = |(path, opened): &(PathBuf, Identity)| {
            identity(path).is_ok_and(|present| present == *opened)
        };
        let is_lost = !self.files.iter().all(is_same);
        self.is_lost.fetch_or(is_lost, Relaxed) || is_lost
    }
}

fn identity(path: &Path) -> Result<Identity> {
    path.metadata().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_missed_also_when_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["x.db", "x.db-wal"] {
            std::fs::write(at(name), "").unwrap();
        }
        for name in ["x.db", "x.db-wal"] {
            let files = OpenedFiles::of(&at("x.db")).unwrap();
            assert!(!files.is_lost() && !files.is_lost());
            std::fs::rename(at(name), at("aside")).unwrap();
            std::fs::copy(at("aside"), at(name)).unwrap();
            assert!(files.is_lost());
            std::fs::rename(at("aside"), at(name)).unwrap();
            assert!(files.is_lost());
        }
    }
}
