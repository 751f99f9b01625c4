//! The write lock of a database file: one writer at a time, first come, first served.
//!
//! `SQLite`'s own busy handler polls with sleeps and is unfair: under load, some writers would starve
//! for seconds and block a thread all the time. A writer that waits here blocks no thread.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::group_commit::GroupCommit;
use super::log_id::LogId;
use super::log_watch::LogWatch;

/// How long a writer waits: the busy timeout of `rusqlite`, and so of Spin.
const TIMEOUT: Duration = Duration::from_secs(5);

/// `SQLite`'s text for a lock that is not free in time.
const LOCKED: &str = "database is locked";

/// The lock of one file. Clones are the same lock.
#[derive(Clone, Debug)]
pub struct WriteLock {
    group: Arc<Mutex<GroupCommit>>,
    /// Without one, `SQLite` tends the log by itself.
    log: Option<Arc<LogWatch>>,
    timeout: Duration,
}

/// The right to write on a connection of one's own, until it is dropped.
#[derive(Debug)]
pub struct WriteGuard(OwnedMutexGuard<GroupCommit>);

impl WriteGuard {
    /// After a commit, before it is acknowledged.
    pub fn committed(mut self) {
        self.0.record_log();
    }
}

impl WriteLock {
    pub fn new(timeout: Duration) -> Self {
        let group = Arc::default();
        Self {
            group,
            log: None,
            timeout,
        }
    }

    pub fn of(file: &Path) -> Self {
        let log = Arc::new(LogWatch::default());
        let group = GroupCommit::with_log(LogId::new(file.to_owned(), log.clone()));
        Self {
            group: Arc::new(Mutex::new(group)),
            log: Some(log),
            timeout: TIMEOUT,
        }
    }

    /// Opens a connection that writes what must not be lost.
    pub fn open(&self, file: &Path) -> rusqlite::Result<Connection> {
        self.open_watched(file, LogWatch::attach)
    }

    /// Leaves the log to the group commit, whose connection this is.
    pub fn attach_to_group(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        match &self.log {
            Some(log) => log.attach_to_group(connection),
            None => Ok(()),
        }
    }

    /// Opens a connection for keys and their values only.
    pub fn open_for_keys(&self, file: &Path) -> rusqlite::Result<Connection> {
        self.open_watched(file, LogWatch::attach_to_keys)
    }

    fn open_watched(
        &self,
        file: &Path,
        attach: impl Fn(&Arc<LogWatch>, &mut Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Connection> {
        let Some(log) = &self.log else {
            return Connection::open(file);
        };
        // SQLite would make a new file, or take the log away from the one that is open.
        log.require_opened().map_err(unusable)?;
        let mut connection = Connection::open(file)?;
        attach(log, &mut connection)?;
        Ok(connection)
    }

    /// Says that a guest has moved all of the log into the file.
    pub fn log_moved(&self) {
        if let Some(log) = &self.log {
            log.moved();
        }
    }

    /// Locks for a connection of one's own.
    ///
    /// # Errors
    ///
    /// A text for the guest: after the timeout that of `SQLite`, or why nothing may be written.
    pub async fn acquire(&self) -> Result<WriteGuard, &'static str> {
        let mut group = self.lock().await?;
        _ = group.commit_finished();
        group.begin_log()?;
        Ok(WriteGuard(group))
    }

    /// Locks for the connection of the group commit, with the errors of [`Self::acquire`].
    pub async fn acquire_group(&self) -> Result<OwnedMutexGuard<GroupCommit>, &'static str> {
        let mut group = self.lock().await?;
        group.begin_log()?;
        Ok(group)
    }

    async fn lock(&self) -> Result<OwnedMutexGuard<GroupCommit>, &'static str> {
        let lock = self.group.clone().lock_owned();
        let locked = tokio::time::timeout(self.timeout, lock).await;
        locked.map_err(|_elapsed| LOCKED)
    }
}

fn unusable(reason: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
    rusqlite::Error::SqliteFailure(code, Some(reason.to_owned()))
}

impl Default for WriteLock {
    fn default() -> Self {
        Self::new(TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writers_are_served_in_the_order_in_which_they_came() {
        let lock = WriteLock::default();
        let first = lock.acquire().await.unwrap();
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..10 {
            let (lock, sender) = (lock.clone(), sender.clone());
            tokio::spawn(async move {
                let _guard = lock.acquire().await.unwrap();
                sender.send(number).unwrap();
            });
            tokio::task::yield_now().await;
        }
        drop((first, sender));
        for number in 0..10 {
            assert_eq!(order.recv().await, Some(number));
        }
    }

    #[tokio::test]
    async fn a_writer_waits_no_longer_than_the_timeout() {
        let lock = WriteLock::new(Duration::from_millis(1));
        let _first = lock.acquire().await.unwrap();
        assert_eq!(lock.acquire().await.unwrap_err(), LOCKED);
    }
}
