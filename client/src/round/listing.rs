//! What the server has, without content, and what it says of the files here.

use std::collections::{BTreeMap, HashSet};

use crate::feed::Feed;
use crate::remote::{Change, DeviceFile, Diff, Remote, RemoteError, Version};
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

/// Refuses to fill a project again that a person has deleted, also where another was begun with its id since. One of which
/// the server knows nothing, as after it was set up anew, gets all files.
pub(super) fn require_not_deleted(
    remote: &dyn Remote,
    scan: &Scan,
    entries: &BTreeMap<String, Entry>,
    changes: &[Change],
) -> Result<(), RemoteError> {
    let is_deleted = if changes.is_empty() {
        !scan.files.is_empty() && remote.is_deleted()?
    } else {
        would_fill(scan, entries, changes) && is_begun_again(remote, entries, changes)?
    };
    if is_deleted {
        Err(RemoteError::Deleted)
    } else {
        Ok(())
    }
}

/// Whether files that were synced are here, of which the server has never heard.
fn would_fill(scan: &Scan, entries: &BTreeMap<String, Entry>, changes: &[Change]) -> bool {
    let unknown = unknown(entries, changes);
    unknown.iter().any(|path| scan.files.contains_key(path))
}

/// Whether all that the server has is newer than what was synced: another project has the id of that one.
fn is_begun_again(
    remote: &dyn Remote,
    entries: &BTreeMap<String, Entry>,
    changes: &[Change],
) -> Result<bool, RemoteError> {
    let revs = entries.values().map(|entry| entry.rev);
    let newest = revs.max().unwrap_or_default();
    if newest == 0 || changes.iter().any(|change| change.rev <= newest) {
        return Ok(false);
    }
    // After a backup was restored, all files may have been edited: their history tells.
    let synced = |path: &str| entries.get(path).is_some_and(|entry| entry.rev > 0);
    let Some(both) = changes.iter().find(|change| synced(&change.path)) else {
        return Ok(true);
    };
    let versions = remote.history(&both.path)?;
    Ok(versions.iter().all(|version| version.rev > newest))
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

/// The versions of a path since the last round that have this content, newest first.
pub(super) fn versions_since(
    remote: &dyn Remote,
    path: &str,
    entry: Option<&Entry>,
    checksum: &str,
) -> Result<Vec<Version>, RemoteError> {
    let base = entry.map_or(0, |entry| entry.rev);
    let mut versions = remote.history(path)?;
    versions.retain(|version| version.rev > base && version.checksum.as_deref() == Some(checksum));
    Ok(versions)
}
