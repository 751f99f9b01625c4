//! The versions of a file, as rows of a table.

use crate::dashboard::format::{Name, Query, Size, Time};
use crate::domain::Rev;
use crate::store::StoredVersion;

/// A version in the list.
pub(super) struct Row {
    pub(super) rev: Rev,
    pub(super) at: Time,
    pub(super) device: Option<Name>,
    pub(super) size: Size,
    pub(super) is_deletion: bool,
    /// Whether its content is still kept.
    pub(super) is_kept: bool,
    pub(super) is_newest: bool,
    /// Whether it is the one that is shown.
    pub(super) is_shown: bool,
    /// Shows it.
    pub(super) address: String,
    /// Shows what it changed; none for the first one.
    pub(super) changes: Option<String>,
    /// Shows what has changed since; none where the newest one can be marked beside it.
    pub(super) since: Option<String>,
}

/// A list of versions.
pub(super) struct List<'a> {
    /// The page of the file.
    pub(super) address: &'a str,
    /// The version that is shown.
    pub(super) shown: Rev,
    pub(super) newest: &'a StoredVersion,
    /// Whether the newest one is on another page.
    pub(super) is_continued: bool,
}

impl List<'_> {
    /// Rows for so many versions, newest first. The one behind the last says what that one changed.
    pub(super) fn rows(&self, versions: &[StoredVersion], limit: usize) -> Vec<Row> {
        let before = versions.iter().skip(1).map(Some).chain([None]);
        let rows = versions.iter().zip(before).take(limit);
        rows.map(|(stored, before)| self.row(stored, before))
            .collect()
    }

    fn row(&self, stored: &StoredVersion, before: Option<&StoredVersion>) -> Row {
        let (version, is_kept) = (&stored.version, stored.content.is_some());
        let before = before.filter(|before| is_kept && before.content.is_some());
        let newest = Some(self.newest)
            .filter(|newest| self.is_continued && is_comparable(newest) && is_comparable(stored));
        Row {
            rev: version.rev,
            at: Time(version.rev),
            device: version.device.clone().map(Name::new),
            size: Size(version.size),
            is_deletion: version.is_deletion(),
            is_kept,
            is_newest: version.rev == self.newest.version.rev,
            is_shown: version.rev == self.shown,
            address: Query(self.address, &[("rev", &version.rev.to_string())]).to_string(),
            changes: before.map(|before| self.comparison(stored, before)),
            since: newest.map(|newest| self.comparison(newest, stored)),
        }
    }

    fn comparison(&self, new: &StoredVersion, old: &StoredVersion) -> String {
        let [new, old] = [new, old].map(|stored| stored.version.rev.to_string());
        Query(self.address, &[("rev", &new), ("rev", &old)]).to_string()
    }
}

/// Whether there is something to compare with; a deletion has nothing, which is something.
fn is_comparable(stored: &StoredVersion) -> bool {
    stored.content.is_some() || stored.version.is_deletion()
}
