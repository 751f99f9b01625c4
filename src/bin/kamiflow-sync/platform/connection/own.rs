//! A connection that one guest alone uses, with the write lock while it writes.

use std::sync::Arc;

use rusqlite::Connection;

use crate::database::disk_reserve::{DiskReserve, Lent};
use crate::platform::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use crate::platform::guest_database::GuestDatabase;
use crate::platform::instance_memory::InstanceMemory;
use crate::platform::long_read::{LongStatements, run};
use crate::platform::query::{io, query};
use crate::platform::write_lock::WriteGuard;

/// Dropping it rolls back an open transaction and then releases the write lock.
#[derive(Debug)]
pub struct OwnConnection {
    database: Arc<GuestDatabase>,
    // These two are dropped in this order.
    connection: Connection,
    right: Option<WriteRight>,
    long_statements: LongStatements,
}

/// The right to write until the transaction ends. The space is given back before the lock is.
#[derive(Debug)]
struct WriteRight {
    lent: Option<Lent>,
    guard: WriteGuard,
}

impl OwnConnection {
    pub fn open(database: &Arc<GuestDatabase>) -> Result<Self, Error> {
        Ok(Self {
            database: database.clone(),
            connection: database.open().map_err(io)?,
            right: None,
            long_statements: LongStatements::default(),
        })
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether it has the write lock.
    pub fn is_writing(&self) -> bool {
        self.right.is_some()
    }

    /// Runs one statement, with the write lock if it may write or the transaction has it.
    pub async fn execute(
        &mut self,
        statement: &str,
        parameters: &[Value],
        memory: &mut InstanceMemory,
    ) -> Result<QueryResult, Error> {
        let is_writing = self.may_write(statement).await?;
        let connection = &mut self.connection;
        let result = if is_writing {
            run(parameters, || query(connection, statement, parameters))
        } else {
            let long = &mut self.long_statements;
            long.read(connection, statement, parameters, memory).await
        };
        if result
            .as_ref()
            .is_ok_and(|rows| empties_log(statement, rows))
        {
            self.database.write_lock.log_moved();
        }
        if self.connection.is_autocommit()
            && let Some(right) = self.right.take()
        {
            right.end();
        }
        result
    }

    /// Takes the write lock for a statement that needs it. Returns whether the statement may write,
    /// or one before it in its transaction.
    async fn may_write(&mut self, statement: &str) -> Result<bool, Error> {
        // A writer waits inside SQLite for a reader that is in a transaction, and may block the thread that this one needs.
        if begins(statement) && self.right.is_none() && self.database.readers_wait() {
            self.acquire().await?;
            self.database.look_for_wal(&self.connection).map_err(io)?;
            if !self.database.readers_wait() {
                self.right = None;
            }
        }
        let prepared = self.connection.prepare_cached(statement);
        let may_write = !prepared.map_err(io)?.readonly();
        // Nobody else can see a database in memory.
        if may_write && self.database.file.is_some() {
            self.acquire().await?;
        }
        Ok(may_write || self.right.is_some())
    }

    async fn acquire(&mut self) -> Result<(), Error> {
        if self.right.is_none() {
            self.right = Some(WriteRight::acquire(&self.database).await?);
        }
        Ok(())
    }
}

impl WriteRight {
    async fn acquire(database: &GuestDatabase) -> Result<Self, Error> {
        let guard = database.write_lock.acquire().await;
        Ok(Self {
            guard: guard.map_err(refused)?,
            lent: database.reserve.as_ref().and_then(DiskReserve::lend),
        })
    }

    /// After a commit, before it is acknowledged.
    fn end(self) {
        drop(self.lent);
        self.guard.committed();
    }
}

/// Whether the statement begins a transaction, of any kind.
fn begins(statement: &str) -> bool {
    let begin = statement.trim_start().get(..5);
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case("BEGIN"))
}

/// Whether the statement was a checkpoint that moved all of the log.
fn empties_log(statement: &str, result: &QueryResult) -> bool {
    let busy = result.rows.first().and_then(|row| row.values.first());
    statement.contains("wal_checkpoint(TRUNCATE)") && matches!(busy, Some(Value::Integer(0)))
}

/// The write lock was not to be had, with the text for the guest.
pub fn refused(reason: &str) -> Error {
    Error::Io(reason.to_owned())
}
