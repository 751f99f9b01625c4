//! Finds the files of the selection.

use std::collections::BTreeMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::look::Look;
use crate::config::{Folder, Selection};
use crate::error::unreadable;
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
    /// Anything else, which no further look at it changes.
    Other(Look),
}

/// The file system of each category that is there, and those that are there and cannot be read, or lead elsewhere than
/// a person means.
pub(super) fn categories(folder: &Folder) -> (BTreeMap<String, u64>, Vec<Found>) {
    let (mut devices, mut closed) = (BTreeMap::new(), Vec::new());
    for category in folder.selection.categories() {
        let place = folder.place(category);
        if let Some(reason) = folder.astray(category) {
            let kind = Kind::Other(Look::Closed(reason));
            closed.push(Found {
                path: category.clone(),
                place,
                kind,
            });
            continue;
        }
        // A link to a folder is followed here, and one to nowhere cannot be read.
        match place.metadata() {
            Ok(metadata) => _ = devices.insert(category.clone(), device(&metadata)),
            Err(_) if is_free(&place) => {}
            Err(error) => closed.push(Found::closed(category, &place, &error)),
        }
    }
    (devices, closed)
}

fn is_free(place: &Path) -> bool {
    let found = place.symlink_metadata();
    found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Everything that is selected in these categories, and the folders below them that are on another file system than
/// the folder above, each with it.
pub(super) fn walk(
    folder: &Folder,
    categories: &BTreeMap<String, u64>,
) -> (Vec<Found>, BTreeMap<String, u64>) {
    let (mut found, mut mounts) = (Vec::new(), BTreeMap::new());
    let categories = categories.iter().map(|(category, device)| Below {
        path: category.clone(),
        place: folder.place(category),
        device: *device,
        is_text: true,
    });
    let mut folders: Vec<Below> = categories.collect();
    while !folders.is_empty() {
        // Most of the time is the system's, which answers several threads at once.
        let lists = folders.par_iter();
        let lists = lists.map(|below| List::of(&folder.selection, below));
        let lists: Vec<List> = lists.collect();
        folders.clear();
        for list in lists {
            found.extend(list.found);
            folders.extend(list.folders);
            mounts.extend(list.mounts);
        }
    }
    (found, mounts)
}

/// A folder to look into.
struct Below {
    path: String,
    place: PathBuf,
    device: u64,
    /// Whether the path says it all; else it leads nowhere.
    is_text: bool,
}

impl Found {
    fn closed(path: &str, place: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            place: place.to_owned(),
            kind: Kind::Other(Look::Closed(unreadable(error))),
        }
    }
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
    folders: Vec<Below>,
    mounts: Vec<(String, u64)>,
}

impl List {
    fn of(selection: &Selection, below: &Below) -> Self {
        let mut list = Self::default();
        let Below { path, place, .. } = below;
        let entries = match place.read_dir() {
            // Removed since it was listed.
            Err(error) if error.kind() == ErrorKind::NotFound && path.contains('/') => return list,
            entries => entries,
        };
        let read = entries.and_then(|mut entries| {
            entries.try_for_each(|entry| {
                list.add(selection, below, &entry?);
                Ok(())
            })
        });
        if let Err(error) = read {
            list.found.push(Found::closed(path, place, &error));
        }
        list
    }

    fn add(&mut self, selection: &Selection, above: &Below, entry: &DirEntry) {
        let (name, place) = (entry.file_name(), entry.path());
        let path = format!("{}/{}", above.path, name.to_string_lossy());
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.found.push(Found::closed(&path, &place, &error)),
        };
        let is_text = above.is_text && name.to_str().is_some();
        let may_have_files = || selection.may_have_files(&path);
        if kind.is_dir() {
            if may_have_files() {
                let device = above.device;
                self.add_folder(
                    Below {
                        path,
                        place,
                        device,
                        is_text,
                    },
                    entry,
                );
            }
            return;
        }
        // A link may stand for a folder with files.
        let may_be_folder = kind.is_symlink() && may_have_files();
        if selection.wants(&path) || may_be_folder || is_leftover(&path, kind) {
            let look = look_of(&path, &place, is_text, kind);
            let kind = look.map_or_else(|| Kind::File(entry.metadata()), Kind::Other);
            self.found.push(Found { path, place, kind });
        }
    }

    /// Adds a folder, which is on the file system of the one above unless it says another.
    fn add_folder(&mut self, mut folder: Below, entry: &DirEntry) {
        let above = folder.device;
        folder.device = entry.metadata().map_or(above, |found| device(&found));
        if folder.device != above {
            self.mounts.push((folder.path.clone(), folder.device));
        }
        self.folders.push(folder);
    }
}

fn is_leftover(path: &str, kind: FileType) -> bool {
    kind.is_file() && names::is_leftover(path)
}

/// What cannot be synced, or is of this program; none of any other file.
fn look_of(path: &str, place: &Path, is_text: bool, kind: FileType) -> Option<Look> {
    let odd = |reason: &str| Some(Look::Odd(reason.to_owned()));
    if kind.is_symlink() {
        odd("a link is not followed")
    } else if !kind.is_file() {
        odd("it is no ordinary file")
    } else if is_text && is_leftover(path, kind) {
        Some(Look::Leftover)
    } else if !is_text || !names::is_sound(path) {
        Some(Look::Unsound(place.to_owned()))
    } else {
        None
    }
}
