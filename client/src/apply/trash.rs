//! The trash: what remote changes removed, and all that may be the only copy of a text.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Disk;
use super::exchange::rename_to_free;
use super::flush;
use super::way::Obstacle;
use crate::dates;
use crate::names::file_of_leftover;

/// Moves a file into the trash, below today's date. Until the trash has it, it keeps its name.
pub(super) fn trash(disk: &Disk, place: &Path, path: &str) -> Result<(), Obstacle> {
    move_to(place, &wanted(disk, path), &disk.folder.trash())
}

/// Whether the trash can take a file, before anything is done with it.
pub(super) fn check(disk: &Disk, path: &str) -> Result<(), Obstacle> {
    ready(&wanted(disk, path), &disk.folder.trash()).map(drop)
}

fn wanted(disk: &Disk, path: &str) -> PathBuf {
    let today = disk.folder.trash().join(dates::day(disk.now));
    path.split('/').fold(today, |place, name| place.join(name))
}

/// Puts temporary files of a killed round into the trash, under the names of their files: they may be all that is left of a text. Returns
/// those that the trash does not take, each with the reason.
pub fn rescue(disk: &Disk, leftovers: &[String]) -> Vec<(String, String)> {
    let rescue = |path: &String| {
        let place = disk.folder.place(path);
        let refusal = trash(disk, &place, &file_of_leftover(path)).err()?;
        let is_there = place.symlink_metadata().is_ok();
        is_there.then(|| (path.clone(), refusal.to_string()))
    };
    leftovers.iter().filter_map(rescue).collect()
}

/// Moves a file to the first free name like the wanted one, below this folder of the program.
pub(super) fn move_to(place: &Path, wanted: &Path, folder: &Path) -> Result<(), Obstacle> {
    let target = ready(wanted, folder)?;
    move_to_free(place, &target).map_err(|error| match error.kind() {
        // It is the folder of the file then.
        ErrorKind::PermissionDenied if cfg!(unix) => error.into(),
        _ => refusal(folder, &error),
    })
}

/// The name that is wanted, in a folder that is there and may be written.
pub(super) fn ready(wanted: &Path, folder: &Path) -> Result<PathBuf, Obstacle> {
    try_ready(wanted).map_err(|error| refusal(folder, &error))
}

/// Why a folder of this program takes no file, and what to do.
fn refusal(folder: &Path, error: &io::Error) -> Obstacle {
    let folder = folder.display();
    Obstacle::Reason(match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "there is no permission to write in {folder}: give it, with all in it, to your user"
        ),
        _ => format!("{folder} cannot take what is here now: {error}"),
    })
}

fn try_ready(wanted: &Path) -> io::Result<PathBuf> {
    let folder = wanted.parent().unwrap_or(wanted);
    if std::fs::create_dir_all(folder).is_ok() {
        return may_write(folder).map(|()| wanted.to_owned());
    }
    // A file of the same name as a folder may be there from before.
    let top = folder.ancestors().find(|above| above.is_dir());
    let top = top.unwrap_or(folder);
    may_write(top)?;
    Ok(top.join(wanted.file_name().unwrap_or(OsStr::new("file"))))
}

#[cfg(unix)]
fn may_write(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// It is known when it is tried.
#[cfg(not(unix))]
fn may_write(_: &Path) -> io::Result<()> {
    Ok(())
}

fn move_to_free(place: &Path, wanted: &Path) -> io::Result<()> {
    for number in 1.. {
        let target = numbered(wanted, number);
        match rename_to_free(place, &target) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                return copy_to_free(place, &target);
            }
            result => return result,
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// What is left of a name that gets a number, in characters: whatever the length of the name, this fits. It tells one
/// checksum from every other.
pub(super) const KEPT_OF_NAME: usize = 48;

fn numbered(wanted: &Path, number: u32) -> PathBuf {
    match (number, wanted.file_name()) {
        (2.., Some(name)) => {
            let name = name.to_string_lossy();
            let start: String = name.chars().take(KEPT_OF_NAME).collect();
            wanted.with_file_name(format!("{start} ({number})"))
        }
        _ => wanted.to_owned(),
    }
}

/// To another file system.
fn copy_to_free(place: &Path, target: &Path) -> io::Result<()> {
    let mut copy = File::options().write(true).create_new(true).open(target)?;
    match copy_into(place, &mut copy) {
        // Half a text is in nobody's trash.
        Err(error) => std::fs::remove_file(target).and(Err(error)),
        // Until then, the file itself is all there is after a power cut.
        Ok(()) => flush::folders(&[target.to_owned()]).and_then(|()| std::fs::remove_file(place)),
    }
}

fn copy_into(place: &Path, copy: &mut File) -> io::Result<()> {
    let mut file = File::open(place)?;
    copy.set_permissions(file.metadata()?.permissions())?;
    io::copy(&mut file, copy)?;
    copy.sync_all()
}
