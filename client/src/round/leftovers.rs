//! What a round that was killed has left. A text that somebody saved in that moment, and that is nowhere else, is kept
//! beside its file.

use super::Round;
use crate::apply::rescue;
use crate::error::SyncError;
use crate::names::file_of_leftover;
use crate::scan::{Content, read_again};

impl Round<'_> {
    /// Keeps what nobody knows beside its file, and moves all to the trash.
    pub(super) fn rescue_leftovers(&mut self) -> Result<(), SyncError> {
        for leftover in self.scan.leftovers.clone() {
            let file = file_of_leftover(&leftover);
            if let Some(text) = self.unknown_text(&leftover, &file)? {
                self.keep_copy(&file, &leftover, &text)?;
            }
        }
        let refused = rescue(&self.disk, &self.scan.leftovers);
        self.scan.odd.extend(refused);
        Ok(())
    }

    /// What is in a leftover, when neither its file nor the server has it.
    fn unknown_text(&self, leftover: &str, file: &str) -> Result<Option<Content>, SyncError> {
        let entry = self.state.entries.get(file);
        let before = entry.and_then(|entry| entry.checksum.as_deref());
        let here = self.scan.checksum(file);
        // While the file is as it was, the leftover is what was to be put into its place.
        if before.is_none() || here == before {
            return Ok(None);
        }
        let text = read_again(&self.folder.place(leftover), self.disk.now);
        let is_other = |text: &Content| {
            let checksum = Some(&*text.local.checksum);
            !text.bytes.is_empty() && checksum != before && checksum != here
        };
        let Some(text) = text.filter(is_other) else {
            return Ok(None);
        };
        let checksum = Some(&text.local.checksum);
        let mut versions = self.remote.history(file)?.into_iter();
        let is_stored = versions.any(|version| version.checksum.as_ref() == checksum);
        Ok(Some(text).filter(|_| !is_stored))
    }
}
