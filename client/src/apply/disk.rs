//! Where files are changed, and what becomes of a change.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::config::Folder;
use crate::error::{At, SyncError};
use crate::names::{Folding, TEMPORARY};
use crate::scan::{Local, device};
use crate::state_folder;

/// The disk of a folder.
pub struct Disk<'a> {
    /// The folder.
    pub folder: &'a Folder,
    /// What its file system takes for the same name.
    pub folding: Folding,
    /// Categories on other file systems, of which that is not known.
    pub elsewhere: BTreeSet<String>,
    /// When the round began, by the clock of the file system.
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
    /// Tries what the file system does with names, and asks it for the time: its clock, not that of this
    /// system, dates the files.
    pub fn of(folder: &'a Folder) -> Result<Self, SyncError> {
        let state_folder = folder.state_folder();
        state_folder::prepare_again(&state_folder)?;
        let (folding, now) = probe(&state_folder).at(&state_folder)?;
        Ok(Self {
            folder,
            folding,
            elsewhere: elsewhere(folder),
            now,
        })
    }

    /// Whether two names below `.kamiflow` may be the same to the disk that this path is on.
    pub fn may_fold(&self, path: &str) -> bool {
        let category = path.split('/').next().unwrap_or_default();
        self.folding == Folding::Folded || self.elsewhere.contains(category)
    }
}

/// The categories that are not on the file system of `.sync`, which is the one that is tried.
fn elsewhere(folder: &Folder) -> BTreeSet<String> {
    let disk = |place: &Path| place.metadata().ok().map(|metadata| device(&metadata));
    let tried = disk(&folder.state_folder());
    let categories = folder.selection.categories().iter();
    let is_elsewhere =
        |category: &&String| disk(&folder.place(category)).is_some_and(|at| Some(at) != tried);
    categories.filter(is_elsewhere).cloned().collect()
}

fn probe(folder: &Path) -> io::Result<(Folding, SystemTime)> {
    let place = folder.join(format!("{TEMPORARY}fold-é.tmp"));
    let twin = folder.join(format!("{TEMPORARY}FOLD-e\u{301}.tmp"));
    std::fs::write(&place, b"now")?;
    let folding = if twin.symlink_metadata().is_ok() {
        Folding::Folded
    } else {
        Folding::Exact
    };
    let now = place.symlink_metadata()?.modified()?;
    std::fs::remove_file(&place)?;
    Ok((folding, now))
}

#[test]
fn a_folder_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let (folding, now) = probe(folder.path()).unwrap();
    std::fs::write(folder.path().join("a"), b"").unwrap();
    let is_one = folder.path().join("A").exists();
    assert_eq!(folding == Folding::Folded, is_one);
    let age = SystemTime::now().duration_since(now).unwrap_or_default();
    assert!(age.as_secs() < 60);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}
