//! Settings that select nothing here, and so may not say what was meant.

use super::say::note;
use crate::config::{Folder, Kamirc};
use crate::scan::paths;

/// Tells of each.
pub fn tell(folder: &Folder) {
    for category in missing(folder) {
        note(format_args!(
            "kamisync: There is no folder .kamiflow/{category}, which sync.categories names."
        ));
    }
    for pattern in folder.selection.idle_ignores() {
        note(format_args!(
            "kamisync: '{pattern}' of .kamiignore leaves nothing out, since it is for another folder than those that are synced."
        ));
    }
    if !folder.settings.include.is_empty() {
        tell_patterns(folder);
    }
}

/// Folders that are not there, but for those that each project may have.
fn missing(folder: &Folder) -> impl Iterator<Item = &String> {
    let categories = folder.selection.categories().iter();
    categories.filter(|category| {
        let is_usual = Kamirc::CATEGORIES.contains(&&***category);
        !is_usual && folder.place(category).symlink_metadata().is_err()
    })
}

fn tell_patterns(folder: &Folder) {
    let (paths, categories) = (paths(folder), folder.selection.categories().join(", "));
    for pattern in folder.selection.idle(&paths) {
        note(format_args!(
            "kamisync: No file in {categories} matches '{pattern}' of sync.include."
        ));
    }
}
