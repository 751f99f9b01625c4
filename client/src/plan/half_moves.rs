//! Files that were moved to where the server does not take them. Without their new place, the deletion of the old one
//! would take them from all other devices.

use std::collections::BTreeMap;

use super::Edit;
use crate::scan::Local;
use crate::state::AllUntaken;

/// Edits without the deletions of such files, and these, each with the reason. `unsound` tells the contents of files that
/// have names which no other device could have, each with its path, and `untaken` where those are that were edited too.
pub fn half_moves(
    edits: Vec<Edit>,
    files: &BTreeMap<String, Local>,
    refused: &BTreeMap<String, String>,
    untaken: &AllUntaken,
    unsound: BTreeMap<String, String>,
) -> (Vec<Edit>, BTreeMap<String, String>) {
    if edits.iter().all(|edit| edit.size.is_some()) {
        return (edits, BTreeMap::new());
    }
    let places = refused_places(files, refused, unsound);
    let edited = untaken.iter();
    let edited = edited.filter_map(|(place, file)| Some((file.from.as_deref()?, place)));
    let edited: BTreeMap<&str, &String> = edited.collect();
    let place = |edit: &Edit| match edit.size {
        Some(_) => None,
        None => places
            .get(&edit.checksum)
            .or_else(|| edited.get(&*edit.path).copied()),
    };
    let (moved, edits): (Vec<Edit>, Vec<Edit>) =
        edits.into_iter().partition(|edit| place(edit).is_some());
    let moved = moved.into_iter().filter_map(|edit| {
        let reason = reason(place(&edit)?);
        Some((edit.path, reason))
    });
    let moved = moved.collect();
    (edits, moved)
}

fn reason(place: &str) -> String {
    format!(
        "it was moved to {place}, which the server does not take, so the server keeps it as it was"
    )
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
