//! Whether others stored something while this device sent its edits.

use super::Round;
use crate::error::SyncError;
use crate::feed::Feed;
use crate::plan::Decision;

impl Round<'_> {
    /// Whether nobody else has stored anything since the last pull. The feed continues after the own pushes.
    pub(super) fn is_alone(&mut self) -> Result<bool, SyncError> {
        let Some(before) = self.state.cursor()? else {
            return Ok(false);
        };
        let cursor = self.own.skip(before);
        self.state.set_cursor(Some(&cursor))?;
        if self.own.is_empty() {
            return Ok(true);
        }
        for page in Feed::new(self.remote, &cursor, false) {
            let page = page?;
            let (puts, deletions) = self.selected(page.changes);
            let mut changes = puts.iter().chain(&deletions);
            if changes.any(|change| self.decide(change) != Decision::Known) {
                return Ok(false);
            }
            self.state.set_cursor(Some(&page.cursor))?;
        }
        Ok(true)
    }
}
