//! What was taken away and is kept for a time: the trash for 30 days, and what was replaced for an hour.
//!
//! A replaced file is in the history of the server. But a program that had it open may still write into it;
//! then that text goes to the trash.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Disk;
use super::trash::{move_to, ready, trash};
use super::way::Obstacle;
use crate::checksum::checksum;
use crate::dates;

/// Days that the trash keeps a file.
const DAYS: u32 = 30;

/// How long a replaced file may still be written by the program that has it open.
const OPEN: Duration = Duration::from_secs(60 * 60);

/// Keeps a replaced file for an hour.
pub(super) fn replaced(disk: &Disk, place: &Path, checksum: &str) -> Result<(), Obstacle> {
    let folder = folder(disk);
    move_to(place, &folder.join(checksum), &folder)
}

/// Whether a replaced file can be kept, before it is replaced.
pub(super) fn check(disk: &Disk) -> Result<(), Obstacle> {
    let folder = folder(disk);
    ready(&folder.join("any"), &folder).map(drop)
}

fn folder(disk: &Disk) -> PathBuf {
    disk.folder.memory().join("replaced")
}

/// Forgets what was kept long enough. What cannot be removed stays, and ends no round.
pub fn sweep(disk: &Disk) {
    for place in entries(&folder(disk)) {
        _ = sweep_replaced(disk, &place);
    }
    let oldest = dates::day_before(disk.now, DAYS);
    let is_past = |folder: &PathBuf| day_of(folder).is_some_and(|day| *day < *oldest);
    for folder in entries(&disk.folder.trash()).filter(is_past) {
        _ = std::fs::remove_dir_all(folder);
    }
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

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

fn sweep_replaced(disk: &Disk, place: &Path) -> io::Result<()> {
    let metadata = place.symlink_metadata()?;
    if !metadata.is_file() || age(&metadata, disk.now) < OPEN {
        return Ok(());
    }
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(&checksum(&std::fs::read(place)?)[..48]) {
        return std::fs::remove_file(place);
    }
    // Where the trash does not take it, it stays.
    _ = trash(
        disk,
        place,
        &format!("written after it was replaced/{name}"),
    );
    Ok(())
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
