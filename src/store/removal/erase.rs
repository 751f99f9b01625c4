//! Overwrites what is deleted, in the file and in its log.

use crate::store::error::Error;
use crate::store::store::Store;

impl Store {
    /// Overwrites what is deleted from here on, where the host does not do so anyway. A server that
    /// manages its own file refuses this pragma, so it is best effort.
    pub(super) fn erasing<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run("PRAGMA secure_delete = ON").ok();
        work(self)
    }

    /// As [`erasing`](Self::erasing), in a transaction on this connection: that of a group commit is
    /// shared, and does not overwrite.
    pub(super) fn erase<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.erasing(|store| store.write_alone(work))
    }

    /// Moves the log into the file and truncates it. Returns whether that is done, or cannot be done
    /// from here.
    pub(super) fn empty_log(&self) -> bool {
        match self.run("PRAGMA wal_checkpoint(TRUNCATE)") {
            Ok(rows) => !matches!(rows.first().map(|row| row.integer(0)), Some(Ok(1))),
            Err(Error::Busy | Error::Full) => false,
            Err(_) => true,
        }
    }
}
