//! A guest's connection to a `SQLite` database, as on Spin (`crates/sqlite-inproc/src/lib.rs`).
//!
//! Statements run on the calling thread, not on a blocking one: because of the write lock
//! ([`super::write_lock`]), no writer waits inside `SQLite` for another one of this process. Only
//! those that take long leave the thread to others ([`super::long_read`]).

mod own;

use std::sync::Arc;

use kamiflow_sync_component::store::BEGIN_GROUPED;
use rusqlite::Connection;

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use super::group_commit::GroupedTransaction;
use super::guest_database::GuestDatabase;
use super::instance_memory::InstanceMemory;
use super::long_read::run;
use crate::database::disk_reserve::DiskReserve;
use own::{OwnConnection, refused};

/// Dropping it rolls back an open transaction and then releases the write lock.
#[derive(Debug)]
pub struct GuestConnection {
    database: Arc<GuestDatabase>,
    /// Opened by the first statement, as on Spin.
    own: Option<OwnConnection>,
    /// The transaction in progress on the connection of the group commit.
    grouped: Option<GroupedTransaction>,
}

impl GuestConnection {
    pub fn new(database: Arc<GuestDatabase>) -> Self {
        Self {
            database,
            own: None,
            grouped: None,
        }
    }

    /// Runs one statement and returns all of its rows.
    ///
    /// A statement that may write waits for the write lock, which the connection then keeps until it
    /// is no longer in a transaction. Other statements never wait.
    ///
    /// A transaction that begins with [`BEGIN_GROUPED`] takes part in the group commit
    /// ([`super::group_commit`]). Its connection is shared, so the guest cannot use what belongs to
    /// one connection: pragmas, temporary tables, and `changes` and `last_insert_rowid` after the
    /// transaction.
    ///
    /// # Errors
    ///
    /// `Io` with `SQLite`'s text; also when the write lock is not free in time (with `SQLite`'s text
    /// for that), when the rows take more than 128 MiB, and for several statements at once, of which
    /// Spin 4 runs only the first and reports success.
    pub async fn execute(
        &mut self,
        statement: &str,
        parameters: &[Value],
        memory: &mut InstanceMemory,
    ) -> Result<QueryResult, Error> {
        match (statement, self.grouped.take()) {
            (BEGIN_GROUPED, None) if self.can_group() => self.begin_grouped().await?,
            (_, None) => return self.own()?.execute(statement, parameters, memory).await,
            ("COMMIT", Some(grouped)) => grouped.commit().await?,
            ("ROLLBACK", Some(grouped)) => grouped.roll_back()?,
            (_, Some(mut grouped)) => {
                let result = run(parameters, || grouped.execute(statement, parameters));
                self.grouped = Some(grouped).filter(|grouped| grouped.connection().is_some());
                return result;
            }
        }
        Ok(QueryResult {
            columns: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// Not inside a transaction, and not in memory, where there is no commit to share.
    fn can_group(&self) -> bool {
        let own = self.own.as_ref();
        let is_idle = own.is_none_or(|own| own.connection().is_autocommit());
        is_idle && self.database.file.is_some()
    }

    async fn begin_grouped(&mut self) -> Result<(), Error> {
        let group = self.database.write_lock.acquire_group().await;
        let mut group = group.map_err(refused)?;
        let reserve = self.database.reserve.as_ref();
        if reserve.is_some_and(DiskReserve::is_needed) {
            group.empty_log().map_err(refused)?;
        }
        let begun = GroupedTransaction::begin(group, || self.database.open_grouped());
        self.grouped = Some(begun?);
        Ok(())
    }

    /// Whether it has the write lock.
    pub fn is_writing(&self) -> bool {
        self.own.as_ref().is_some_and(OwnConnection::is_writing) || self.grouped.is_some()
    }

    /// `sqlite3_last_insert_rowid`; 0 before the first statement.
    pub fn last_insert_rowid(&self) -> i64 {
        self.current().map_or(0, Connection::last_insert_rowid)
    }

    /// `sqlite3_changes64`; 0 before the first statement.
    pub fn changes(&self) -> u64 {
        self.current().map_or(0, Connection::changes)
    }

    fn current(&self) -> Option<&Connection> {
        let grouped = self.grouped.as_ref();
        let grouped = grouped.and_then(GroupedTransaction::connection);
        grouped.or_else(|| self.own.as_ref().map(OwnConnection::connection))
    }

    fn own(&mut self) -> Result<&mut OwnConnection, Error> {
        match &mut self.own {
            Some(own) => Ok(own),
            none => Ok(none.insert(OwnConnection::open(&self.database)?)),
        }
    }
}

#[cfg(test)]
mod tests;
