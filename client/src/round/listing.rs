//! What the server has, without content, and what it says of the files here.

use std::collections::{BTreeMap, HashSet};

use crate::feed::Feed;
use crate::remote::{Change, DeviceFile, Diff, Remote, RemoteError};
use crate::scan::Scan;
use crate::state::Entry;

/// Everything that the server has after a cursor, once for each path, and where the feed continues.
pub(super) fn listing(
    remote: &dyn Remote,
    since: &str,
) -> Result<(Vec<Change>, String), RemoteError> {
    let (mut cursor, mut changes) = (since.to_owned(), BTreeMap::new());
    for page in Feed::new(remote, since, false) {
        let page = page?;
        let by_path = page.changes.into_iter();
        changes.extend(by_path.map(|change| (change.path.clone(), change)));
        cursor = page.cursor;
    }
    Ok((changes.into_values().collect(), cursor))
}

/// Refuses to fill a project again that a person has deleted. One of which the server knows nothing, as after it was set
/// up anew, gets all files.
pub(super) fn require_not_deleted(
    remote: &dyn Remote,
    scan: &Scan,
    changes: &[Change],
) -> Result<(), RemoteError> {
    let would_fill = changes.is_empty() && !scan.files.is_empty();
    if would_fill && remote.is_deleted()? {
        Err(RemoteError::Deleted)
    } else {
        Ok(())
    }
}

/// The paths that a server which has all this has never heard of.
pub(super) fn unknown(entries: &BTreeMap<String, Entry>, changes: &[Change]) -> Vec<String> {
    let known: HashSet<&str> = changes.iter().map(|change| &*change.path).collect();
    let paths = entries.keys().filter(|path| !known.contains(&***path));
    paths.cloned().collect()
}

/// What is remembered of versions that the server no longer has by these numbers, since they were renumbered or lost:
/// only the text says something then.
pub(super) fn without_lost_revs(
    entries: &BTreeMap<String, Entry>,
    changes: &[Change],
) -> Vec<(String, Entry)> {
    let lost = changes.iter().filter_map(|change| {
        let entry = entries.get(&change.path)?;
        let is_lost = entry.rev > change.rev;
        is_lost.then(|| (change.path.clone(), without_rev(entry)))
    });
    lost.collect()
}

fn without_rev(entry: &Entry) -> Entry {
    Entry {
        rev: 0,
        ..entry.clone()
    }
}

/// What the server thinks of the files here, unless one side has none.
pub(super) fn diff(
    remote: &dyn Remote,
    scan: &Scan,
    entries: &BTreeMap<String, Entry>,
    changes: &[Change],
) -> Result<Diff, RemoteError> {
    if changes.is_empty() || scan.files.is_empty() {
        return Ok(Diff::default());
    }
    let files = scan.files.iter().map(|(path, local)| DeviceFile {
        path: path.clone(),
        checksum: local.checksum.clone(),
        base: entries.get(path).map(|entry| entry.rev),
    });
    remote.diff(&files.collect::<Vec<_>>())
}
