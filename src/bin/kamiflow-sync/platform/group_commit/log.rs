//! The log of the transactions of a group: it gets an id before the first, and is moved into the file when it is long.

use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

use super::group::GroupCommit;
use crate::platform::bindings::spin::sqlite::sqlite::Error;
use crate::platform::log_id::LogId;

impl GroupCommit {
    /// Before a transaction: lets its log begin with an id, unless one is open already.
    ///
    /// # Errors
    ///
    /// A text for the guest when nothing may be written.
    pub fn begin_log(&mut self) -> Result<(), &'static str> {
        match &mut self.log {
            Some(log) if self.finished.is_empty() => log.begin(),
            _ => Ok(()),
        }
    }

    /// After a commit, before it is acknowledged: records that the log has it.
    pub fn record_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.record();
        }
    }

    /// Cuts so many free pages off the file. Returns how many are left; `None` when others have work
    /// that is not committed.
    ///
    /// # Errors
    ///
    /// What `SQLite` says, as on a full disk.
    pub fn give_back(&mut self, pages: i64) -> Result<Option<i64>, Error> {
        if !self.finished.is_empty() {
            return Ok(None);
        }
        self.run(&format!("PRAGMA incremental_vacuum({pages})"))?;
        self.record_log();
        if self.has_long_log() {
            self.move_log();
        }
        self.number("freelist_count").map(Some)
    }

    /// Moves the log into the file, so that it does not grow. What cannot be moved now stays in it.
    ///
    /// # Errors
    ///
    /// As [`Self::begin_log`] fails.
    pub fn empty_log(&mut self) -> Result<(), &'static str> {
        if !self.finished.is_empty() {
            return Ok(());
        }
        _ = self.run("PRAGMA wal_checkpoint(PASSIVE)");
        if let Some(log) = &self.log {
            log.moved();
        }
        self.begin_log()
    }

    /// Lets the next writer begin, once a long log is moved into the file.
    pub(super) fn release(group: OwnedMutexGuard<Self>) {
        // Without a runtime the program ends, and the last connection moves it.
        if group.has_long_log()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || group.move_log());
        }
    }

    fn has_long_log(&self) -> bool {
        self.log.as_ref().is_some_and(LogId::is_long)
    }

    fn move_log(&self) {
        if let (Some(log), Some(connection)) = (&self.log, &self.connection) {
            log.move_by(connection);
        }
    }
}
