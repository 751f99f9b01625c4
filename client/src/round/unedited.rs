//! Texts here that the server has had since the last round: they were sent or taken, and a round was cut off before it could
//! remember that. Nobody has edited them here.

use super::Round;
use super::listing::versions_since;
use crate::error::SyncError;
use crate::plan::Decision;
use crate::remote::Change;

impl Round<'_> {
    /// Finds out which files that were deleted elsewhere seem to be edited here, and are not.
    pub(super) fn find_unedited(&mut self, changes: &[Change]) -> Result<(), SyncError> {
        for change in changes {
            let path = &change.path;
            let Some(checksum) = self.scan.checksum(path).map(str::to_owned) else {
                continue;
            };
            let is_known = self
                .unedited
                .get(path)
                .is_some_and(|(known, _)| *known == checksum);
            if is_known || self.decide(change) != Decision::Keep {
                continue;
            }
            let entry = self.state.entries.get(path);
            let versions = versions_since(self.remote, path, entry, &checksum)?;
            let found = (checksum, !versions.is_empty());
            self.unedited.insert(path.clone(), found);
        }
        Ok(())
    }

    /// It goes up as an edit does.
    pub(super) fn keep_unedited(&mut self, path: &str) {
        if let Some((_, is_unedited)) = self.unedited.get_mut(path) {
            *is_unedited = false;
        }
    }

    /// Whether that was found out of the file that is here.
    pub(super) fn is_unedited(&self, path: &str) -> bool {
        let found = self.unedited.get(path);
        found.is_some_and(|(checksum, is_unedited)| {
            *is_unedited && self.scan.checksum(path) == Some(checksum)
        })
    }
}
