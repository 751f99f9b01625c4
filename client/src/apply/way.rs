//! Whether a path can be written here at all, and the folders above it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Disk;
use crate::error::{At, SyncError, is_held};
use crate::names;

/// Why something is not possible here: a reason that concerns this path alone, or a failure that
/// concerns everything.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    #[error("{0}")]
    Reason(String),
    #[error("{0}")]
    Failure(io::Error),
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                Self::Reason("a file is in the place of a folder".to_owned())
            }
            ErrorKind::IsADirectory => Self::Reason("a folder is in its place".to_owned()),
            ErrorKind::PermissionDenied => {
                Self::Reason("there is no permission to write it".to_owned())
            }
            ErrorKind::InvalidFilename | ErrorKind::InvalidInput => {
                Self::Reason("this disk cannot hold its name".to_owned())
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Self::Reason("its disk has no room for it".to_owned())
            }
            ErrorKind::FileTooLarge => {
                Self::Reason("its disk takes no files of this size".to_owned())
            }
            ErrorKind::ReadOnlyFilesystem => Self::Reason("its disk is read-only".to_owned()),
            _ if is_held(&error) => Self::Reason("another program has it open".to_owned()),
            _ => Self::Failure(error),
        }
    }
}

impl Obstacle {
    /// The reason, or the failure with the place that it is about.
    pub fn reason(self, place: &Path) -> Result<String, SyncError> {
        match self {
            Self::Reason(reason) => Ok(reason),
            Self::Failure(error) => Err(error).at(place),
        }
    }
}

/// Whether there is no file at a path. A folder is none, and one whose name differs in case is another.
pub fn is_absent(disk: &Disk, path: &str) -> bool {
    let place = disk.folder.place(path);
    match place.symlink_metadata() {
        Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        Ok(found) => found.is_dir() || disk.may_fold(path) && !is_listed(&place),
    }
}

/// Why a file cannot be written at a path, if it cannot.
pub fn obstacle(disk: &Disk, path: &str) -> Result<Option<String>, SyncError> {
    let prepared = prepare(disk, path).map(|_| None);
    prepared.or_else(|obstacle| obstacle.reason(&disk.folder.place(path)).map(Some))
}

/// Makes the folders above a path, and returns its place.
pub(super) fn prepare(disk: &Disk, path: &str) -> Result<PathBuf, Obstacle> {
    if let Some(fault) = names::windows_fault(path).filter(|_| cfg!(windows)) {
        return Err(Obstacle::Reason(fault.to_owned()));
    }
    let category = path.split('/').next().unwrap_or_default();
    let categories = disk.folder.selection.categories();
    if !names::is_sound(path) || !categories.iter().any(|name| name == category) {
        return Err(Obstacle::Reason(
            "it lies in no folder that is synced".to_owned(),
        ));
    }
    let mut folder = disk.folder.place(category);
    ensure(&folder, true)?;
    let below = path.split('/').skip(1);
    let names: Vec<&str> = below.collect();
    let (name, folders) = names.split_last().ok_or_else(no_name)?;
    for name in folders {
        folder = folder.join(name);
        ensure(&folder, false)?;
        no_twin(disk, path, &folder)?;
    }
    let place = folder.join(name);
    no_twin(disk, path, &place)?;
    Ok(place)
}

fn no_name() -> Obstacle {
    Obstacle::Reason("it lies in no folder".to_owned())
}

/// Makes a folder. Only that of a category may be a link to one: no other link is followed.
fn ensure(folder: &Path, may_be_link: bool) -> Result<(), Obstacle> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let metadata = if may_be_link {
                folder.metadata()?
            } else {
                folder.symlink_metadata()?
            };
            if metadata.is_dir() {
                Ok(())
            } else {
                Err(error.into())
            }
        }
        made => Ok(made?),
    }
}

/// A file of another name, which this disk takes for the same, must not be written over.
fn no_twin(disk: &Disk, path: &str, place: &Path) -> Result<(), Obstacle> {
    let is_there = disk.may_fold(path) && place.symlink_metadata().is_ok();
    if is_there && !is_listed(place) {
        let reason = "this disk takes its name for the same as another one";
        Err(Obstacle::Reason(reason.to_owned()))
    } else {
        Ok(())
    }
}

/// Whether a folder lists exactly this name.
pub(super) fn is_listed(place: &Path) -> bool {
    let entries = place.parent().and_then(|folder| folder.read_dir().ok());
    let mut names = entries.into_iter().flatten().filter_map(Result::ok);
    names.any(|entry| Some(&*entry.file_name()) == place.file_name())
}
