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
}

/// Rows for versions, newest first.
pub(super) fn rows(
    address: &str,
    versions: Vec<StoredVersion>,
    shown: Rev,
    newest: Rev,
) -> Vec<Row> {
    let is_kept: Vec<_> = versions
        .iter()
        .map(|stored| stored.content.is_some())
        .collect();
    let revs: Vec<_> = versions.iter().map(|stored| stored.version.rev).collect();
    let row = |(at, stored): (usize, StoredVersion)| {
        let version = stored.version;
        let rev = version.rev.to_string();
        let before = revs.get(at + 1).filter(|_| is_kept[at] && is_kept[at + 1]);
        let changes = before.map(|before| {
            Query(address, &[("rev", &rev), ("rev", &before.to_string())]).to_string()
        });
        Row {
            rev: version.rev,
            at: Time(version.rev),
            size: Size(version.size),
            is_deletion: version.is_deletion(),
            is_kept: is_kept[at],
            is_newest: version.rev == newest,
            is_shown: version.rev == shown,
            address: Query(address, &[("rev", &rev)]).to_string(),
            changes,
            device: version.device.map(Name::new),
        }
    };
    versions.into_iter().enumerate().map(row).collect()
}
