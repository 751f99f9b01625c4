//! Sends what was changed here.

use std::collections::HashMap;

use super::Round;
use super::part::Part;
use crate::error::SyncError;
use crate::plan::{Edit, edits, parts};
use crate::remote::{Pushed, RemoteError, Rev, Stored};
use crate::report::Phase;
use crate::state::{Entry, Update};

/// What became of edits that were sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sent {
    All,
    /// The server does not take some of them, or not so many at once: the others are sent again.
    Refused,
    /// The server had newer versions, which are taken now.
    Conflict,
}

impl Round<'_> {
    /// Sends all edits. False when the server had newer versions: what is left of the edits has to be sent
    /// again.
    pub(super) fn push(&mut self) -> Result<bool, SyncError> {
        loop {
            match self.push_edits()? {
                Sent::All => return Ok(true),
                Sent::Conflict => return Ok(false),
                // Each time there are fewer edits or smaller parts.
                Sent::Refused => {}
            }
        }
    }

    fn push_edits(&mut self) -> Result<Sent, SyncError> {
        let edits = self.edits();
        if edits.is_empty() {
            return Ok(Sent::All);
        }
        let limits = self.remote.limits()?;
        let edits = self.acceptable(edits, &limits);
        let edits = self.without_half_moves(edits)?;
        let bytes = edits.iter().filter_map(|edit| edit.size).sum();
        let total = Some((edits.len() as u64, bytes));
        self.options.progress.begin(Phase::Upload, total);
        let max_body = self.max_body.unwrap_or(limits.max_body_size);
        self.send(&parts(edits, max_body))
    }

    /// What was edited, without files on which the server has something that is not here yet.
    pub(super) fn edits(&self) -> Vec<Edit> {
        let edits = edits(&self.scan, &self.state.entries, &self.folder.selection).into_iter();
        let is_open = |edit: &Edit| {
            !self.state.pending.contains_key(&edit.path)
                && !self.refused.contains_key(&edit.path)
                && !self.is_unedited(&edit.path)
        };
        edits.filter(is_open).collect()
    }

    /// What became of a part.
    pub(super) fn answered(
        &mut self,
        edits: &[Edit],
        part: Part,
        answer: Result<Pushed, RemoteError>,
    ) -> Result<Sent, SyncError> {
        self.forget_refused(&part.push, &answer)?;
        match answer {
            Ok(Pushed::Stored(stored)) => self.stored(part, stored).map(|()| Sent::All),
            Ok(Pushed::Conflict(conflicts)) => {
                self.conflicts(edits, conflicts).map(|()| Sent::Conflict)
            }
            Err(error) => self.leave(edits, error).map(|()| Sent::Refused),
        }
    }

    fn stored(&mut self, part: Part, stored: Stored) -> Result<(), SyncError> {
        self.own.add(stored.span);
        let revs: HashMap<String, Rev> = stored
            .revs
            .into_iter()
            .filter_map(|(path, rev)| Some((path, rev?)))
            .collect();
        let mut updates = Vec::new();
        for (put, local) in part.push.puts.into_iter().zip(part.files) {
            let Some(rev) = revs.get(&put.path) else {
                continue;
            };
            self.options.progress.advance(1, local.size);
            self.report.uploaded.insert(put.path.clone());
            let stamp = local.stamp;
            let entry = Entry {
                stamp,
                ..Entry::of(*rev, Some(put.checksum))
            };
            updates.push(Update::Entry(put.path, entry));
        }
        for delete in part.push.deletes {
            self.options.progress.advance(1, 0);
            self.report.deleted_there.insert(delete.path.clone());
            updates.push(match revs.get(&delete.path) {
                Some(rev) => Update::Entry(delete.path, Entry::of(*rev, None)),
                None => Update::Forget(delete.path),
            });
        }
        self.remember(&updates)
    }
}
