//! What a person has to say before much is deleted on either side.

use std::collections::{BTreeMap, HashSet};

use crate::absence::{self, Deletions, Question};
use crate::config::Selection;
use crate::error::SyncError;
use crate::plan::{Edit, edits};
use crate::remote::Change;
use crate::scan::Scan;
use crate::state::{Entry, Side, State};

/// Files that are gone on one side, out of so many. Those that are there under another name are not gone.
pub(super) struct Gone {
    pub paths: Vec<String>,
    pub files: usize,
}

impl Gone {
    /// What would be removed here.
    pub fn there<'c>(
        scan: &Scan,
        removed: impl Iterator<Item = &'c Change>,
        arrived: &HashSet<String>,
    ) -> Self {
        let is_lost = |change: &&Change| {
            let content = scan.checksum(&change.path);
            content.is_some_and(|content| !arrived.contains(content))
        };
        Self {
            paths: removed
                .filter(is_lost)
                .map(|change| change.path.clone())
                .collect(),
            files: scan.files.len(),
        }
    }

    /// What would be deleted on the server.
    pub fn here(scan: &Scan, entries: &BTreeMap<String, Entry>, selection: &Selection) -> Self {
        let paths = gone(scan, entries, selection)
            .into_iter()
            .map(|edit| edit.path);
        let is_live = |(path, entry): &(&String, &Entry)| {
            entry.checksum.is_some() && selection.has_file(path)
        };
        Self {
            paths: paths.collect(),
            files: entries.iter().filter(is_live).count(),
        }
    }

    /// With what was deleted on this side within the last hour: how many are gone, out of how many.
    fn much(&self, recent: &Deletions) -> Option<(usize, usize)> {
        let (gone, files) = absence::together(&self.now(), self.files, recent);
        let is_much = !self.paths.is_empty() && absence::is_much(gone, files);
        is_much.then_some((gone, files))
    }

    fn now(&self) -> Vec<&str> {
        self.paths.iter().map(String::as_str).collect()
    }

    /// The deletions are done now, and count for the next hour.
    pub fn remember(&self, state: &mut State, side: Side) -> Result<(), SyncError> {
        match self.paths.is_empty() {
            true => Ok(()),
            false => state.add_deletions(side, &self.now(), self.files),
        }
    }
}

/// What a person has to say about files that would be removed here.
pub(super) fn gone_there(gone: &Gone, state: &State) -> Result<Option<Question>, SyncError> {
    let much = gone.much(&state.recent_deletions(Side::There)?);
    Ok(much.map(|(gone, files)| Question::GoneThere(gone, files)))
}

/// What a person has to say about the files that are gone here.
pub(super) fn gone_here(
    gone: &Gone,
    scan: &Scan,
    state: &State,
) -> Result<Option<Question>, SyncError> {
    if gone.paths.is_empty() {
        return Ok(None);
    }
    let before = disks(state)?;
    let now = gone.now();
    if let Some(question) = absence::other_disk(&before, &disks_now(scan), now.iter().copied()) {
        return Ok(Some(question));
    }
    let recent = state.recent_deletions(Side::Here)?;
    let much = gone.much(&recent);
    let question = much.map(|(gone, files)| Question::GoneHere(gone, files));
    Ok(question.or_else(|| absence::no_folder(&scan.devices, &now, gone.files, &recent)))
}

/// Deleted files whose content is not here under another name.
fn gone(scan: &Scan, entries: &BTreeMap<String, Entry>, selection: &Selection) -> Vec<Edit> {
    let mut gone = edits(scan, entries, selection);
    gone.retain(|edit| edit.size.is_none());
    if !gone.is_empty() {
        let here = scan.files.values().map(|local| &*local.checksum);
        let here: HashSet<&str> = here.collect();
        gone.retain(|edit| !here.contains(&*edit.checksum));
    }
    gone
}

/// The file systems of the categories, and of the folders below that are on others.
fn disks_now(scan: &Scan) -> BTreeMap<String, u64> {
    let all = scan.devices.iter().chain(&scan.mounts);
    all.map(|(folder, disk)| (folder.clone(), *disk)).collect()
}

/// Remembers the file systems of the folders. That of one which cannot be looked at now is the one of before.
pub(super) fn remember_disks(state: &mut State, scan: &Scan) -> Result<(), SyncError> {
    let mut disks = disks(state)?;
    disks.retain(|folder, _| scan.oddity(folder).is_some());
    disks.extend(disks_now(scan));
    state.set_meta("disks", &to_text(&disks))
}

fn disks(state: &State) -> Result<BTreeMap<String, u64>, SyncError> {
    Ok(from_text(&state.meta("disks")?.unwrap_or_default()))
}

fn to_text(disks: &BTreeMap<String, u64>) -> String {
    let lines = disks
        .iter()
        .map(|(folder, disk)| format!("{disk} {folder}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn from_text(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (disk, folder) = line.split_once(' ')?;
        Some((folder.to_owned(), disk.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}
