//! Removes a file that was deleted elsewhere.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::exchange::rename_to_free;
use super::trash::trash;
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
    flush::folders(&places.collect::<Vec<_>>()).at(&disk.folder.memory())?;
    Ok(outcomes)
}

fn remove(disk: &Disk, path: &str, expected: &str) -> Result<Outcome, SyncError> {
    let place = disk.folder.place(path);
    match try_remove(disk, path, &place, expected).map_err(Obstacle::from) {
        Ok(outcome) => Ok(outcome),
        Err(Obstacle::Reason(reason)) => Ok(Outcome::Blocked(reason)),
        Err(Obstacle::Failure(error)) => Err(error).at(&place),
    }
}

fn try_remove(disk: &Disk, path: &str, place: &Path, expected: &str) -> io::Result<Outcome> {
    if !place.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return Ok(Outcome::Changed);
    }
    // Out of the way in one step, so that nobody writes it any more while it is looked at.
    let aside = temporary::free_name(place);
    match rename_to_free(place, &aside) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Outcome::Changed),
        moved => moved?,
    }
    if std::fs::read(&aside).is_ok_and(|bytes| checksum(&bytes) == expected) {
        trash(disk, &aside, path)?;
        remove_empty_folders(disk, path);
        return Ok(Outcome::Done(None));
    }
    // Another text was saved in the last moment: back with it, unless there is one more by now.
    match rename_to_free(&aside, place) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => _ = trash(disk, &aside, path)?,
        back => back?,
    }
    Ok(Outcome::Changed)
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
