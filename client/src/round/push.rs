//! Sends what was changed here.

use std::collections::HashMap;

use super::Round;
use super::take::based_on;
use crate::apply::is_absent;
use crate::error::{At, SyncError};
use crate::plan::{Decision, Edit, edits, parts};
use crate::remote::{Change, Conflict, Delete, Limits, Push, Pushed, Put, RemoteError, Rev};
use crate::report::Phase;
use crate::scan::{Local, read_again};
use crate::state::{Entry, Update};

/// A push with what is known of its files.
#[derive(Default)]
struct Part {
    push: Push,
    files: Vec<Local>,
}

impl Round<'_> {
    /// Sends all edits. False when the server had newer versions: they are taken now, and what is left of
    /// the edits has to be sent again.
    pub(super) fn push(&mut self) -> Result<bool, SyncError> {
        let edits = self.edits();
        if edits.is_empty() {
            return Ok(true);
        }
        let limits = self.remote.limits()?;
        let edits = self.acceptable(edits, &limits);
        let bytes = edits.iter().filter_map(|edit| edit.size).sum();
        let total = Some((edits.len() as u64, bytes));
        self.options.progress.begin(Phase::Upload, total);
        let max_body = self.max_body.unwrap_or(limits.max_body_size);
        for part in parts(edits, max_body) {
            if !self.push_part(&part)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What was edited, without files on which the server has something that is not here yet.
    fn edits(&self) -> Vec<Edit> {
        let edits = edits(&self.scan, &self.state.entries, &self.folder.selection).into_iter();
        let is_open = |edit: &Edit| {
            !self.state.pending.contains_key(&edit.path) && !self.refused.contains_key(&edit.path)
        };
        edits.filter(is_open).collect()
    }

    /// What the server takes by its limits; the rest is told.
    fn acceptable(&mut self, edits: Vec<Edit>, limits: &Limits) -> Vec<Edit> {
        let (sound, refused): (Vec<Edit>, Vec<Edit>) = edits
            .into_iter()
            .partition(|edit| fault(edit, limits).is_none());
        for edit in refused {
            let reason = fault(&edit, limits).unwrap_or_default();
            self.refused.insert(edit.path, reason);
        }
        sound
    }

    /// Sends some edits together. False when they have to be looked at again.
    fn push_part(&mut self, edits: &[Edit]) -> Result<bool, SyncError> {
        let part = self.part(edits)?;
        if part.push.puts.is_empty() && part.push.deletes.is_empty() {
            return Ok(true);
        }
        self.remember_sent(&part.push)?;
        match self.remote.push(&part.push) {
            Ok(Pushed::Stored(revs)) => self.stored(part, revs).map(|()| true),
            Ok(Pushed::Conflict(conflicts)) => self.conflicts(conflicts).map(|()| false),
            Err(RemoteError::TooLarge {
                path: None,
                sentence,
            }) => self.make_smaller(edits, sentence).map(|()| false),
            Err(RemoteError::TooLarge {
                path: Some(path),
                sentence,
            })
            | Err(RemoteError::Refused {
                path: Some(path),
                sentence,
                ..
            }) if edits.iter().any(|edit| edit.path == path) => {
                self.refused.insert(path, sentence);
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the files as they are now. What is no longer as it was looked at comes with another round.
    fn part(&mut self, edits: &[Edit]) -> Result<Part, SyncError> {
        let mut part = Part::default();
        for edit in edits {
            match edit.size {
                Some(_) => self.add_put(&mut part, edit)?,
                None if is_absent(&self.disk, &edit.path) => part.push.deletes.push(Delete {
                    path: edit.path.clone(),
                    base: edit.base,
                }),
                None => {}
            }
        }
        Ok(part)
    }

    fn add_put(&mut self, part: &mut Part, edit: &Edit) -> Result<(), SyncError> {
        let place = self.folder.place(&edit.path);
        if let Some(content) = read_again(&place, self.disk.now).at(&place)? {
            self.scan
                .files
                .insert(edit.path.clone(), content.local.clone());
            part.push.puts.push(Put {
                path: edit.path.clone(),
                base: edit.base,
                checksum: content.local.checksum.clone(),
                modified: content.local.modified,
                content: content.bytes,
            });
            part.files.push(content.local);
        }
        Ok(())
    }

    /// When the answer is lost, the next round knows the server's version for its own.
    fn remember_sent(&mut self, push: &Push) -> Result<(), SyncError> {
        let sent = push.puts.iter().map(|put| {
            let entry = self.state.entries.get(&put.path).cloned();
            let entry = Entry {
                sent: Some(put.checksum.clone()),
                ..entry.unwrap_or_default()
            };
            Update::Entry(put.path.clone(), entry)
        });
        let sent: Vec<Update> = sent.collect();
        self.remember(&sent)
    }

    fn stored(&mut self, part: Part, revs: Vec<(String, Option<Rev>)>) -> Result<(), SyncError> {
        let revs: HashMap<String, Rev> = revs
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

    /// Takes what the server has instead of what the edits started from.
    fn conflicts(&mut self, conflicts: Vec<Conflict>) -> Result<(), SyncError> {
        let (known, unknown): (Vec<Conflict>, Vec<Conflict>) = conflicts
            .into_iter()
            .partition(|conflict| conflict.current.is_some());
        let changes = known.into_iter().filter_map(|conflict| conflict.current);
        let lost = |round: &Self, change: &Change| {
            let entry = round.state.entries.get(&change.path);
            entry.is_some_and(|entry| entry.rev > change.rev)
        };
        // A rev goes back only where the server has lost versions.
        let (lost, newer): (Vec<Change>, Vec<Change>) =
            changes.partition(|change| lost(self, change));
        let mut updates: Vec<Update> = lost.into_iter().map(based_on).collect();
        let unknown = unknown.into_iter().map(|conflict| conflict.path);
        updates.extend(unknown.map(Update::Forget));
        updates.extend(self.take(newer, &Self::decide)?);
        self.remember(&updates)
    }

    /// A proxy before the server takes less than the server says.
    fn make_smaller(&mut self, edits: &[Edit], sentence: String) -> Result<(), SyncError> {
        let puts: Vec<&Edit> = edits.iter().filter(|edit| edit.size.is_some()).collect();
        match puts[..] {
            [] => Err(RemoteError::TooLarge {
                path: None,
                sentence,
            }
            .into()),
            [edit] => {
                self.refused.insert(edit.path.clone(), sentence);
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

    /// Whether nobody else has stored anything since the last pull. The feed goes on after the own push.
    pub(super) fn is_alone(&mut self) -> Result<bool, SyncError> {
        let Some(mut cursor) = self.state.cursor()? else {
            return Ok(false);
        };
        if self.report.uploaded.is_empty() && self.report.deleted_there.is_empty() {
            return Ok(true);
        }
        loop {
            let page = self.remote.changes(&cursor, false)?;
            let (puts, deletions) = self.selected(page.changes);
            let mut changes = puts.iter().chain(&deletions);
            if changes.any(|change| self.decide(change) != Decision::Known) {
                return Ok(false);
            }
            cursor = page.cursor;
            self.state.set_cursor(Some(&cursor))?;
            if !page.has_more {
                return Ok(true);
            }
        }
    }
}

/// Below this, a body is not made smaller.
const MIN_BODY: u64 = 16 << 10;

/// Why a server with these limits does not take an edit.
fn fault(edit: &Edit, limits: &Limits) -> Option<String> {
    let folder = edit.path.split('/').next().unwrap_or_default();
    let folders = &limits.sync_folders;
    if !folders.iter().any(|name| name == folder || name == "*") {
        return Some(format!("the server takes no files in '{folder}'"));
    }
    let most = limits.max_file_size;
    let is_large = edit.size.is_some_and(|size| size > most);
    is_large.then(|| format!("it is larger than the {most} bytes that the server takes"))
}
