//! What must be on the disk before something else is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// From so many files on, one flush of the whole file system is faster.
const MANY: usize = 24;

/// Writes these files to the disk.
pub(super) fn files(places: &[PathBuf]) -> io::Result<()> {
    match places {
        [first, ..] if places.len() >= MANY && file_system(first)? => Ok(()),
        places => places.iter().try_for_each(|place| file(place)),
    }
}

/// Writes the folders of these files to the disk, with the names in them.
pub(super) fn folders(places: &[PathBuf]) -> io::Result<()> {
    let folders: BTreeSet<&Path> = places.iter().filter_map(|place| place.parent()).collect();
    match folders.first() {
        Some(first) if folders.len() >= MANY && file_system(first)? => Ok(()),
        _ => folders.into_iter().try_for_each(folder),
    }
}

fn file(place: &Path) -> io::Result<()> {
    // Windows flushes only what is open for writing.
    let mut options = File::options();
    options
        .read(true)
        .write(cfg!(windows))
        .open(place)?
        .sync_all()
}

#[cfg(unix)]
fn folder(place: &Path) -> io::Result<()> {
    match File::open(place) {
        // It became empty and was removed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        folder => folder?.sync_all(),
    }
}

/// Windows has no way to flush a folder.
#[cfg(not(unix))]
fn folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether the whole file system was flushed.
#[cfg(target_os = "linux")]
fn file_system(place: &Path) -> io::Result<bool> {
    rustix::fs::syncfs(File::open(place)?)?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn file_system(_: &Path) -> io::Result<bool> {
    Ok(false)
}
