//! What was taken away: the trash, and files that were replaced a moment ago.
//!
//! A replaced file is in the history of the server. It is kept for an hour nevertheless, since a program
//! that had it open may still write into it; then that text goes to the trash.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Disk;
use super::exchange::rename_to_free;
use crate::checksum::checksum;
use crate::dates;

/// Days that the trash keeps a file.
const DAYS: u32 = 30;

/// How long a replaced file may still be written by the program that has it open.
const OPEN: Duration = Duration::from_secs(60 * 60);

/// Moves a file into the trash, below today's date.
pub(super) fn trash(disk: &Disk, place: &Path, path: &str) -> io::Result<PathBuf> {
    let today = disk.folder.trash().join(dates::day(SystemTime::now()));
    let wanted = path.split('/').fold(today, |place, name| place.join(name));
    move_to(place, &wanted)
}

/// Keeps a replaced file for an hour.
pub(super) fn replaced(disk: &Disk, place: &Path, checksum: &str) -> io::Result<()> {
    move_to(place, &folder(disk).join(checksum)).map(drop)
}

fn folder(disk: &Disk) -> PathBuf {
    disk.folder.memory().join("replaced")
}

/// Moves a file to the first free name like the wanted one.
fn move_to(place: &Path, wanted: &Path) -> io::Result<PathBuf> {
    if let Some(folder) = wanted.parent() {
        // A file of the same name as a folder may be there from before.
        if std::fs::create_dir_all(folder).is_err() {
            let flat = wanted.file_name().unwrap_or(OsStr::new("file"));
            let top = folder.ancestors().find(|above| above.is_dir());
            return move_to_free(place, &top.unwrap_or(folder).join(flat));
        }
    }
    move_to_free(place, wanted)
}

fn move_to_free(place: &Path, wanted: &Path) -> io::Result<PathBuf> {
    for number in 1.. {
        let target = numbered(wanted, number);
        match rename_to_free(place, &target) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                return copy_to_free(place, &target).map(|()| target);
            }
            result => return result.map(|()| target),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn numbered(wanted: &Path, number: u32) -> PathBuf {
    match (number, wanted.file_name()) {
        (2.., Some(name)) => {
            let name = name.to_string_lossy();
            // Whatever the length of the name, this one fits.
            let start: String = name.chars().take(48).collect();
            wanted.with_file_name(format!("{start} ({number})"))
        }
        _ => wanted.to_owned(),
    }
}

/// To another file system.
fn copy_to_free(place: &Path, target: &Path) -> io::Result<()> {
    let mut copy = File::options().write(true).create_new(true).open(target)?;
    io::copy(&mut File::open(place)?, &mut copy)?;
    copy.sync_all()?;
    std::fs::remove_file(place)
}

/// Forgets what was kept long enough.
pub(super) fn sweep(disk: &Disk) -> io::Result<()> {
    for entry in entries(&folder(disk))? {
        sweep_replaced(disk, &entry)?;
    }
    let oldest = dates::day_before(disk.now, DAYS);
    for day in entries(&disk.folder.trash())? {
        let name = day.file_name().unwrap_or_default();
        if *name.to_string_lossy() < *oldest {
            std::fs::remove_dir_all(&day)?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match folder.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

fn sweep_replaced(disk: &Disk, place: &Path) -> io::Result<()> {
    let metadata = place.symlink_metadata()?;
    if age(&metadata, disk.now) < OPEN {
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
