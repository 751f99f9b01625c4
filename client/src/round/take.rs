//! Puts changes of the server on the disk: decides what is to be done.

use super::steps::{Kind, Steps, based_on, pending, recorded};
use super::{Round, TRIES};
use crate::error::SyncError;
use crate::plan::{Decision, decide, is_own};
use crate::remote::Change;
use crate::state::Update;

/// How a change is judged.
pub(super) type Judge<'j, 'a> = &'j dyn Fn(&Round<'a>, &Change) -> Decision;

impl<'a> Round<'a> {
    /// Decides by what both sides had when they were last in sync.
    pub(super) fn decide(&self, change: &Change) -> Decision {
        let entry = self.state.entries.get(&change.path);
        let local = self.scan.checksum(&change.path);
        let version = (change.rev, change.checksum.as_deref());
        let is_own = is_own(entry, change, self.options.device);
        match decide(entry, local, version, is_own) {
            Decision::Keep if self.is_unedited(&change.path) => Decision::Remove,
            decision => decision,
        }
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
            self.find_unedited(&changes)?;
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
            Decision::Record => {
                let local = self.scan.files.get(&change.path);
                steps.updates.push(recorded(change, local));
            }
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
}
