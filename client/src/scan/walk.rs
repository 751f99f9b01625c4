//! Finds the files of the selection.

use std::collections::BTreeMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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
    File,
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
    for category in categories {
        walk_folder(
            &folder.selection,
            category,
            &folder.place(category),
            &mut found,
        )?;
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

fn walk_folder(
    selection: &Selection,
    path: &str,
    place: &Path,
    found: &mut Vec<Found>,
) -> Result<(), SyncError> {
    let entries = match place.read_dir() {
        // Removed since it was listed.
        Err(error) if error.kind() == ErrorKind::NotFound && path.contains('/') => return Ok(()),
        entries => entries.at(place)?,
    };
    for entry in entries {
        let entry = entry.at(place)?;
        let name = entry.file_name();
        let path = format!("{path}/{}", name.to_string_lossy());
        walk_entry(selection, path, name.to_str().is_some(), &entry, found)?;
    }
    Ok(())
}

fn walk_entry(
    selection: &Selection,
    path: String,
    is_text: bool,
    entry: &DirEntry,
    found: &mut Vec<Found>,
) -> Result<(), SyncError> {
    let place = entry.path();
    let kind = entry.file_type().at(&place)?;
    if kind.is_dir() {
        return match selection.may_have_files(&path) {
            true => walk_folder(selection, &path, &place, found),
            false => Ok(()),
        };
    }
    let kind = kind_of(&path, is_text, kind);
    // A link may stand for a folder with files.
    let may_be_folder = matches!(kind, Kind::Odd(LINK)) && selection.may_have_files(&path);
    if selection.wants(&path) || may_be_folder || matches!(kind, Kind::Leftover) {
        found.push(Found { path, place, kind });
    }
    Ok(())
}

const LINK: &str = "a link is not followed";

fn kind_of(path: &str, is_text: bool, kind: FileType) -> Kind {
    if kind.is_symlink() {
        Kind::Odd(LINK)
    } else if !kind.is_file() {
        Kind::Odd("it is no ordinary file")
    } else if names::is_leftover(path) {
        Kind::Leftover
    } else if !is_text || !names::is_sound(path) {
        Kind::Odd("no other device could have a file of this name")
    } else {
        Kind::File
    }
}
