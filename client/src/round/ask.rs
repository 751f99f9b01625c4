//! What a person has to say before much is deleted on either side.

use std::collections::{BTreeMap, HashSet};

use crate::absence::{self, Question};
use crate::config::Selection;
use crate::error::SyncError;
use crate::plan::{Edit, edits};
use crate::remote::Change;
use crate::scan::Scan;
use crate::state::{Entry, State};

/// What a person has to say about files that would be removed here. Those that arrive under another name are not
/// lost.
pub(super) fn gone_there<'c>(
    scan: &Scan,
    removed: impl Iterator<Item = &'c Change>,
    arrived: &HashSet<String>,
) -> Option<Question> {
    let is_lost = |change: &&Change| {
        let content = scan.checksum(&change.path);
        content.is_some_and(|content| !arrived.contains(content))
    };
    let (lost, all) = (removed.filter(is_lost).count(), scan.files.len());
    absence::is_much(lost, all).then_some(Question::GoneThere(lost, all))
}

/// What a person has to say about the files that are gone here.
pub(super) fn question(
    scan: &Scan,
    state: &State,
    selection: &Selection,
) -> Result<Option<Question>, SyncError> {
    let gone = gone(scan, &state.entries, selection);
    if gone.is_empty() {
        return Ok(None);
    }
    let before = from_text(&state.meta("disks")?.unwrap_or_default());
    let paths = || gone.iter().map(|edit| &*edit.path);
    if let Some(question) = absence::other_disk(&before, &scan.devices, paths()) {
        return Ok(Some(question));
    }
    let is_live =
        |(path, entry): &(&String, &Entry)| entry.checksum.is_some() && selection.has_file(path);
    let all = state.entries.iter().filter(is_live).count();
    let is_much = absence::is_much(gone.len(), all);
    let question = is_much.then_some(Question::GoneHere(gone.len(), all));
    Ok(question.or_else(|| absence::no_folder(&scan.devices, paths())))
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

/// The file systems of the categories, to be remembered.
pub(super) fn to_text(disks: &BTreeMap<String, u64>) -> String {
    let lines = disks
        .iter()
        .map(|(category, disk)| format!("{disk} {category}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn from_text(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (disk, category) = line.split_once(' ')?;
        Some((category.to_owned(), disk.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}
