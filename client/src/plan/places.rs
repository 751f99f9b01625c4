//! Places that the server does not take, and what was perhaps moved there. Of a file that was edited too, no content tells
//! it; but it came when the other one went.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Edit;
use crate::scan::Scan;
use crate::state::{AllUntaken, Entry, Untaken};

/// Forgets what is gone or was taken, and adds what is new, with the file that was perhaps moved there. `unsound` tells the
/// contents of files that have names which no other device could have, each with its path.
pub fn add_untaken(
    untaken: &mut AllUntaken,
    refused: &BTreeSet<String>,
    edits: &[Edit],
    scan: &Scan,
    entries: &BTreeMap<String, Entry>,
    unsound: &BTreeMap<String, String>,
) {
    let odd: BTreeSet<&String> = scan.unsound.iter().map(|(path, _)| path).collect();
    let is_here = |path: &str| scan.files.contains_key(path);
    let is_taken = |path: &str| {
        let entry = entries.get(path);
        entry.is_some_and(|entry| entry.checksum.is_some())
    };
    let is_untaken = |path: &String| odd.contains(path) || is_here(path) && !is_taken(path);
    untaken.retain(|path, _| is_untaken(path));
    for file in untaken.values_mut() {
        file.from = file.from.take().filter(|from| !is_here(from));
    }
    let mut moves = Moves::of(edits, scan, unsound);
    for file in untaken.values() {
        moves
            .gone
            .retain(|path| file.from.as_deref() != Some(*path));
    }
    for path in refused.iter().chain(odd.iter().copied()) {
        if is_untaken(path) && !untaken.contains_key(path) {
            let from = moves.take_origin(path);
            untaken.insert(path.clone(), Untaken { from, said: None });
        }
    }
}

/// The contents of files that have names which no other device could have, where something was deleted.
pub fn unsound(edits: &[Edit], scan: &Scan) -> BTreeMap<String, String> {
    if edits.iter().any(|edit| edit.size.is_none()) {
        scan.unsound_contents()
    } else {
        BTreeMap::new()
    }
}

/// What may have been moved.
#[derive(Default)]
struct Moves<'a> {
    /// Files of which no content is here.
    gone: Vec<&'a str>,
    /// Places of files that were moved there as they were.
    explained: HashSet<&'a str>,
}

impl<'a> Moves<'a> {
    fn of(edits: &'a [Edit], scan: &'a Scan, unsound: &'a BTreeMap<String, String>) -> Self {
        let deletions = edits.iter().filter(|edit| edit.size.is_none());
        let deleted: HashSet<&str> = deletions.map(|edit| &*edit.checksum).collect();
        if deleted.is_empty() {
            return Self::default();
        }
        let files = scan.files.iter();
        let files = files.map(|(path, local)| (&*local.checksum, &**path));
        let unsound = unsound.iter();
        let unsound = unsound.map(|(checksum, path)| (&**checksum, &**path));
        let here: Vec<(&str, &str)> = files.chain(unsound).collect();
        let contents: HashSet<&str> = here.iter().map(|(checksum, _)| *checksum).collect();
        let gone = edits.iter().filter(|edit| edit.size.is_none());
        let gone = gone.filter(|edit| !contents.contains(&*edit.checksum));
        let explained = here.iter();
        let explained = explained.filter(|(checksum, _)| deleted.contains(checksum));
        Self {
            gone: gone.map(|edit| &*edit.path).collect(),
            explained: explained.map(|(_, path)| *path).collect(),
        }
    }

    /// The file that was perhaps moved to a place; it was moved to no other one then.
    fn take_origin(&mut self, place: &str) -> Option<String> {
        if self.explained.contains(place) {
            return None;
        }
        let from = origin(&self.gone, place)?;
        self.gone.retain(|path| *path != from);
        Some(from.to_owned())
    }
}

/// The file that was perhaps moved to a place: one of the same name, or of the same folder.
fn origin<'g>(gone: &[&'g str], place: &str) -> Option<&'g str> {
    let (folder, name) = place.rsplit_once('/')?;
    let has_name = |path: &&&str| path.rsplit('/').next() == Some(name);
    let is_beside = |path: &&&str| path.rsplit_once('/').is_some_and(|(of, _)| of == folder);
    let found = gone.iter().find(has_name);
    found.or_else(|| gone.iter().find(is_beside)).copied()
}
