//! One program compiles at a time, so that several that start at once do not all do it.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The file that a program locks while it compiles.
pub const LOCK: &str = "lock";
/// How long a program waits for another that compiles, which takes 15 s on two slow cores.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often it looks whether the other is done.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until no other program compiles, but not for one that hangs, nor where there are no locks, as on some
/// network drives.
pub fn take(folder: &Path, timeout: Duration) -> Option<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(folder.join(LOCK)).ok()?;
    let end = Instant::now() + timeout;
    loop {
        match lock.try_lock() {
            Ok(()) => return Some(lock),
            Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(LOOK),
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_program_compiles_at_a_time_and_one_that_hangs_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let take = |timeout| take(folder.path(), timeout);
        let turn = take(Duration::ZERO);
        assert!(turn.is_some() && take(2 * LOOK).is_none());
        drop(turn);
        assert!(take(Duration::ZERO).is_some());
    }
}
