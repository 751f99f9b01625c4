//! Brings back files that are gone and were not meant to be deleted.

use super::ask::Gone;
use crate::error::SyncError;
use crate::remote::Version;
use crate::state::{Pending, State, Update};

/// What is gone here comes again: without what is remembered of these files, everything is compared, and they are files of the
/// server that were never here.
pub(super) fn bring_back(gone: &Gone, state: &mut State) -> Result<(), SyncError> {
    if gone.paths.is_empty() {
        return Ok(());
    }
    state.set_cursor(None)?;
    let forget = gone.paths.iter().cloned().map(Update::Forget);
    state.write(&forget.collect::<Vec<_>>(), None)
}

/// The same of one file, whose version is known.
pub(super) fn bring_back_one(
    path: &str,
    version: &Version,
    state: &mut State,
) -> Result<(), SyncError> {
    let pending = Pending {
        rev: version.rev,
        checksum: version.checksum.clone(),
        modified: version.modified,
        reason: "it is to be brought back".to_owned(),
    };
    let updates = [
        Update::Forget(path.to_owned()),
        Update::Pending(path.to_owned(), pending),
    ];
    let cursor = state.cursor()?;
    state.write(&updates, cursor.as_deref())
}
