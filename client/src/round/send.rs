//! Sends parts: each is read and on its way while the server still stores the one before.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use super::Round;
use super::part::Part;
use super::push::Sent;
use crate::error::SyncError;
use crate::plan::Edit;
use crate::remote::{Pushed, RemoteError};

/// A part that was sent, and its answer when it is there.
struct OnItsWay<'s, 'e> {
    edits: &'e [Edit],
    answer: ScopedJoinHandle<'s, (Part, Result<Pushed, RemoteError>)>,
}

impl Round<'_> {
    /// Sends parts, until one is not stored. If this fails, what became of a later part is not known, as when its answer is
    /// lost.
    pub(super) fn send(&mut self, parts: &[Vec<Edit>]) -> Result<Sent, SyncError> {
        let remote = self.remote;
        thread::scope(|scope| {
            let (mut before, mut sent) = (None, Sent::All);
            for edits in parts {
                if must_wait(before.as_ref(), edits) {
                    sent = sent.max(self.wait(before.take())?);
                }
                if sent != Sent::All {
                    break;
                }
                let part = self.part(edits);
                if part.is_empty() {
                    continue;
                }
                self.remember_sent(&part.push)?;
                let answer = scope.spawn(move || {
                    let answer = remote.push(&part.push);
                    (part, answer)
                });
                let this = OnItsWay { edits, answer };
                sent = self.wait(before.replace(this))?;
            }
            Ok(sent.max(self.wait(before)?))
        })
    }

    /// Waits for the answer.
    fn wait(&mut self, sent: Option<OnItsWay>) -> Result<Sent, SyncError> {
        let Some(OnItsWay { edits, answer }) = sent else {
            return Ok(Sent::All);
        };
        let (part, answer) = answer.join().unwrap_or_else(|panic| resume_unwind(panic));
        self.answered(edits, part, answer)
    }
}

/// A deletion may make room for files of later parts, and needs those of earlier ones to be stored.
fn must_wait(before: Option<&OnItsWay>, edits: &[Edit]) -> bool {
    let has_deletion = |edits: &[Edit]| edits.iter().any(|edit| edit.size.is_none());
    has_deletion(edits) || before.is_some_and(|before| has_deletion(before.edits))
}
