//! Gets the content of a change.

use super::Round;
use super::steps::{Kind, Step, Steps, pending};
use crate::apply::obstacle;
use crate::checksum::checksum;
use crate::error::SyncError;
use crate::remote::{Change, RemoteError};

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

    /// The content of a change, or why it cannot be written.
    pub(super) fn content(
        &self,
        change: &mut Change,
    ) -> Result<Result<Vec<u8>, String>, SyncError> {
        let content = match change.content.take() {
            Some(content) => content,
            None => match self.fetched(change)? {
                Ok(content) => content,
                Err(reason) => return Ok(Err(reason)),
            },
        };
        match Some(checksum(&content)) == change.checksum {
            true => Ok(Ok(content)),
            false => Err(damaged(&change.path).into()),
        }
    }

    fn fetched(&self, change: &Change) -> Result<Result<Vec<u8>, String>, SyncError> {
        if let Some(reason) = obstacle(&self.disk, &change.path)? {
            return Ok(Err(reason));
        }
        let content = self.remote.content(&change.path, change.rev)?;
        Ok(content.ok_or_else(|| "the server no longer has this version".to_owned()))
    }
}

/// What came is not what the server said; the next try may be better.
fn damaged(path: &str) -> RemoteError {
    RemoteError::Offline(format!("the content of {path} arrived damaged"))
}
