//! The questions that were asked about files that are gone: an answer is for these, and for no others.

use std::collections::BTreeSet;

use super::{Side, State};
use crate::checksum::checksum;
use crate::error::SyncError;

const NAME: &str = "asked";

/// What a question was about: on which side, why, and which files.
pub fn subject(side: Side, reason: &str, paths: &[&str]) -> String {
    let paths: BTreeSet<&str> = paths.iter().copied().collect();
    let paths = paths.into_iter().collect::<Vec<_>>().join("\n");
    let files = checksum(paths.as_bytes());
    format!("{} {files} {}", side.word(), reason.replace('\n', " "))
}

impl State {
    /// The subjects of the questions that no complete round has followed yet.
    pub fn asked(&self) -> Result<BTreeSet<String>, SyncError> {
        let asked = self.meta(NAME)?.unwrap_or_default();
        Ok(asked.lines().map(str::to_owned).collect())
    }

    /// Remembers a question.
    pub fn add_asked(&mut self, subject: &str) -> Result<(), SyncError> {
        let mut asked = self.asked()?;
        asked.insert(subject.to_owned());
        let asked: Vec<String> = asked.into_iter().collect();
        self.set_meta(NAME, &asked.join("\n"))
    }

    /// Nothing is open any more.
    pub fn forget_asked(&mut self) -> Result<(), SyncError> {
        if self.asked()?.is_empty() {
            Ok(())
        } else {
            self.set_meta(NAME, "")
        }
    }
}
