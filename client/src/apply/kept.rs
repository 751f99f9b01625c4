//! What was taken away and is kept for a time: the trash for 30 days, and what was replaced for an hour.
//!
//! A replaced file is in the history of the server. But a program that had it open may still write into it;
//! then that text goes to the trash.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Disk;
use super::trash::{move_to, trash};
use crate::checksum::checksum;
use crate::dates;
use crate::error::{At, SyncError};

/// Days that the trash keeps a file.
const DAYS: u32 = 30;

/// How long a replaced file may still be written by the program that has it open.
const OPEN: Duration = Duration::from_secs(60 * 60);

/// Keeps a replaced file for an hour.
pub(super) fn replaced(disk: &Disk, place: &Path, checksum: &str) -> io::Result<()> {
    move_to(place, &folder(disk).join(checksum)).map(drop)
}

fn folder(disk: &Disk) -> PathBuf {
    disk.folder.memory().join("replaced")
}

/// Forgets what was kept long enough.
pub fn sweep(disk: &Disk) -> Result<(), SyncError> {
    try_sweep(disk).at(&disk.folder.memory())
}

fn try_sweep(disk: &Disk) -> io::Result<()> {
    for entry in entries(&folder(disk))? {
        sweep_replaced(disk, &entry)?;
    }
    let oldest = dates::day_before(disk.now, DAYS);
    for folder in entries(&disk.folder.trash())? {
        let is_past = day_of(&folder).is_some_and(|day| *day < *oldest);
        if is_past {
            std::fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

/// The day whose removed files a folder of the trash has. Finders put files of their own beside it.
fn day_of(folder: &Path) -> Option<&str> {
    let name = folder.file_name()?.to_str()?;
    let is_day = name.len() == dates::DAY_LENGTH
        && name
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    (is_day && folder.is_dir()).then_some(name)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match folder.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

fn sweep_replaced(disk: &Disk, place: &Path) -> io::Result<()> {
    let metadata = place.symlink_metadata()?;
    if !metadata.is_file() || age(&metadata, disk.now) < OPEN {
        return Ok(());
    }
    let name = place
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match name.starts_with(&checksum(&std::fs::read(place)?)[..48]) {
        true => std::fs::remove_file(place),
        false => trash(
            disk,
            place,
            &format!("written after it was replaced/{name}"),
        )
        .map(drop),
    }
}

/// Since it was moved here, or written.
#[cfg(unix)]
fn age(metadata: &std::fs::Metadata, now: SystemTime) -> Duration {
    use std::os::unix::fs::MetadataExt;
    let changed = Duration::from_secs(u64::try_from(metadata.ctime()).unwrap_or(0));
    let moved = SystemTime::UNIX_EPOCH + changed;
    now.duration_since(moved).unwrap_or_default()
}

#[cfg(not(unix))]
fn age(metadata: &std::fs::Metadata, now: SystemTime) -> Duration {
    let accessed = metadata.accessed().unwrap_or(now);
    now.duration_since(accessed).unwrap_or_default()
}
