//! What a round would do with what the server has.

use super::listing::{
    diff, listing, require_not_deleted, unknown, versions_since, without_lost_revs,
};
use crate::config::Folder;
use crate::error::SyncError;
use crate::plan::{Decision, Judged, compare, decide, is_own};
use crate::remote::{BEGINNING, Change, Remote, RemoteError};
use crate::scan::Scan;
use crate::state::{Entry, State};

/// Each change that a round would take, with what it would do, by the feed or by comparing everything. Of the state, which is not
/// written, it forgets what a round would forget.
pub(super) fn expected(
    folder: &Folder,
    remote: &dyn Remote,
    device: &str,
    state: &mut State,
    scan: &Scan,
) -> Result<Vec<(Change, Decision)>, SyncError> {
    let Some(changes) = followed(folder, remote, state, scan)? else {
        return compared(folder, remote, state, scan);
    };
    let changes = selected(folder, scan, changes);
    let is_unedited = |entry: Option<&Entry>, local: &str, path: &str| {
        let versions = versions_since(remote, path, entry, local);
        versions.map(|versions| !versions.is_empty())
    };
    let judged = changes.map(|change| {
        let entry = state.entries.get(&change.path);
        let version = (change.rev, change.checksum.as_deref());
        let is_own = is_own(entry, &change, device);
        let local = scan.checksum(&change.path);
        let decision = match (decide(entry, local, version, is_own), local) {
            (Decision::Keep, Some(local)) if is_unedited(entry, local, &change.path)? => {
                Decision::Remove
            }
            (decision, _) => decision,
        };
        Ok((change, decision))
    });
    judged.collect()
}

/// What the feed has, where a round would follow it.
fn followed(
    folder: &Folder,
    remote: &dyn Remote,
    state: &State,
    scan: &Scan,
) -> Result<Option<Vec<Change>>, SyncError> {
    let is_same = state.meta("selection")?.as_deref() == Some(folder.selection.fingerprint());
    let has_nothing = scan.files.is_empty() && state.entries.is_empty();
    let since = match state.cursor()?.filter(|_| is_same) {
        Some(cursor) => cursor,
        None if has_nothing => BEGINNING.to_owned(),
        None => return Ok(None),
    };
    match listing(remote, &since) {
        Ok((changes, _)) => Ok(Some(changes)),
        Err(RemoteError::Gone) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn compared(
    folder: &Folder,
    remote: &dyn Remote,
    state: &mut State,
    scan: &Scan,
) -> Result<Vec<(Change, Decision)>, SyncError> {
    let (changes, _) = listing(remote, BEGINNING)?;
    require_not_deleted(remote, scan, &state.entries, &changes)?;
    for path in unknown(&state.entries, &changes) {
        state.entries.remove(&path);
    }
    let lost = without_lost_revs(&state.entries, &changes);
    state.entries.extend(lost);
    let diff = diff(remote, scan, &state.entries, &changes)?;
    let judged = Judged::of(&diff);
    let judge = |change: Change| {
        let entry: Option<&Entry> = state.entries.get(&change.path);
        let decision = compare(entry, scan.checksum(&change.path), &change, &judged);
        (change, decision)
    };
    Ok(selected(folder, scan, changes).map(judge).collect())
}

/// The changes that concern this folder, where they can be taken.
fn selected<'a>(
    folder: &'a Folder,
    scan: &'a Scan,
    changes: Vec<Change>,
) -> impl Iterator<Item = Change> + 'a {
    changes.into_iter().filter(|change| {
        folder.selection.has_file(&change.path) && scan.oddity(&change.path).is_none()
    })
}
