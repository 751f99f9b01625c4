//! Watches the write-ahead log of a file from all its connections, and moves it into the file when it
//! has become long, as `SQLite` does by itself.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;

use super::opened_files::{LOST, OpenedFiles};

/// Frames of a log that is moved: 4 MB, `SQLite`'s default.
const LONG: c_int = 1000;

/// Bytes of the log that stay on the disk. It grows beyond only while a long reader needs it.
pub const MAX_KEPT_LOG: i64 = 16 << 20;

#[derive(Debug, Default)]
pub struct LogWatch {
    frames: AtomicI32,
    /// Frames that the last checkpoint left in the file.
    moved: AtomicI32,
    /// Whether something was committed that must not be lost.
    has_commits: AtomicBool,
    /// Whether a part of the log was moved into the file, or the log began anew.
    has_moved: AtomicBool,
    /// Of the files that are open, once there is a log.
    opened: OnceLock<OpenedFiles>,
}

impl LogWatch {
    pub fn attach(self: &Arc<Self>, connection: &mut Connection) -> rusqlite::Result<()> {
        let watch = self.clone();
        connection.wal_hook(Some(move |wal: &mut Wal, frames| {
            watch.has_commits.store(true, Relaxed);
            watch.committed(wal, frames);
            Ok(())
        }))
    }

    /// For a connection that writes keys with their values only, which may be lost.
    pub fn attach_to_keys(self: &Arc<Self>, connection: &mut Connection) -> rusqlite::Result<()> {
        let watch = self.clone();
        connection.wal_hook(Some(move |wal: &mut Wal, frames| {
            watch.committed(wal, frames);
            Ok(())
        }))
    }

    /// For the connection of the group commit, which moves the log after the answers to its commits.
    pub fn attach_to_group(self: &Arc<Self>, connection: &mut Connection) -> rusqlite::Result<()> {
        let watch = self.clone();
        connection.wal_hook(Some(move |_: &mut Wal, frames| {
            watch.has_commits.store(true, Relaxed);
            watch.note(frames);
            Ok(())
        }))
    }

    /// The commit is on the disk, and a failure to move the log does not change that.
    fn committed(&self, wal: &mut Wal, frames: c_int) {
        self.note(frames);
        if self.is_long()
            && let Ok((_, moved)) = wal.checkpoint_v2(CheckpointMode::PASSIVE)
        {
            self.note_moved(moved);
        }
    }

    fn note(&self, frames: c_int) {
        // Fewer frames: another process moved it.
        if frames < self.frames.swap(frames, Relaxed) {
            self.moved();
        }
        if frames < self.moved.load(Relaxed) {
            self.moved.store(0, Relaxed);
        }
    }

    /// Whether it is time to move the log.
    pub fn is_long(&self) -> bool {
        self.frames.load(Relaxed) >= LONG
    }

    /// Moves the log, as far as no reader needs it.
    pub fn move_by(&self, connection: &Connection) {
        let checkpoint = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
        if let Ok((_, moved)) = checkpoint {
            self.note_moved(moved);
        }
    }

    fn note_moved(&self, moved: c_int) {
        if moved != self.moved.swap(moved, Relaxed) {
            self.moved();
        }
    }

    /// Says that the file has changed.
    pub fn moved(&self) {
        self.has_moved.store(true, Relaxed);
    }

    /// Whether the file has changed since this was asked last.
    pub fn take_moved(&self) -> bool {
        self.has_moved.swap(false, Relaxed)
    }

    pub fn set_opened(&self, files: OpenedFiles) {
        _ = self.opened.set(files);
    }

    /// Fails with [`LOST`] when the file or its log was deleted or replaced.
    pub fn require_opened(&self) -> Result<(), &'static str> {
        match self.opened.get() {
            Some(files) if files.is_lost() => Err(LOST),
            _ => Ok(()),
        }
    }

    /// Whether something was committed since this was forgotten.
    pub fn has_commits(&self) -> bool {
        self.has_commits.load(Relaxed)
    }

    pub fn forget_commits(&self) {
        self.has_commits.store(false, Relaxed);
    }

    /// Expects a log that begins anew.
    pub fn expect_beginning(&self) {
        self.frames.store(0, Relaxed);
        self.forget_commits();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_of_the_file_is_noticed_once() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Connection::open(folder.path().join("x.db")).unwrap();
        let (watch, mut writer, reader) = (Arc::<LogWatch>::default(), open(), open());
        watch.attach(&mut writer).unwrap();
        let write = |bytes: i64| {
            let insert = "INSERT INTO t VALUES (zeroblob(?1))";
            writer.execute(insert, [bytes]).unwrap();
            watch.take_moved()
        };
        let setup = "PRAGMA journal_mode = WAL; CREATE TABLE t (x)";
        writer.execute_batch(setup).unwrap();
        assert!(!write(1) && watch.has_commits());
        let read = "BEGIN; SELECT * FROM t";
        reader.execute_batch(read).unwrap();
        assert!(write(5_000_000), "the part that the reader does not need");
        assert!(!write(1));
        reader.execute_batch("ROLLBACK").unwrap();
        assert!(write(1), "all of it");
        watch.expect_beginning();
        assert!(!write(1) && !write(1));
        reader
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
        assert!(write(1), "by another connection");
    }
}
