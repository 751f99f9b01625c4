//! Two edits of one file: merged where they can be, or both kept.

use super::Round;
use super::listing::versions_since;
use super::steps::{Kind, Step, Steps, based_on, pending};
use crate::apply::{Old, Outcome, Write, write_all};
use crate::checksum::checksum;
use crate::conflict::copy_path;
use crate::error::SyncError;
use crate::merge::merge;
use crate::names::MAX_PATH;
use crate::plan::is_own;
use crate::remote::{Change, Rev, Version};
use crate::report::ConflictCopy;
use crate::scan::{Content, read_again};
use crate::state::Entry;

/// How two edits come together.
enum Joined {
    /// One text has both.
    Merged(Vec<u8>),
    /// The server's; that of this device is where this says, or in a copy.
    Theirs(Old),
    /// Not at all.
    Nowhere,
}

/// What the edit here started from.
enum Base {
    Version(Rev, String),
    /// One that the server has lost: it has what was here before.
    Lost,
    Unknown,
}

impl Round<'_> {
    /// Decides how the server's edit and the one here come together.
    pub(super) fn add_merge(
        &mut self,
        steps: &mut Steps,
        mut change: Change,
    ) -> Result<(), SyncError> {
        let theirs = match self.content(&mut change)? {
            Ok(theirs) => theirs,
            Err(reason) => {
                steps.updates.push(pending(change, &reason));
                return Ok(());
            }
        };
        let Some(ours) = self.ours(&change.path) else {
            steps.again.push(self.look_again(change, Some(theirs)));
            return Ok(());
        };
        let (content, old, kind) = match self.joined(&change, &ours, &theirs)? {
            Joined::Merged(text) if text == ours.bytes => {
                steps.updates.push(based_on(change));
                return Ok(());
            }
            Joined::Merged(text) => (text, Old::Trash, Kind::Merged),
            Joined::Theirs(old) => (theirs, old, Kind::Downloaded),
            Joined::Nowhere => {
                let reason = no_place(&change.path, self.options.device);
                steps.updates.push(pending(change, reason));
                return Ok(());
            }
        };
        steps.writes.push(Step {
            change,
            content,
            old,
            kind,
        });
        Ok(())
    }

    fn joined(
        &mut self,
        change: &Change,
        ours: &Content,
        theirs: &[u8],
    ) -> Result<Joined, SyncError> {
        let entry = self.state.entries.get(&change.path);
        let mut same = versions_since(self.remote, &change.path, entry, &ours.local.checksum)?;
        same.retain(|version| version.available);
        // A round that was killed before it could remember has written it, with its time.
        let is_taken = |version: &Version| version.modified == ours.local.modified;
        if same.iter().any(is_taken) {
            return Ok(Joined::Theirs(Old::Trash));
        }
        if let Some(merged) = self.merged(change, &ours.bytes, theirs)? {
            return Ok(Joined::Merged(merged));
        }
        // The CLI may have taken it; of an edit, the history has the text.
        if !same.is_empty() {
            return Ok(Joined::Theirs(Old::Trash));
        }
        Ok(if self.keep_copy(&change.path, &change.path, ours)? {
            Joined::Theirs(Old::Known)
        } else {
            Joined::Nowhere
        })
    }

    /// The file here, when it is still the one that was looked at.
    fn ours(&self, path: &str) -> Option<Content> {
        let content = read_again(&self.folder.place(path), self.disk.now);
        let expected = self.scan.checksum(path);
        content.filter(|content| Some(&*content.local.checksum) == expected)
    }

    /// Both edits in one text, when the version that they started from is known and they do not clash.
    fn merged(
        &self,
        change: &Change,
        ours: &[u8],
        theirs: &[u8],
    ) -> Result<Option<Vec<u8>>, SyncError> {
        let (rev, expected) = match self.base(change)? {
            Base::Version(rev, checksum) => (rev, checksum),
            Base::Lost => return Ok(Some(ours.to_vec())),
            Base::Unknown => return Ok(None),
        };
        let content = self.remote.content(&change.path, rev)?;
        let content = content.filter(|content| checksum(content) == expected);
        Ok(content.and_then(|base| merge(&base, ours, theirs)))
    }

    /// Finds the version that the edit here started from, by its text where the server has none of its number any more.
    fn base(&self, change: &Change) -> Result<Base, SyncError> {
        let Some(entry) = self.state.entries.get(&change.path) else {
            return Ok(Base::Unknown);
        };
        if let Some(base) = self.sent_base(&change.path, entry)? {
            return Ok(base);
        }
        let Some(checksum) = &entry.checksum else {
            return Ok(Base::Unknown);
        };
        if entry.rev > 0 {
            return Ok(Base::Version(entry.rev, checksum.clone()));
        }
        let mut versions = self.remote.history(&change.path)?;
        versions.retain(|version| version.checksum.as_ref() == Some(checksum));
        let available = versions.iter().find(|version| version.available);
        Ok(match available {
            Some(version) => Base::Version(version.rev, checksum.clone()),
            None if versions.is_empty() && change.rev <= entry.previous => Base::Lost,
            None => Base::Unknown,
        })
    }

    /// What was sent last, where it was stored though no answer said so.
    fn sent_base(&self, path: &str, entry: &Entry) -> Result<Option<Base>, SyncError> {
        let Some(sent) = &entry.sent else {
            return Ok(None);
        };
        let versions = versions_since(self.remote, path, Some(entry), &sent.checksum)?;
        let stored = versions.into_iter().find(|version| {
            let change = version.change(path);
            version.available && is_own(Some(entry), &change, self.options.device)
        });
        Ok(stored.map(|version| Base::Version(version.rev, sent.checksum.clone())))
    }

    /// Writes the text of this device beside the file, from where it goes up as a file of its own. Who cannot read the
    /// file `like` cannot read it either.
    pub(super) fn keep_copy(
        &mut self,
        path: &str,
        like: &str,
        ours: &Content,
    ) -> Result<bool, SyncError> {
        for number in 1..100 {
            let copy = copy_path(path, self.options.device, ours.local.modified, number);
            let is_kept = self.is_copy(&copy, ours) || self.write_copy(like, &copy, ours)?;
            let is_local = !self.folder.selection.has_file(&copy);
            if is_local {
                // What is not selected does not go up.
                self.scan.files.remove(&copy);
            }
            if is_kept {
                let path = path.to_owned();
                self.report.conflicts.push(ConflictCopy {
                    path,
                    copy,
                    is_local,
                });
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a round that was killed has written the copy already.
    fn is_copy(&mut self, copy: &str, ours: &Content) -> bool {
        self.scan.again(self.folder, copy);
        self.scan.checksum(copy) == Some(&*ours.local.checksum)
    }

    fn write_copy(&mut self, like: &str, copy: &str, ours: &Content) -> Result<bool, SyncError> {
        let write = Write {
            path: copy,
            like,
            content: &ours.bytes,
            modified: ours.local.modified,
            expected: None,
            old: Old::Known,
        };
        let mut outcomes = write_all(&self.disk, &[write])?;
        let Some(Outcome::Done(Some(local))) = outcomes.pop() else {
            return Ok(false);
        };
        self.scan.files.insert(copy.to_owned(), local);
        Ok(true)
    }
}

/// Why the text of this device cannot be kept beside the file.
fn no_place(path: &str, device: &str) -> &'static str {
    if copy_path(path, device, 0, 1).len() > MAX_PATH {
        "its path is too long for a copy with the text of this device: move it to a shorter one"
    } else {
        "the text of this device has no place for a copy"
    }
}
