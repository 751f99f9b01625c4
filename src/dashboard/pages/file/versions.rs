//! The versions of a file, as rows of a table.

use super::found::Found;
use crate::api::Error;
use crate::dashboard::format::{Name, Query, Size, Time};
use crate::domain::{FilePath, Rev};
use crate::store::{Store, StoredVersion};

/// Versions of a page.
const LIMIT: u32 = 30;

/// A page of the list of versions.
pub(super) struct Versions {
    pub(super) rows: Vec<Row>,
    /// The address of the versions before these.
    pub(super) older: Option<String>,
    /// The address of the newest versions, where these are older.
    pub(super) newest: Option<String>,
}

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

impl Versions {
    /// Reads those before a rev, for the page of the file at `address`.
    pub(super) fn read(
        store: &Store,
        path: &FilePath,
        found: &Found,
        address: &str,
        before: Rev,
    ) -> Result<Self, Error> {
        // The one behind the last says what that one changed.
        let versions = store.versions(found.project.project.number, path, before, LIMIT + 1)?;
        let list = List {
            address,
            shown: found.shown().version.rev,
            newest: found.newest(),
            is_continued: before < Rev::MAX,
        };
        let rows = list.rows(&versions);
        let last = rows.last().filter(|_| versions.len() > LIMIT as usize);
        Ok(Self {
            older: last.map(|last| list_before(address, last.rev)),
            newest: list.is_continued.then(|| format!("{address}#versions")),
            rows,
        })
    }
}

/// The page with the versions before one.
fn list_before(address: &str, rev: Rev) -> String {
    Query(address, &[("before", &rev.to_string())]).to_string() + "#versions"
}

/// What the rows have in common.
struct List<'a> {
    /// The page of the file.
    address: &'a str,
    /// The version that is shown.
    shown: Rev,
    newest: &'a StoredVersion,
    /// Whether the newest one is on another page.
    is_continued: bool,
}

impl List<'_> {
    /// The rows of a page, newest first.
    fn rows(&self, versions: &[StoredVersion]) -> Vec<Row> {
        let before = versions.iter().skip(1).map(Some).chain([None]);
        let rows = versions.iter().zip(before).take(LIMIT as usize);
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
