//! Files that were moved to where the server does not take them. Without their new place, the deletion of the old one
//! would take them from all other devices.

use std::collections::BTreeMap;

use super::Edit;
use crate::scan::Local;

/// Edits without the deletions of such files, and these, each with the reason. `unsound` tells the contents of files that
/// have names which no other device could have, each with its path.
pub fn half_moves(
    edits: Vec<Edit>,
    files: &BTreeMap<String, Local>,
    refused: &BTreeMap<String, String>,
    unsound: impl FnOnce() -> BTreeMap<String, String>,
) -> (Vec<Edit>, BTreeMap<String, String>) {
    if edits.iter().all(|edit| edit.size.is_some()) {
        return (edits, BTreeMap::new());
    }
    let places = refused_places(files, refused, unsound());
    let place = |edit: &Edit| match edit.size {
        Some(_) => None,
        None => places.get(&edit.checksum),
    };
    let (moved, edits): (Vec<Edit>, Vec<Edit>) =
        edits.into_iter().partition(|edit| place(edit).is_some());
    let moved = moved.into_iter().map(|edit| {
        let place = &places[&edit.checksum];
        let reason = format!(
            "it was moved to {place}, which the server does not take, so the server keeps it as it was"
        );
        (edit.path, reason)
    });
    (edits, moved.collect())
}

/// Contents that the server takes at no place where they are now, each with such a place.
fn refused_places(
    files: &BTreeMap<String, Local>,
    refused: &BTreeMap<String, String>,
    mut places: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let refused_files = refused.keys().filter_map(|path| files.get_key_value(path));
    places.extend(refused_files.map(|(path, local)| (local.checksum.clone(), path.clone())));
    if !places.is_empty() {
        let taken = files
            .iter()
            .filter(|(path, _)| !refused.contains_key(*path));
        for (_, local) in taken {
            places.remove(&local.checksum);
        }
    }
    places
}
