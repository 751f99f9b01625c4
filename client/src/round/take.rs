//! Puts changes of the server on the disk.

use super::{Round, TRIES};
use crate::apply::{Old, Outcome, Write, obstacle, remove_all, write_all};
use crate::error::SyncError;
use crate::plan::{Decision, decide};
use crate::remote::Change;
use crate::scan::Local;
use crate::state::{Entry, Pending, Update};

/// How a change is judged.
pub(super) type Judge<'j, 'a> = &'j dyn Fn(&Round<'a>, &Change) -> Decision;

/// What is to be done on the disk for some changes, and what to remember.
#[derive(Default)]
pub(super) struct Steps {
    pub writes: Vec<Step>,
    removals: Vec<Change>,
    pub updates: Vec<Update>,
    /// The disk has changed since it was looked at.
    pub again: Vec<Change>,
}

/// A file to write for a change.
pub(super) struct Step {
    pub change: Change,
    /// What is written: the content of the change, or a merge that then goes up.
    pub content: Vec<u8>,
    pub old: Old,
    pub kind: Kind,
}

/// What a written file is told as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Downloaded,
    Returned,
    Merged,
}

impl<'a> Round<'a> {
    /// Decides by what both sides had when they were last in step.
    pub(super) fn decide(&self, change: &Change) -> Decision {
        let entry = self.state.entries.get(&change.path);
        let local = self.scan.checksum(&change.path);
        decide(entry, local, (change.rev, change.checksum.as_deref()))
    }

    /// Takes changes, and returns what to remember of them. Each is on the disk then, or pending.
    pub(super) fn take(
        &mut self,
        changes: Vec<Change>,
        judge: Judge<'_, 'a>,
    ) -> Result<Vec<Update>, SyncError> {
        let (mut updates, mut changes) = (Vec::new(), changes);
        for attempt in 0..TRIES {
            // A file that was changed meanwhile is no longer what the server has judged.
            let judge: Judge<'_, 'a> = if attempt == 0 { judge } else { &Self::decide };
            let steps = self.steps(changes, judge)?;
            changes = self.carry_out(steps, &mut updates)?;
            if changes.is_empty() {
                return Ok(updates);
            }
        }
        let pending = |change| pending(change, "it is being changed here");
        updates.extend(changes.into_iter().map(pending));
        Ok(updates)
    }

    fn steps(&mut self, changes: Vec<Change>, judge: Judge<'_, 'a>) -> Result<Steps, SyncError> {
        let mut steps = Steps::default();
        for change in changes {
            match self.scan.oddity(&change.path).map(str::to_owned) {
                Some(reason) => steps.updates.push(pending(change, &reason)),
                None => {
                    let decision = judge(self, &change);
                    self.add_step(&mut steps, change, decision)?;
                }
            }
        }
        Ok(steps)
    }

    fn add_step(
        &mut self,
        steps: &mut Steps,
        change: Change,
        decision: Decision,
    ) -> Result<(), SyncError> {
        match decision {
            Decision::Known => steps.updates.extend(self.no_longer_pending(&change)),
            Decision::Record => steps.updates.push(self.recorded(change)),
            Decision::Write => self.add_write(steps, change, Kind::Downloaded)?,
            Decision::Return => self.add_write(steps, change, Kind::Returned)?,
            Decision::Merge => self.add_merge(steps, change)?,
            Decision::Remove => steps.removals.push(change),
            Decision::Keep => {
                self.report.kept.insert(change.path.clone());
                steps.updates.push(based_on(change));
            }
            Decision::Follow => steps.updates.push(based_on(change)),
        }
        Ok(())
    }

    /// A change that was pending and is overtaken.
    fn no_longer_pending(&self, change: &Change) -> Option<Update> {
        self.state.pending.get(&change.path)?;
        let entry = self.state.entries.get(&change.path)?;
        Some(Update::Entry(change.path.clone(), entry.clone()))
    }

    /// Both sides have the same.
    fn recorded(&self, change: Change) -> Update {
        let local = self.scan.files.get(&change.path);
        let stamp = local.map(|local| local.stamp.clone()).unwrap_or_default();
        let entry = Entry {
            stamp,
            ..Entry::of(change.rev, change.checksum)
        };
        Update::Entry(change.path, entry)
    }

    fn add_write(&self, steps: &mut Steps, change: Change, kind: Kind) -> Result<(), SyncError> {
        match self.content(&change)? {
            Ok(content) => steps.writes.push(Step {
                change: Change {
                    content: None,
                    ..change
                },
                content,
                old: self.old,
                kind,
            }),
            Err(reason) => steps.updates.push(pending(change, &reason)),
        }
        Ok(())
    }

