//! Changes the disk as it was decided, and sees what became of it.

use super::Round;
use super::steps::{Kind, Step, Steps, based_on, in_step, pending};
use crate::apply::{Outcome, Write, remove_all, write_all};
use crate::error::SyncError;
use crate::remote::Change;
use crate::state::Update;

impl Round<'_> {
    /// Changes the disk. Returns the changes that must be looked at again.
    pub(super) fn carry_out(
        &mut self,
        steps: Steps,
        updates: &mut Vec<Update>,
    ) -> Result<Vec<Change>, SyncError> {
        updates.extend(steps.updates);
        self.note_leaving(&steps.removals);
        let mut again = steps.again;
        let outcomes = self.write(&steps.writes)?;
        for (step, outcome) in steps.writes.into_iter().zip(outcomes) {
            again.extend(self.written(step, outcome, updates));
        }
        let outcomes = self.remove(&steps.removals)?;
        for (change, outcome) in steps.removals.into_iter().zip(outcomes) {
            again.extend(self.removed(change, outcome, updates));
        }
        Ok(again)
    }

    fn write(&self, steps: &[Step]) -> Result<Vec<Outcome>, SyncError> {
        let writes = steps.iter().map(|step| Write {
            path: &step.change.path,
            like: self.like(step),
            content: &step.content,
            modified: step.change.modified,
            expected: self.scan.checksum(&step.change.path),
            old: step.old,
        });
        let writes: Vec<Write> = writes.collect();
        write_all(&self.disk, &writes)
    }

    /// Nobody reads a renamed file who could not read it before.
    fn like<'s>(&'s self, step: &'s Step) -> &'s str {
        let path = &step.change.path;
        let is_new = !self.scan.files.contains_key(path);
        let content = step.change.checksum.as_ref().filter(|_| is_new);
        content
            .and_then(|content| self.leaving.get(content))
            .unwrap_or(path)
    }

    /// Remembers what is taken away, before it is.
    pub(super) fn note_leaving<'c>(&mut self, deletions: impl IntoIterator<Item = &'c Change>) {
        for deletion in deletions {
            if let Some(local) = self.scan.files.get(&deletion.path) {
                let path = deletion.path.clone();
                self.leaving.insert(local.checksum.clone(), path);
            }
        }
    }

    fn written(
        &mut self,
        step: Step,
        outcome: Outcome,
        updates: &mut Vec<Update>,
    ) -> Option<Change> {
        let path = step.change.path.clone();
        match outcome {
            Outcome::Changed => {
                let content = step.kind != Kind::Merged;
                return Some(self.look_again(step.change, content.then_some(step.content)));
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
        None
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
    ) -> Option<Change> {
        match outcome {
            Outcome::Changed => return Some(self.look_again(change, None)),
            Outcome::Blocked(reason) => updates.push(pending(change, &reason)),
            Outcome::Done(_) => {
                self.scan.files.remove(&change.path);
                self.report.deleted_here.insert(change.path.clone());
                updates.push(based_on(change));
            }
        }
        None
    }

    /// Somebody changed the file meanwhile.
    pub(super) fn look_again(&mut self, change: Change, content: Option<Vec<u8>>) -> Change {
        self.scan.again(self.folder, &change.path);
        Change { content, ..change }
    }
}
