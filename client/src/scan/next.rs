//! A look at what was touched since the last one.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::SystemTime;

use super::look::look;
use super::{Scan, walk};
use crate::config::Folder;
use crate::names;
use crate::state::Contents;

impl Scan {
    /// What is in the folder now, if nothing but these paths was touched since this look. Everything is
    /// looked at when more than a file may have come or gone with one of them.
    pub fn next(
        mut self,
        folder: &Folder,
        contents: Contents,
        now: SystemTime,
        paths: &BTreeSet<String>,
    ) -> Self {
        let is_file = |path: &String| self.is_only_a_file(folder, path);
        if !self.has_same_disks(folder) || !paths.iter().all(is_file) {
            return Self::since(folder, contents, now);
        }
        self.now = now;
        self.leftovers.clear();
        for path in paths.iter().filter(|path| is_of_a_person(folder, path)) {
            let place = folder.place(path);
            let known = |stamp: &str| contents.checksum(path, stamp);
            let look = look(&place, place.symlink_metadata(), known, now);
            self.note(path, look);
        }
        self
    }

    /// Whether each folder is on the file system that it was on.
    fn has_same_disks(&self, folder: &Folder) -> bool {
        let is_same = |(path, disk): (&String, &u64)| {
            let found = folder.place(path).symlink_metadata();
            found.is_ok_and(|found| walk::device(&found) == *disk)
        };
        walk::categories(folder).0 == self.devices && self.mounts.iter().all(is_same)
    }

    /// Whether a path is that of an ordinary file, or of nothing, and was no more than that.
    fn is_only_a_file(&self, folder: &Folder, path: &str) -> bool {
        let is_only_a_file = match folder.place(path).symlink_metadata() {
            Ok(metadata) => metadata.is_file(),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        // The look at everything tells why a file with an unsound name is not synced.
        let is_sound = !is_of_a_person(folder, path) || names::is_sound(path);
        is_only_a_file && is_sound && !self.had_more(path)
    }

    /// Whether there was a folder with files, or something odd, or a folder above that could not be read.
    fn had_more(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let file = self.files.range(below.clone()..).next();
        let odd = self.odd.range(below.clone()..).next();
        self.oddity(path).is_some()
            || file.is_some_and(|(found, _)| found.starts_with(&below))
            || odd.is_some_and(|(found, _)| found.starts_with(&below))
    }
}

/// Whether a file is selected, and none that this program writes for a moment.
fn is_of_a_person(folder: &Folder, path: &str) -> bool {
    folder.selection.wants(path) && !names::is_leftover(path)
}
