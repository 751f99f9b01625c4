//! What was sent and may have been stored, though no answer said so.

use super::Round;
use crate::error::SyncError;
use crate::remote::{Push, Pushed, RemoteError};
use crate::state::{Entry, Sent, Update};

impl Round<'_> {
    /// When the answer is lost, the next round knows the server's version for its own.
    pub(super) fn remember_sent(&mut self, push: &Push) -> Result<(), SyncError> {
        let sent = push.puts.iter().map(|put| {
            let sent = Sent {
                checksum: put.checksum.clone(),
                modified: put.modified,
            };
            let entry = self.state.entries.get(&put.path).cloned();
            let entry = Entry {
                sent: Some(sent),
                ..entry.unwrap_or_default()
            };
            Update::Entry(put.path.clone(), entry)
        });
        let sent: Vec<Update> = sent.collect();
        self.remember(&sent)
    }

    /// Nothing of a push that the server has refused is there.
    pub(super) fn forget_refused(
        &mut self,
        push: &Push,
        answer: &Result<Pushed, RemoteError>,
    ) -> Result<(), SyncError> {
        if !answer.as_ref().is_err_and(is_refusal) {
            return Ok(());
        }
        let puts = push.puts.iter().filter_map(|put| {
            let entry = self.state.entries.get(&put.path)?;
            Some(forgotten(&put.path, entry))
        });
        let puts: Vec<Update> = puts.collect();
        self.remember(&puts)
    }

    /// All that the server has was looked at. What was sent and is not there never arrived, and is not to
    /// be treated as the same text of another device later.
    pub(super) fn forget_what_never_arrived(&mut self) -> Result<(), SyncError> {
        let pending = &self.state.pending;
        let entries = self.state.entries.iter();
        let entries =
            entries.filter(|(path, entry)| entry.sent.is_some() && !pending.contains_key(*path));
        let forgotten: Vec<Update> = entries
            .map(|(path, entry)| forgotten(path, entry))
            .collect();
        self.remember(&forgotten)
    }
}

/// Whether the server itself has answered, and has stored nothing.
fn is_refusal(error: &RemoteError) -> bool {
    match error {
        RemoteError::Offline(_) | RemoteError::Wait { .. } | RemoteError::Endless(_) => false,
        RemoteError::Gone | RemoteError::Deleted | RemoteError::TooLarge { .. } => true,
        RemoteError::Refused { status, .. } => (400..500).contains(status),
    }
}

fn forgotten(path: &str, entry: &Entry) -> Update {
    let is_new = *entry
        == Entry {
            sent: entry.sent.clone(),
            ..Entry::default()
        };
    if is_new {
        Update::Forget(path.to_owned())
    } else {
        let entry = Entry {
            sent: None,
            ..entry.clone()
        };
        Update::Entry(path.to_owned(), entry)
    }
}
