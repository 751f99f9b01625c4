//! Removes a file that was deleted elsewhere.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::exchange::rename_to_free;
use super::trash::{check, trash};
use super::way::Obstacle;
use super::{Disk, Outcome, flush, temporary};
use crate::checksum::checksum;
use crate::error::{At, SyncError};

/// Moves files into the trash, each a path and the content that it must have, and removes the folders
/// above them that become empty. The outcomes are in the same order.
pub fn remove_all(disk: &Disk, files: &[(&str, &str)]) -> Result<Vec<Outcome>, SyncError> {
    let outcomes = files
        .iter()
        .map(|(path, expected)| remove(disk, path, expected));
    let outcomes = outcomes.collect::<Result<_, _>>()?;
    let places = files.iter().map(|(path, _)| disk.folder.place(path));
    flush::folders(&places.collect::<Vec<_>>()).at(&disk.folder.state_folder())?;
    Ok(outcomes)
}

fn remove(disk: &Disk, path: &str, expected: &str) -> Result<Outcome, SyncError> {
    let place = disk.folder.place(path);
    let removed = try_remove(disk, path, &place, expected);
    removed.or_else(|obstacle| obstacle.reason(&place).map(Outcome::Blocked))
}

fn try_remove(disk: &Disk, path: &str, place: &Path, expected: &str) -> Result<Outcome, Obstacle> {
    if !place.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return Ok(Outcome::Changed);
    }
    check(disk, path)?;
    // Out of the way in one step, so that nobody writes it any more while it is looked at.
    let aside = temporary::free_name(place);
    match rename_to_free(place, &aside) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Outcome::Changed),
        moved => moved?,
    }
    let is_expected = std::fs::read(&aside).is_ok_and(|bytes| checksum(&bytes) == expected);
    if !is_expected {
        // Another text was saved in the last moment.
        put_back(disk, path, &aside, place)?;
        return Ok(Outcome::Changed);
    }
    if let Err(refusal) = trash(disk, &aside, path) {
        put_back(disk, path, &aside, place)?;
        return Err(refusal);
    }
    remove_empty_folders(disk, path);
    Ok(Outcome::Done(None))
}

/// Gives a file its name back, unless there is one more by now.
fn put_back(disk: &Disk, path: &str, aside: &Path, place: &Path) -> io::Result<()> {
    match rename_to_free(aside, place) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Where the trash does not take it, it stays beside, and the next round tries again.
            _ = trash(disk, aside, path);
            Ok(())
        }
        back => back,
    }
}

/// Up to the category, which stays.
fn remove_empty_folders(disk: &Disk, path: &str) {
    let ends = path.rmatch_indices('/').map(|(end, _)| end);
    let folders = ends
        .map(|end| &path[..end])
        .filter(|folder| folder.contains('/'));
    for folder in folders {
        // It fails where something is left.
        if std::fs::remove_dir(disk.folder.place(folder)).is_err() {
            return;
        }
    }
}
