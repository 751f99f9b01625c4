//! The trash: what remote changes removed, and all that may be the only copy of a text.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Disk;
use super::exchange::rename_to_free;
use crate::dates;
use crate::error::{At, SyncError};

/// Moves a file into the trash, below today's date.
pub(super) fn trash(disk: &Disk, place: &Path, path: &str) -> io::Result<PathBuf> {
    let today = disk.folder.trash().join(dates::day(disk.now));
    let wanted = path.split('/').fold(today, |place, name| place.join(name));
    move_to(place, &wanted)
}

/// Puts temporary files of a killed round into the trash: they may be all that is left of a text.
pub fn rescue(disk: &Disk, leftovers: &[String]) -> Result<(), SyncError> {
    for path in leftovers {
        let place = disk.folder.place(path);
        trash(disk, &place, path).at(&place)?;
    }
    Ok(())
}

/// Moves a file to the first free name like the wanted one.
pub(super) fn move_to(place: &Path, wanted: &Path) -> io::Result<PathBuf> {
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
    let mut file = File::open(place)?;
    let mut copy = File::options().write(true).create_new(true).open(target)?;
    copy.set_permissions(file.metadata()?.permissions())?;
    io::copy(&mut file, &mut copy)?;
    copy.sync_all()?;
    std::fs::remove_file(place)
}
