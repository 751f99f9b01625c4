//! Files that were moved to where the server does not take them. Without their new place, the deletion of the old one
//! would take them from all other devices.

use std::collections::HashMap;

use super::Round;
use crate::plan::Edit;

impl Round<'_> {
    /// Edits without the deletions of such files, which are told.
    pub(super) fn without_half_moves(&mut self, edits: Vec<Edit>) -> Vec<Edit> {
        let places = self.refused_places();
        let place = |edit: &Edit| match edit.size {
            Some(_) => None,
            None => places.get(&edit.checksum),
        };
        let (moved, edits): (Vec<Edit>, Vec<Edit>) =
            edits.into_iter().partition(|edit| place(edit).is_some());
        for edit in moved {
            let place = &places[&edit.checksum];
            let reason = format!(
                "it was moved to {place}, which the server does not take, so the server keeps it as it was"
            );
            self.refused.insert(edit.path, reason);
        }
        edits
    }

    /// Contents that the server takes at no place where they are now, each with such a place.
    fn refused_places(&self) -> HashMap<String, String> {
        if self.refused.is_empty() {
            return HashMap::new();
        }
        let files = self.scan.files.iter();
        let (refused, taken): (Vec<_>, Vec<_>) =
            files.partition(|(path, _)| self.refused.contains_key(*path));
        let places = refused.into_iter();
        let places = places.map(|(path, local)| (local.checksum.clone(), path.clone()));
        let mut places: HashMap<String, String> = places.collect();
        for (_, local) in taken {
            places.remove(&local.checksum);
        }
        places
    }
}
