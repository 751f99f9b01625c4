//! Whether others stored something while this device sent its edits.

use super::Round;
use crate::error::SyncError;
use crate::plan::Decision;

impl Round<'_> {
    /// Whether nobody else has stored anything since the last pull. The feed goes on after the own pushes.
    pub(super) fn is_alone(&mut self) -> Result<bool, SyncError> {
        let Some(before) = self.state.cursor()? else {
            return Ok(false);
        };
        let mut cursor = self.own.skip(before);
        self.state.set_cursor(Some(&cursor))?;
        if self.own.is_empty() {
            return Ok(true);
        }
        loop {
            let page = self.remote.changes(&cursor, false)?;
            let (puts, deletions) = self.selected(page.changes);
            let mut changes = puts.iter().chain(&deletions);
            if changes.any(|change| self.decide(change) != Decision::Known) {
                return Ok(false);
            }
            cursor = page.cursor;
            self.state.set_cursor(Some(&cursor))?;
            if !page.has_more {
                return Ok(true);
            }
        }
    }
}
