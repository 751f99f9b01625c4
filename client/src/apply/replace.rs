//! Writes files. What is replaced has the content that was expected, or stays.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::exchange::{exchange, rename_to_free};
use super::trash::{self, trash};
use super::way::{Obstacle, prepare};
use super::{Disk, Outcome, flush, kept, temporary};
use crate::checksum::checksum;
use crate::error::{At, SyncError};
use crate::scan::{self, Local, Stamp};

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
struct Staged<'a> {
    write: &'a Write<'a>,
    place: PathBuf,
    temporary: PathBuf,
}

/// Writes files, all of them to the disk before any is put into place. The outcomes are in the same order.
pub fn write_all(disk: &Disk, writes: &[Write]) -> Result<Vec<Outcome>, SyncError> {
    let staged = writes.par_iter().map(|write| stage(disk, write));
    let staged: Vec<_> = staged.collect();
    let staged = or_clean_up(staged).at(&disk.folder.memory())?;
    let temporaries = staged
        .iter()
        .flatten()
        .map(|staged| staged.temporary.clone());
    let memory = disk.folder.memory();
    flush::files(&temporaries.collect::<Vec<_>>()).at(&memory)?;
    let places = staged.iter().flatten().map(|staged| staged.place.clone());
    let places: Vec<PathBuf> = places.collect();
    let settled = staged.into_iter().map(|staged| outcome(disk, staged));
    let outcomes = settled.collect::<io::Result<_>>().at(&memory)?;
    flush::folders(&places).at(&memory)?;
    Ok(outcomes)
}

/// When one could not be staged because of something that concerns all, none is put into place.
fn or_clean_up<'a>(
    staged: Vec<Result<Staged<'a>, Obstacle>>,
) -> io::Result<Vec<Result<Staged<'a>, Obstacle>>> {
    let is_failure = |staged: &Result<_, Obstacle>| matches!(staged, Err(Obstacle::Failure(_)));
    if staged.iter().any(is_failure) {
        for staged in staged.iter().flatten() {
            std::fs::remove_file(&staged.temporary)?;
        }
    }
    let failure = |staged| match staged {
        Err(Obstacle::Failure(error)) => Err(error),
        other => Ok(other),
    };
    staged.into_iter().map(failure).collect()
}

fn stage<'a>(disk: &Disk, write: &'a Write<'a>) -> Result<Staged<'a>, Obstacle> {
    let place = prepare(disk, write.path)?;
    if place.symlink_metadata().is_ok_and(|old| !old.is_file()) {
        return Err(io::Error::from(ErrorKind::IsADirectory).into());
    }
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

fn outcome(disk: &Disk, staged: Result<Staged, Obstacle>) -> io::Result<Outcome> {
    match staged.and_then(|staged| settle(disk, &staged)) {
        Ok(outcome) => Ok(outcome),
        Err(Obstacle::Reason(reason)) => Ok(Outcome::Blocked(reason)),
        Err(Obstacle::Failure(error)) => Err(error),
    }
}

/// Puts a staged content into place.
fn settle(disk: &Disk, staged: &Staged) -> Result<Outcome, Obstacle> {
    let Staged {
        write,
        place,
        temporary,
    } = staged;
    let before = temporary.symlink_metadata()?;
    let placed = match write.expected {
        None => rename_to_free(temporary, place),
        Some(_) => exchange(temporary, place),
    };
    if let Err(error) = placed {
        std::fs::remove_file(temporary)?;
        return match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotFound => Ok(Outcome::Changed),
            _ => Err(error.into()),
        };
    }
    if let Some(expected) = write.expected {
        if !has_content(temporary, expected) {
            put_back(disk, staged)?;
            return Ok(Outcome::Changed);
        }
        let kept = match write.old {
            Old::Known => kept::replaced(disk, temporary, expected),
            Old::Trash => trash(disk, temporary, write.path),
        };
        if let Err(refusal) = kept {
            put_back(disk, staged)?;
            return Err(refusal);
        }
    }
    Ok(Outcome::Done(Some(described(disk, staged, &before)?)))
}

/// What is known of the new file. Its size and time are those that it was given, or somebody has written
/// it already.
fn described(disk: &Disk, staged: &Staged, before: &Metadata) -> io::Result<Local> {
    let local = scan::describe(before, checksum(staged.write.content), disk.now);
    let is_ours =
        |now: &Metadata| now.len() == before.len() && now.modified().ok() == before.modified().ok();
    let stamp = match staged.place.symlink_metadata() {
        Ok(now) if is_ours(&now) => Stamp::of(&now).settled(&now, disk.now),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => String::new(),
    };
    Ok(Local { stamp, ..local })
}

fn has_content(place: &Path, expected: &str) -> bool {
    let is_file = place.symlink_metadata().is_ok_and(|found| found.is_file());
    is_file && std::fs::read(place).is_ok_and(|bytes| checksum(&bytes) == expected)
}

/// Gives what was replaced its name back: another text, which somebody has saved in the last moment, or one
/// that can be kept nowhere else. A text that was saved even after that goes to the trash.
fn put_back(disk: &Disk, staged: &Staged) -> io::Result<()> {
    let Staged {
        write,
        place,
        temporary,
    } = staged;
    match exchange(temporary, place) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        result => result?,
    }
    match has_content(temporary, &checksum(write.content)) {
        true => std::fs::remove_file(temporary),
        false => {
            // Where the trash does not take it, it stays beside, and the next round tries again.
            _ = trash(disk, temporary, write.path);
            Ok(())
        }
    }
}