    /// The content of a change, or why it cannot be written.
    pub(super) fn content(&self, change: &Change) -> Result<Result<Vec<u8>, String>, SyncError> {
        if let Some(content) = &change.content {
            return Ok(Ok(content.clone()));
        }
        if let Some(reason) = obstacle(&self.disk, &change.path)? {
            return Ok(Err(reason));
        }
        let content = self.remote.content(&change.path, change.rev)?;
        Ok(content.ok_or_else(|| "the server no longer has this version".to_owned()))
    }

    /// Changes the disk. Returns the changes that must be looked at again.
    fn carry_out(
        &mut self,
        steps: Steps,
        updates: &mut Vec<Update>,
    ) -> Result<Vec<Change>, SyncError> {
        updates.extend(steps.updates);
        let mut again = steps.again;
        let outcomes = self.write(&steps.writes)?;
        for (step, outcome) in steps.writes.into_iter().zip(outcomes) {
            again.extend(self.written(step, outcome, updates)?);
        }
        let outcomes = self.remove(&steps.removals)?;
        for (change, outcome) in steps.removals.into_iter().zip(outcomes) {
            again.extend(self.removed(change, outcome, updates)?);
        }
        Ok(again)
    }

    fn write(&self, steps: &[Step]) -> Result<Vec<Outcome>, SyncError> {
        let writes = steps.iter().map(|step| Write {
            path: &step.change.path,
            content: &step.content,
            modified: step.change.modified,
            expected: self.scan.checksum(&step.change.path),
            old: step.old,
        });
        let writes: Vec<Write> = writes.collect();
        write_all(&self.disk, &writes)
    }

    fn written(
        &mut self,
        step: Step,
        outcome: Outcome,
        updates: &mut Vec<Update>,
    ) -> Result<Option<Change>, SyncError> {
        let path = step.change.path.clone();
        match outcome {
            Outcome::Changed => {
                let content = step.kind != Kind::Merged;
                return self
                    .look_again(step.change, content.then_some(step.content))
                    .map(Some);
            }
            Outcome::Blocked(reason) => updates.push(pending(step.change, &reason)),
            Outcome::Done(None) => {}
            Outcome::Done(Some(local)) => {
                self.options.progress.advance(1, local.size);
                updates.push(in_step(step.change, &local));
                self.scan.files.insert(path.clone(), local);
                match step.kind {
                    Kind::Downloaded => self.report.downloaded.insert(path),
                    Kind::Returned => self.report.returned.insert(path),
                    Kind::Merged => self.report.merged.insert(path),
                };
            }
        }
        Ok(None)
    }

    fn remove(&self, changes: &[Change]) -> Result<Vec<Outcome>, SyncError> {
        let expected = |path: &str| self.scan.checksum(path).unwrap_or_default();
        let files = changes.iter().map(|change| &*change.path);
        let files: Vec<(&str, &str)> = files.map(|path| (path, expected(path))).collect();
        remove_all(&self.disk, &files)
    }

    fn removed(
        &mut self,
        change: Change,
        outcome: Outcome,
        updates: &mut Vec<Update>,
    ) -> Result<Option<Change>, SyncError> {
        match outcome {
            Outcome::Changed => return self.look_again(change, None).map(Some),
            Outcome::Blocked(reason) => updates.push(pending(change, &reason)),
            Outcome::Done(_) => {
                self.scan.files.remove(&change.path);
                self.report.deleted_here.insert(change.path.clone());
                updates.push(based_on(change));
            }
        }
        Ok(None)
    }

    /// Somebody changed the file meanwhile.
    pub(super) fn look_again(
        &mut self,
        change: Change,
        content: Option<Vec<u8>>,
    ) -> Result<Change, SyncError> {
        self.scan.again(self.folder, &change.path)?;
        Ok(Change { content, ..change })
    }
}

/// The file here has the content of the change, or a merge with it that is not yet on the server.
fn in_step(change: Change, local: &Local) -> Update {
    let is_same = change.checksum.as_ref() == Some(&local.checksum);
    let stamp = if is_same {
        local.stamp.clone()
    } else {
        String::new()
    };
    let entry = Entry {
        stamp,
        ..Entry::of(change.rev, change.checksum)
    };
    Update::Entry(change.path, entry)
}

/// What is here, a file or none, started from this version.
pub(super) fn based_on(change: Change) -> Update {
    Update::Entry(change.path, Entry::of(change.rev, change.checksum))
}

/// The change is not on this disk.
pub(super) fn pending(change: Change, reason: &str) -> Update {
    let pending = Pending {
        rev: change.rev,
        checksum: change.checksum,
        modified: change.modified,
        reason: reason.to_owned(),
    };
    Update::Pending(change.path, pending)
}
