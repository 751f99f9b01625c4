//! Changes files so that nothing is lost, whatever happens in between.
//!
//! * `temporary` — a new content beside the file that it is for
//! * `exchange` — puts it into place in one step, so that what it replaces can be looked at afterwards
//! * `replace`, `remove` — take a file away only when it has the content that was expected
//! * `kept` — the trash, and what was replaced a moment ago
//! * `flush` — what must be on the disk before something else is
//! * `way` — whether a path can be written here at all

mod exchange;
mod flush;
mod kept;
mod remove;
mod replace;
mod temporary;
#[cfg(test)]
mod tests;
mod way;

pub use remove::remove_all;
pub use replace::{Old, Write, write_all};

use std::io::ErrorKind;
use std::time::SystemTime;

use crate::config::Folder;
use crate::error::{At, SyncError};
use crate::names::Folding;
use crate::scan::Local;

/// The disk of a folder.
pub struct Disk<'a> {
    /// The folder.
    pub folder: &'a Folder,
    /// What its file system takes for the same name.
    pub folding: Folding,
    /// When the round began.
    pub now: SystemTime,
}

/// What became of a change.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The path is as it should be: this file, or none.
    Done(Option<Local>),
    /// Nothing was changed, since somebody else has changed the file: look again.
    Changed,
    /// Nothing was changed, for this reason.
    Blocked(String),
}

impl<'a> Disk<'a> {
    /// Tries what the file system does with names.
    pub fn of(folder: &'a Folder) -> Result<Self, SyncError> {
        let memory = folder.memory();
        Ok(Self {
            folder,
            folding: Folding::of(&memory).at(&memory)?,
            now: SystemTime::now(),
        })
    }

    /// Whether there is no file at a path. A folder is none, and one whose name differs in case is another.
    pub fn is_absent(&self, path: &str) -> bool {
        let place = self.folder.place(path);
        match place.symlink_metadata() {
            Err(error) => {
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
            }
            Ok(found) => {
                found.is_dir() || self.folding == Folding::Folded && !way::is_listed(&place)
            }
        }
    }

    /// Why a file cannot be written at a path, if it cannot.
    pub fn obstacle(&self, path: &str) -> Result<Option<String>, SyncError> {
        match way::prepare(self, path) {
            Ok(_) => Ok(None),
            Err(way::Obstacle::Reason(reason)) => Ok(Some(reason)),
            Err(way::Obstacle::Failure(error)) => Err(error).at(&self.folder.place(path)),
        }
    }

    /// Puts temporary files of a killed round into the trash: they may be all that is left of a text.
    pub fn rescue(&self, leftovers: &[String]) -> Result<(), SyncError> {
        for path in leftovers {
            let place = self.folder.place(path);
            kept::trash(self, &place, path).at(&place)?;
        }
        Ok(())
    }

    /// Forgets what was kept long enough.
    pub fn sweep(&self) -> Result<(), SyncError> {
        kept::sweep(self).at(&self.folder.memory())
    }
}
