//! What was taken away and is kept for a time: the trash for 30 days with a round, and what was replaced for an hour.
//!
//! A replaced file is in the history of the server. But a program that had it open may still write into it;
//! then that text goes to the trash.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Disk;
use super::days::{day_of, past};
use super::trash::{KEPT_OF_NAME, move_to, ready, trash};
use super::way::Obstacle;
use crate::checksum::checksum;

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
    disk.folder.state_folder().join("replaced")
}

/// Forgets what was kept long enough. What cannot be removed stays, and ends no round.
pub fn sweep(disk: &Disk) {
    for place in entries(&folder(disk)) {
        _ = sweep_replaced(disk, &place);
    }
    let trash = disk.folder.trash();
    let days: Vec<String> = entries(&trash)
        .filter_map(|folder| day_of(&folder))
        .collect();
    for day in past(disk, &days) {
        _ = std::fs::remove_dir_all(trash.join(day));
    }
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
    // Its name was its checksum, and may have got a number.
    if name.starts_with(&checksum(&std::fs::read(place)?)[..KEPT_OF_NAME]) {
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
