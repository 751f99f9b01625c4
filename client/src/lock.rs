//! One program at a time works in a folder.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use crate::error::{At, SyncError};

/// Held while a program works in a folder; the system releases it when the program ends, however it does.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock, whose file is in this folder.
    pub fn take(memory: &Path) -> Result<Self, SyncError> {
        let place = memory.join("kamisync.lock");
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&place).at(&place)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(SyncError::Locked(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error).at(&place),
            Ok(()) => {}
        }
        file.set_len(0).at(&place)?;
        write!(file, "{}", std::process::id()).at(&place)?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    /// Closing the file would not be enough while a child process is being started, which has it too.
    fn drop(&mut self) {
        _ = self.0.unlock();
    }
}

/// The number of the process that has the lock.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    // It may be just about to write it, and Windows lets nobody read it.
    _ = file.read_to_string(&mut text);
    match text.is_empty() {
        true => "unknown".to_owned(),
        false => text,
    }
}

#[test]
fn the_second_program_is_told_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = Lock::take(folder.path()).unwrap();
    let second = Lock::take(folder.path()).unwrap_err();
    assert!(
        matches!(second, SyncError::Locked(holder) if holder == std::process::id().to_string())
    );
    drop(first);
    Lock::take(folder.path()).unwrap();
}
