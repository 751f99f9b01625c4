//! Gets the content of a change.

use super::Round;
use super::steps::{Kind, Step, Steps, pending};
use crate::apply::obstacle;
use crate::checksum::checksum;
use crate::error::SyncError;
use crate::remote::Change;

/// How often a content is asked for that arrives damaged.
const TRIES: u32 = 2;

impl Round<'_> {
    /// Writes the content of a change, when it can be had.
    pub(super) fn add_write(
        &self,
        steps: &mut Steps,
        mut change: Change,
        kind: Kind,
    ) -> Result<(), SyncError> {
        match self.content(&mut change)? {
            Ok(content) => steps.writes.push(Step {
                change,
                content,
                old: self.old,
                kind,
            }),
            Err(reason) => steps.updates.push(pending(change, &reason)),
        }
        Ok(())
    }

    /// The content of a change, or why it cannot be written. One that arrives damaged is asked for again, alone.
    pub(super) fn content(
        &self,
        change: &mut Change,
    ) -> Result<Result<Vec<u8>, String>, SyncError> {
        let content = change.content.take();
        let is_whole = |content: &Vec<u8>| Some(checksum(content)) == change.checksum;
        if let Some(content) = content.filter(is_whole) {
            return Ok(Ok(content));
        }
        for _ in 0..TRIES {
            match self.fetched(change)? {
                Ok(content) if !is_whole(&content) => {}
                content => return Ok(content),
            }
        }
        Ok(Err("its content arrives damaged".to_owned()))
    }

    fn fetched(&self, change: &Change) -> Result<Result<Vec<u8>, String>, SyncError> {
        if let Some(reason) = obstacle(&self.disk, &change.path)? {
            return Ok(Err(reason));
        }
        let content = self.remote.content(&change.path, change.rev)?;
        Ok(content.ok_or_else(|| "the server no longer has this version".to_owned()))
    }
}
