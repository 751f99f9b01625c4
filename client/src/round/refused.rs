//! What the server did not take.

use std::collections::{BTreeMap, HashSet};

use super::Round;
use crate::error::SyncError;
use crate::plan::{Edit, add_untaken, by_limits, half_moves, unsound};
use crate::remote::{Change, Conflict, Limits, RemoteError};
use crate::state::{AllUntaken, Said, Update};

/// Below this, a body is not made smaller.
const MIN_BODY: u64 = 16 << 10;

impl Round<'_> {
    /// What the server accepts by its limits; the rest is reported.
    pub(super) fn acceptable(&mut self, edits: Vec<Edit>, limits: &Limits) -> Vec<Edit> {
        let (sound, refused) = by_limits(edits, limits);
        self.untakable.extend(refused.keys().cloned());
        self.refused.extend(refused);
        sound
    }

    /// Edits without the deletions of files that were moved to where the server does not accept them, which are reported.
    pub(super) fn without_half_moves(&mut self, edits: Vec<Edit>) -> Result<Vec<Edit>, SyncError> {
        let unsound = unsound(&edits, &self.scan);
        let untaken = self.remember_untaken(&edits, &unsound)?;
        let files = &self.scan.files;
        let (edits, moved) = half_moves(edits, files, &self.refused, &untaken, unsound);
        self.refused.extend(moved);
        Ok(edits)
    }

    /// Remembers which files here the server does not take.
    fn remember_untaken(
        &mut self,
        edits: &[Edit],
        unsound: &BTreeMap<String, String>,
    ) -> Result<AllUntaken, SyncError> {
        let mut untaken = self.state.untaken()?;
        let (scan, entries) = (&self.scan, &self.state.entries);
        add_untaken(&mut untaken, &self.untakable, edits, scan, entries, unsound);
        for (path, said) in &self.said {
            if let Some(file) = untaken.get_mut(path) {
                file.said = Some(said.clone());
            }
        }
        self.state.set_untaken(&untaken)?;
        Ok(untaken)
    }

    /// Leaves what the server does not take of these edits, or sends less at once. Fails when neither helps.
    pub(super) fn leave(&mut self, edits: &[Edit], error: RemoteError) -> Result<(), SyncError> {
        self.note_said(edits, &error);
        let paths = match &error {
            RemoteError::TooLarge {
                path: None,
                sentence,
            } => return self.make_smaller(edits, sentence.clone()),
            RemoteError::TooLarge {
                path: Some(path), ..
            }
            | RemoteError::Refused {
                path: Some(path), ..
            } => named(edits, path),
            RemoteError::Refused { code, .. } => self.not_taken(edits, code),
            _ => Vec::new(),
        };
        if paths.is_empty() {
            return Err(error.into());
        }
        let sentence = error.to_string();
        let refused = paths.into_iter().map(|path| (path, sentence.clone()));
        self.refused.extend(refused);
        Ok(())
    }

    /// Remembers what the server says of one file.
    fn note_said(&mut self, edits: &[Edit], error: &RemoteError) {
        let (RemoteError::TooLarge {
            path: Some(path), ..
        }
        | RemoteError::Refused {
            path: Some(path), ..
        }) = error
        else {
            return;
        };
        if let Some(edit) = edits.iter().find(|edit| edit.path == *path) {
            self.untakable.insert(edit.path.clone());
            let said = Said {
                checksum: edit.checksum.clone(),
                reason: error.to_string(),
            };
            self.said.insert(edit.path.clone(), said);
        }
    }

    /// What a server does not take that answers this code, and names no file.
    fn not_taken(&self, edits: &[Edit], code: &str) -> Vec<String> {
        let (puts, deletions): (Vec<&Edit>, Vec<&Edit>) =
            edits.iter().partition(|edit| edit.size.is_some());
        let edits = match code {
            // The key may delete nothing, and perhaps store nothing either.
            "scope" if !deletions.is_empty() => deletions,
            "scope" => puts,
            // Half of the new files may have room, or a half of that half.
            "project_full" => {
                let old: HashSet<&str> = deletions.iter().map(|edit| &*edit.checksum).collect();
                let is_moved = |edit: &&Edit| old.contains(&*edit.checksum);
                let new = puts.into_iter().filter(|edit| self.is_new(edit));
                let new: Vec<&Edit> = new.filter(|edit| !is_moved(edit)).collect();
                new[new.len() / 2..].to_vec()
            }
            _ => Vec::new(),
        };
        edits.iter().map(|edit| edit.path.clone()).collect()
    }

    /// Whether the server has no such file.
    fn is_new(&self, edit: &Edit) -> bool {
        let entry = self.state.entries.get(&edit.path);
        entry.is_none_or(|entry| entry.checksum.is_none())
    }

    /// Tells of the edits that are still to go up when a round ends: their files were changed on either side
    /// as often as it tried.
    pub(super) fn tell_what_is_left(&mut self) -> Result<(), SyncError> {
        self.remember_untaken(&[], &BTreeMap::new())?;
        let reason = "it did not go up, since it was being changed: the next round tries again";
        let edits = self.edits().into_iter();
        self.refused
            .extend(edits.map(|edit| (edit.path, reason.to_owned())));
        Ok(())
    }

    /// Takes what the server has instead of what these edits started from.
    pub(super) fn conflicts(
        &mut self,
        edits: &[Edit],
        conflicts: Vec<Conflict>,
    ) -> Result<(), SyncError> {
        let sent: HashSet<&str> = edits.iter().map(|edit| &*edit.path).collect();
        let (known, unknown): (Vec<Conflict>, Vec<Conflict>) = conflicts
            .into_iter()
            // A path that was not sent may lead anywhere.
            .filter(|conflict| sent.contains(&*conflict.path))
            .partition(|conflict| conflict.current.is_some());
        let changes = known.into_iter().filter_map(|conflict| conflict.current);
        let is_lost = |change: &Change| {
            let entry = self.state.entries.get(&change.path);
            entry.is_some_and(|entry| entry.rev > change.rev)
        };
        let (lost, newer): (Vec<Change>, Vec<Change>) = changes.partition(is_lost);
        // Of what was synced, the server has lost all versions.
        let is_synced = |path: &String| {
            let entry = self.state.entries.get(path);
            entry.is_some_and(|entry| entry.rev > 0)
        };
        let unknown = unknown.into_iter().map(|conflict| conflict.path);
        let (synced, unknown): (Vec<String>, Vec<String>) = unknown.partition(is_synced);
        let mut updates: Vec<Update> = unknown.into_iter().map(Update::Forget).collect();
        let (puts, deletions): (Vec<Change>, Vec<Change>) = newer
            .into_iter()
            .partition(|change| change.checksum.is_some());
        updates.extend(self.take(puts, &Self::decide)?);
        self.remember(&updates)?;
        let updates = self.take_deletions(deletions, &HashSet::new(), &Self::decide)?;
        self.remember(&updates)?;
        // A rev goes back or is unknown only where the server has another history than before.
        if lost.is_empty() && synced.is_empty() {
            Ok(())
        } else {
            self.state.set_cursor(None)
        }
    }

    /// A proxy before the server takes less than the server says.
    pub(super) fn make_smaller(
        &mut self,
        edits: &[Edit],
        sentence: String,
    ) -> Result<(), SyncError> {
        let puts: Vec<&Edit> = edits.iter().filter(|edit| edit.size.is_some()).collect();
        match puts[..] {
            [] => Err(RemoteError::TooLarge {
                path: None,
                sentence,
            }
            .into()),
            [edit] => {
                let reason = "it is too large, with its name, to be uploaded in one request";
                self.refused.insert(edit.path.clone(), reason.to_owned());
                Ok(())
            }
            _ => {
                let bytes: u64 = edits.iter().filter_map(|edit| edit.size).sum();
                self.max_body = Some((bytes * 4 / 3 / 2).max(MIN_BODY).min(self.smaller()));
                Ok(())
            }
        }
    }

    fn smaller(&self) -> u64 {
        self.max_body.map_or(u64::MAX, |max| max / 2)
    }
}

/// The path, if it is one of these: a server may name any.
fn named(edits: &[Edit], path: &str) -> Vec<String> {
    let mut edits = edits.iter();
    let named = edits.find(|edit| edit.path == path);
    named.map(|edit| edit.path.clone()).into_iter().collect()
}
