//! New contents, each beside the file that it is for and on the disk before any is put into place.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::way::{Obstacle, prepare};
use super::{Disk, flush, kept, temporary, trash};
use crate::error::SyncError;

/// A file to write.
#[derive(Debug)]
pub struct Write<'a> {
    /// The path.
    pub path: &'a str,
    /// The path whose file, if there is one, has the permissions that the new one gets.
    pub like: &'a str,
    /// The bytes.
    pub content: &'a [u8],
    /// When it was edited: milliseconds since 1970.
    pub modified: i64,
    /// The content that is here now; none for no file.
    pub expected: Option<&'a str>,
    /// What becomes of it.
    pub old: Old,
}

/// What becomes of a replaced file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// The server has its content.
    Known,
    /// It goes to the trash.
    Trash,
}

/// A content that waits beside its file.
pub(super) struct Staged<'a> {
    pub write: &'a Write<'a>,
    pub place: PathBuf,
    pub temporary: PathBuf,
}

/// A staged content, or why its file cannot be written.
pub(super) type Ready<'a> = Result<Staged<'a>, String>;

/// Writes each content beside its file.
pub(super) fn stage_all<'a>(
    disk: &Disk,
    writes: &'a [Write<'a>],
) -> Result<Vec<Ready<'a>>, SyncError> {
    let staged: Vec<_> = writes.par_iter().map(|write| stage(disk, write)).collect();
    let ready = writes.iter().zip(staged).map(|(write, staged)| {
        // Alone once more: one that has no room leaves none for those beside it, until it is gone.
        let staged = staged.or_else(|_| stage(disk, write)).map(Ok);
        staged.or_else(|obstacle| obstacle.reason(&disk.folder.place(write.path)).map(Err))
    });
    or_clean_up(ready.collect())
}

fn stage<'a>(disk: &Disk, write: &'a Write<'a>) -> Result<Staged<'a>, Obstacle> {
    let place = prepare(disk, write.path)?;
    make_way(&place)?;
    match (write.expected, write.old) {
        (None, _) => {}
        (Some(_), Old::Known) => kept::check(disk)?,
        (Some(_), Old::Trash) => trash::check(disk, write.path)?,
    }
    let like = disk.folder.place(write.like);
    let temporary = temporary::write(&place, &like, write.content, write.modified)?;
    Ok(Staged {
        write,
        place,
        temporary,
    })
}

/// Only a file is replaced. An empty folder has nothing to lose.
fn make_way(place: &Path) -> io::Result<()> {
    match place.symlink_metadata() {
        Ok(old) if old.is_file() => Ok(()),
        Ok(old) if old.is_dir() && std::fs::remove_dir(place).is_ok() => Ok(()),
        Ok(_) => Err(ErrorKind::IsADirectory.into()),
        Err(_) => Ok(()),
    }
}

/// When one fails because of something that concerns all, none is put into place.
fn or_clean_up(staged: Vec<Result<Ready, SyncError>>) -> Result<Vec<Ready>, SyncError> {
    if staged.iter().any(Result::is_err) {
        staged.iter().flatten().flatten().for_each(discard);
    }
    staged.into_iter().collect()
}

/// What cannot be removed is found by the next round.
pub(super) fn discard(staged: &Staged) {
    _ = std::fs::remove_file(&staged.temporary);
}

/// Some disks have no room only when the files are flushed: then it is found out which these are.
pub(super) fn flush_all(staged: Vec<Ready>) -> Result<Vec<Ready>, SyncError> {
    let temporaries = staged.iter().flatten();
    let temporaries = temporaries.map(|staged| staged.temporary.clone());
    if flush::files(&temporaries.collect::<Vec<_>>()).is_ok() {
        return Ok(staged);
    }
    let each = staged.into_iter().map(|ready| match ready {
        Ok(staged) => flush_one(staged),
        Err(reason) => Ok(Err(reason)),
    });
    or_clean_up(each.collect())
}

fn flush_one(staged: Staged) -> Result<Ready, SyncError> {
    let Err(error) = flush::file(&staged.temporary) else {
        return Ok(Ok(staged));
    };
    discard(&staged);
    Obstacle::from(error).reason(&staged.place).map(Err)
}
