//! Which conflicts are open: those whose copy is still there.

use crate::config::Folder;
use crate::conflict::original;
use crate::error::SyncError;
use crate::report::ConflictCopy;
use crate::scan::Scan;
use crate::state::State;

/// The copies in a folder, each with its file.
pub fn open_conflicts(folder: &Folder) -> Result<Vec<ConflictCopy>, SyncError> {
    let state = State::look(folder)?;
    let scan = Scan::of(folder, &state.entries)?;
    let conflict = |copy: String| original(&copy).map(|path| ConflictCopy { path, copy });
    Ok(scan.files.into_keys().filter_map(conflict).collect())
}
