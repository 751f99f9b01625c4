//! The disks that the folders were on, so that a file of one which is away is not treated as deleted.

use std::collections::BTreeMap;

use crate::error::SyncError;
use crate::scan::Scan;
use crate::state::State;

/// The file systems of the categories, and of the folders below that are on others.
pub(super) fn disks_now(scan: &Scan) -> BTreeMap<String, u64> {
    let all = scan.devices.iter().chain(&scan.mounts);
    all.map(|(folder, disk)| (folder.clone(), *disk)).collect()
}

/// Remembers the file systems of the folders. That of one which cannot be looked at now is the one of before.
pub(super) fn remember_disks(state: &mut State, scan: &Scan) -> Result<(), SyncError> {
    let mut disks = disks(state)?;
    disks.retain(|folder, _| scan.oddity(folder).is_some());
    disks.extend(disks_now(scan));
    state.set_meta("disks", &to_text(&disks))
}

pub(super) fn disks(state: &State) -> Result<BTreeMap<String, u64>, SyncError> {
    Ok(from_text(&state.meta("disks")?.unwrap_or_default()))
}

fn to_text(disks: &BTreeMap<String, u64>) -> String {
    let lines = disks
        .iter()
        .map(|(folder, disk)| format!("{disk} {folder}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn from_text(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (disk, folder) = line.split_once(' ')?;
        Some((folder.to_owned(), disk.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}
