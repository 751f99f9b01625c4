//! One program at a time works in a folder, and one at a time changes its files.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::{At, SyncError};

/// How long a command waits for a round, or a round for a command.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks whether the other is done.
const PAUSE: Duration = Duration::from_millis(20);

/// Held while a program works in a folder; the system releases it when the program ends, however it does.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes a folder for rounds, be it one or all of a watch. The file of the lock is in this folder.
    pub fn take(state_folder: &Path) -> Result<Self, SyncError> {
        Self::of(&state_folder.join("kamisync.lock"))
    }

    /// Waits until no other program changes the files of a folder, which a watch does only during its rounds.
    pub fn to_change_files(state_folder: &Path) -> Result<Self, SyncError> {
        let place = state_folder.join("kamisync.round.lock");
        let until = Instant::now() + TIMEOUT;
        loop {
            match Self::of(&place) {
                Err(SyncError::Locked(_)) if Instant::now() < until => sleep(PAUSE),
                taken => return taken,
            }
        }
    }

    fn of(place: &Path) -> Result<Self, SyncError> {
        let mut file = opened(place).at(place)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(SyncError::Locked(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error).at(place),
            Ok(()) => {}
        }
        // For the message to others, so a failure does not matter.
        _ = file.set_len(0);
        _ = write!(file, "{}", std::process::id());
        Ok(Self(file))
    }
}

/// The file of another user, as after a round with sudo, can be locked too.
fn opened(place: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    match options.open(place) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => File::open(place),
        opened => opened,
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
    if text.is_empty() {
        "unknown".to_owned()
    } else {
        text
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
