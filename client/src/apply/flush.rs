//! What must be on the disk before something else is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// From so many files on, one flush of their whole file system is faster.
const MANY: usize = 24;

/// Writes these files to the disk.
pub(super) fn files(places: &[PathBuf]) -> io::Result<()> {
    let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
    if places.len() >= MANY && file_systems(&places)? {
        Ok(())
    } else {
        places.into_iter().try_for_each(file)
    }
}

/// Writes the folders of these files to the disk, with the names in them.
pub(super) fn folders(places: &[PathBuf]) -> io::Result<()> {
    let folders: BTreeSet<&Path> = places.iter().filter_map(|place| folder_of(place)).collect();
    let folders: Vec<&Path> = folders.into_iter().collect();
    if folders.len() >= MANY && file_systems(&folders)? {
        Ok(())
    } else {
        folders.into_iter().try_for_each(folder)
    }
}

/// The folder of a file; one that became empty was removed, which the one above it shows.
fn folder_of(place: &Path) -> Option<&Path> {
    place.ancestors().skip(1).find(|above| above.is_dir())
}

/// Writes one file to the disk.
pub(super) fn file(place: &Path) -> io::Result<()> {
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
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        folder => folder?.sync_all(),
    }
}

/// Windows has no way to flush a folder.
#[cfg(not(unix))]
fn folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Flushes every file system that one of these is on, where there is a way to do that. A category may be on
/// another one than the others.
#[cfg(target_os = "linux")]
fn file_systems(places: &[&Path]) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let mut of_each = std::collections::BTreeMap::new();
    for place in places {
        of_each.insert(place.metadata()?.dev(), place);
    }
    for place in of_each.values() {
        rustix::fs::syncfs(File::open(place)?)?;
    }
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn file_systems(_: &[&Path]) -> io::Result<bool> {
    Ok(false)
}
