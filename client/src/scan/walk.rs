//! Finds the files of the selection.

use std::collections::BTreeMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::config::{Folder, Selection};
use crate::error::{At, SyncError};
use crate::names;

/// Something with a path of the selection.
pub(super) struct Found {
    /// The path on the wire.
    pub path: String,
    /// Where it is on the disk.
    pub place: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// What was found.
pub(super) enum Kind {
    /// A file as the system describes it. Beside its folder that is asked for sooner than by its whole path.
    File(io::Result<Metadata>),
    /// A temporary file of this program.
    Leftover,
    /// It cannot be synced, for this reason.
    Odd(&'static str),
}

/// The file system of each category that is there.
pub(super) fn devices(folder: &Folder) -> Result<BTreeMap<String, u64>, SyncError> {
    let mut devices = BTreeMap::new();
    for category in folder.selection.categories() {
        let place = folder.place(category);
        match place.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            // A link to a folder is followed here, and one to nowhere is an error.
            _ => devices.insert(category.clone(), device(&place.metadata().at(&place)?)),
        };
    }
    Ok(devices)
}

/// Everything that is selected in these categories.
pub(super) fn walk<'a>(
    folder: &Folder,
    categories: impl Iterator<Item = &'a String>,
) -> Result<Vec<Found>, SyncError> {
    let mut found = Vec::new();
    let categories = categories.map(|category| (category.clone(), folder.place(category)));
    let mut folders: Vec<_> = categories.collect();
    while !folders.is_empty() {
        // Most of the time is the system's, which answers several threads at once.
        let lists = folders.par_iter();
        let lists = lists.map(|(path, place)| List::of(&folder.selection, path, place));
        let lists = lists.collect::<Result<Vec<List>, SyncError>>()?;
        folders.clear();
        for list in lists {
            found.extend(list.found);
            folders.extend(list.folders);
        }
    }
    Ok(found)
}

/// The file system that something is on.
#[cfg(unix)]
pub(crate) fn device(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::dev(metadata)
}

/// The file system that something is on, which is not known here.
#[cfg(not(unix))]
pub(crate) fn device(_: &Metadata) -> u64 {
    0
}

/// What is in one folder.
#[derive(Default)]
struct List {
    found: Vec<Found>,
    /// Folders with their paths.
    folders: Vec<(String, PathBuf)>,
}

impl List {
    fn of(selection: &Selection, path: &str, place: &Path) -> Result<Self, SyncError> {
        let mut list = Self::default();
        let entries = match place.read_dir() {
            // Removed since it was listed.
            Err(error) if error.kind() == ErrorKind::NotFound && path.contains('/') => {
                return Ok(list);
            }
            entries => entries.at(place)?,
        };
        for entry in entries {
            list.add(selection, path, &entry.at(place)?)?;
        }
        Ok(list)
    }

    fn add(
        &mut self,
        selection: &Selection,
        above: &str,
        entry: &DirEntry,
    ) -> Result<(), SyncError> {
        let (name, place) = (entry.file_name(), entry.path());
        let path = format!("{above}/{}", name.to_string_lossy());
        let kind = entry.file_type().at(&place)?;
        let may_have_files = || selection.may_have_files(&path);
        if kind.is_dir() {
            if may_have_files() {
                self.folders.push((path, place));
            }
            return Ok(());
        }
        // A link may stand for a folder with files.
        let may_be_folder = kind.is_symlink() && may_have_files();
        if selection.wants(&path) || may_be_folder || is_leftover(&path, kind) {
            let kind = kind_of(&path, name.to_str().is_some(), kind);
            let kind = kind.unwrap_or_else(|| Kind::File(entry.metadata()));
            self.found.push(Found { path, place, kind });
        }
        Ok(())
    }
}

fn is_leftover(path: &str, kind: FileType) -> bool {
    kind.is_file() && names::is_leftover(path)
}

/// What cannot be synced, or is of this program; none of any other file.
fn kind_of(path: &str, is_text: bool, kind: FileType) -> Option<Kind> {
    if kind.is_symlink() {
        Some(Kind::Odd("a link is not followed"))
    } else if !kind.is_file() {
        Some(Kind::Odd("it is no ordinary file"))
    } else if is_leftover(path, kind) {
        Some(Kind::Leftover)
    } else if !is_text || !names::is_sound(path) {
        Some(Kind::Odd("no other device could have a file of this name"))
    } else {
        None
    }
}
