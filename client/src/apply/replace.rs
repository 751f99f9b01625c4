//! Writes files. What is replaced has the content that was expected, or stays.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::exchange::{exchange, rename_to_free};
use super::stage::{Old, Ready, Staged, Write, discard, flush_all, stage_all};
use super::trash::trash;
use super::way::Obstacle;
use super::{Disk, Outcome, flush, kept};
use crate::checksum::checksum;
use crate::error::{At, SyncError};
use crate::scan::{self, Local, Stamp};

/// Writes files, all of them to the disk before any is put into place. The outcomes are in the same order.
pub fn write_all(disk: &Disk, writes: &[Write]) -> Result<Vec<Outcome>, SyncError> {
    let staged = flush_all(stage_all(disk, writes)?)?;
    let places = staged.iter().flatten().map(|staged| staged.place.clone());
    let places: Vec<PathBuf> = places.collect();
    let outcomes = settle_all(disk, staged)?;
    flush::folders(&places).at(&disk.folder.state_folder())?;
    Ok(outcomes)
}

fn settle_all(disk: &Disk, staged: Vec<Ready>) -> Result<Vec<Outcome>, SyncError> {
    let mut staged = staged.into_iter();
    let settled = staged.by_ref().map(|ready| outcome(disk, ready));
    let settled = settled.collect();
    // When one has failed, the rest is still there.
    staged.flatten().for_each(|staged| discard(&staged));
    settled
}

fn outcome(disk: &Disk, ready: Ready) -> Result<Outcome, SyncError> {
    match ready {
        Ok(staged) => settle(disk, &staged)
            .or_else(|obstacle| obstacle.reason(&staged.place).map(Outcome::Blocked)),
        Err(reason) => Ok(Outcome::Blocked(reason)),
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
    if has_content(temporary, &checksum(write.content)) {
        std::fs::remove_file(temporary)
    } else {
        // Where the trash does not take it, it stays beside, and the next round tries again.
        _ = trash(disk, temporary, write.path);
        Ok(())
    }
}
