//! What is in the folder. Only files that the system describes differently than before are read.

mod local;
mod look;
mod next;
mod read;
mod stamp;
#[cfg(all(test, unix))]
mod tests;
mod touched;
mod walk;

pub use local::Local;
pub(crate) use read::describe;
pub use read::{Content, read_again};
pub use stamp::Stamp;
pub use touched::Touched;
pub(crate) use walk::device;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;

use rayon::prelude::*;

use crate::config::Folder;
use crate::state::Contents;
use look::{Look, look};
use walk::Kind;

/// The paths of all files of a folder, without a look at any of them.
pub fn paths(folder: &Folder) -> Vec<String> {
    let (devices, _) = walk::categories(folder);
    let (found, _) = walk::walk(folder, &devices);
    let files = found
        .into_iter()
        .filter(|found| matches!(found.kind, Kind::File(_)));
    files.map(|found| found.path).collect()
}

/// The files of a folder.
#[derive(Debug)]
pub struct Scan {
    /// Files that are synced.
    pub files: BTreeMap<String, Local>,
    /// What is there and cannot be synced, each with the reason; it is never treated as deleted.
    pub odd: BTreeMap<String, String>,
    /// Those of them that are ordinary files of a name that no other device could have, each with its place.
    pub unsound: Vec<(String, PathBuf)>,
    /// Those of them that are folders which cannot be read: nothing below them is known.
    pub closed: BTreeSet<String>,
    /// The file system of each category that is there.
    pub devices: BTreeMap<String, u64>,
    /// That of each folder below them that is on another one than the folder above.
    pub mounts: BTreeMap<String, u64>,
    /// Temporary files that a killed round left.
    pub leftovers: Vec<String>,
    pub(crate) now: SystemTime,
}

impl Default for Scan {
    fn default() -> Self {
        Self::at(SystemTime::UNIX_EPOCH)
    }
}

impl Scan {
    /// Looks at all files of a folder.
    pub fn of(folder: &Folder, contents: Contents) -> Self {
        Self::since(folder, contents, SystemTime::UNIX_EPOCH)
    }

    /// The same, to remember what the files look like: those that were changed before `now`, a time of the
    /// file system, need not be read again.
    pub fn since(folder: &Folder, contents: Contents, now: SystemTime) -> Self {
        let mut scan = Self::at(now);
        let (devices, mut found) = walk::categories(folder);
        let (walked, mounts) = walk::walk(folder, &devices);
        found.extend(walked);
        (scan.devices, scan.mounts) = (devices, mounts);
        let gone = folder.selection.gone();
        scan.odd
            .extend(gone.map(|(file, reason)| (file.to_owned(), reason.to_owned())));
        // Those that have to be read are read by several threads.
        let looks = found.into_par_iter().map(|found| {
            let look = match found.kind {
                Kind::File(metadata) => {
                    let known = |stamp: &str| contents.checksum(&found.path, stamp);
                    look(&found.place, metadata, known, now)
                }
                Kind::Other(look) => look,
            };
            (found.path, look)
        });
        for (path, look) in looks.collect::<Vec<_>>() {
            scan.add(path, look);
        }
        scan
    }

    /// Looks at one path again.
    pub fn again(&mut self, folder: &Folder, path: &str) {
        let place = folder.place(path);
        let look = look(&place, place.symlink_metadata(), |_| None, self.now);
        self.note(path, look);
    }

    fn at(now: SystemTime) -> Self {
        Self {
            files: BTreeMap::new(),
            odd: BTreeMap::new(),
            unsound: Vec::new(),
            closed: BTreeSet::new(),
            devices: BTreeMap::new(),
            mounts: BTreeMap::new(),
            leftovers: Vec::new(),
            now,
        }
    }

    /// Puts what is at a path now in place of what was known of it.
    fn note(&mut self, path: &str, look: Look) {
        self.files.remove(path);
        self.odd.remove(path);
        self.closed.remove(path);
        self.unsound.retain(|(unsound, _)| unsound != path);
        self.add(path.to_owned(), look);
    }

    /// The same of a path of which nothing is known yet.
    fn add(&mut self, path: String, look: Look) {
        match look {
            Look::File(local) => _ = self.files.insert(path, local),
            Look::Odd(reason) => _ = self.odd.insert(path, reason),
            Look::Unsound(place) => {
                let reason = "no other device could have a file of this name";
                self.odd.insert(path.clone(), reason.to_owned());
                self.unsound.push((path, place));
            }
            Look::Closed(reason) => {
                self.closed.insert(path.clone());
                self.odd.insert(path, reason);
            }
            Look::Leftover => self.leftovers.push(path),
            Look::Gone => {}
        }
    }

    /// Why what is at a path, or at a folder above it, cannot be synced.
    pub fn oddity(&self, path: &str) -> Option<&str> {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let mut above = ends.chain([path.len()]).map(|end| &path[..end]);
        above
            .find_map(|path| self.odd.get(path))
            .map(String::as_str)
    }

    /// The contents of the files whose names no other device could have, each with its path.
    pub fn unsound_contents(&self) -> BTreeMap<String, String> {
        let unsound = self.unsound.par_iter();
        let contents = unsound.filter_map(|(path, place)| {
            let local = read::hash(place, self.now).ok()??;
            Some((local.checksum, path.clone()))
        });
        contents.collect()
    }

    /// The content of a path, if there is a file.
    pub fn checksum(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(|local| &*local.checksum)
    }
}
