//! Patterns of `sync.include` that may not say what was meant.

use super::say::note;
use crate::config::Folder;
use crate::scan::paths;

/// Tells of each pattern that no file here matches.
pub fn tell_idle(folder: &Folder) {
    if folder.settings.include.is_empty() {
        return;
    }
    let (paths, categories) = (paths(folder), folder.selection.categories().join(", "));
    for pattern in folder.selection.idle(&paths) {
        note(format_args!(
            "kamisync: No file in {categories} matches '{pattern}' of sync.include."
        ));
    }
}
