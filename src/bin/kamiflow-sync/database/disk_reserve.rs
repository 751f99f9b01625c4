//! Space for deletions on a full disk. A deletion writes to the log before it frees anything, so a
//! file beside the database keeps some space for it, and nobody else can have that.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::files;

/// Bytes of the reserve: a deletion needs 2 MB for each of its steps, and the log must fit into the
/// database behind it, which is usually 4 MB.
const BYTES: u64 = 16 << 20;
/// Bytes by which less is taken where that much is not left.
const STEP_BYTES: u64 = 1 << 20;
/// Free bytes for which the reserve is worth taking. A smaller disk has none.
const WORTH_TAKING: u64 = 4 * BYTES;
/// Free bytes below which the disk counts as full.
const LOW: u64 = BYTES;

/// The reserve of one database.
#[derive(Debug)]
pub struct DiskReserve {
    file: PathBuf,
}

/// The space is free until this is dropped.
#[derive(Debug)]
pub struct Lent {
    file: File,
    /// How much of it is taken again.
    bytes: u64,
}

/// Opens a database again, with the space, where that failed on a full disk: SQLite needs some for the index of a log, and
/// the next connection too, so a little stays free.
pub fn opened_despite_full_disk<T>(database: &Path, open: impl Fn() -> Result<T>) -> Result<T> {
    let opened = open();
    if opened.is_err()
        && let Some(mut lent) = DiskReserve::of(database).lend()
    {
        lent.bytes = BYTES - STEP_BYTES;
        return open();
    }
    opened
}

impl DiskReserve {
    pub fn of(database: &Path) -> Self {
        Self {
            file: files::with_suffix(&files::behind_links(database), "-reserve"),
        }
    }

    /// Takes the space where enough is left.
    pub fn take(&self) {
        let has_some = files::length(&self.file) > 0;
        let enough = if has_some { LOW } else { WORTH_TAKING };
        if self.free() >= enough
            && let Ok(file) = files::beside_database().open(&self.file)
        {
            allocate(&file, BYTES);
            files::give_to_owner_of_folder(&self.file);
        }
    }

    /// Whether little is free besides the reserve.
    pub fn is_needed(&self) -> bool {
        self.free() < LOW && files::length(&self.file) > 0
    }

    /// Gives the space back while a deletion runs that needs it.
    pub fn lend(&self) -> Option<Lent> {
        if !self.is_needed() {
            return None;
        }
        let file = files::beside_database().open(&self.file).ok()?;
        file.set_len(0).ok()?;
        Some(Lent { file, bytes: BYTES })
    }

    fn free(&self) -> u64 {
        let disk = statvfs(files::folder_of(&self.file));
        disk.map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        allocate(&self.file, self.bytes);
    }
}

/// Allocates as much as there is, so that others get little of what deletions have not used.
fn allocate(file: &File, bytes: u64) {
    let flags = FallocateFlags::empty();
    let mut sizes = (1..=bytes / STEP_BYTES)
        .rev()
        .map(|steps| steps * STEP_BYTES);
    _ = sizes.any(|bytes| fallocate(file, flags, 0, bytes).is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_lent_on_a_full_disk_only() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = DiskReserve::of(&folder.path().join("x.db"));
        assert!(reserve.lend().is_none());
        reserve.take();
        assert_eq!(files::length(&reserve.file), BYTES);
        // The disk of a test has more than that.
        assert!(reserve.lend().is_none());
        let file = files::beside_database().open(&reserve.file).unwrap();
        file.set_len(0).unwrap();
        drop(Lent { file, bytes: BYTES });
        assert_eq!(files::length(&reserve.file), BYTES);
    }
}
