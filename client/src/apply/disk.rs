//! Where files are changed, and what becomes of a change.

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
}
