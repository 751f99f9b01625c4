//! An open database: one connection and its statements.

use std::cell::Cell;
use std::time::Duration;

use super::attempt::Attempt;
use super::error::Error;
use super::lock_wait::{LockWait, SHORT_TIMEOUT};
use super::row::{Row, Value};
use super::sql::Sql;

/// An open database with the schema of this program.
///
/// Nothing of a transaction is visible to others before it commits, a commit is on the disk before
/// it returns, and an error rolls back.
pub struct Store {
    sql: Box<dyn Sql>,
    lock_wait: LockWait,
    /// Whether SQLite itself waits for the short timeout; none before it was asked to.
    waits_inside: Cell<Option<bool>>,
    /// Whether a transaction is open that writes.
    pub(super) is_writing: Cell<bool>,
    pub(super) attempt: Attempt,
}

impl Store {
    /// Takes a connection and leaves the schema as it is: from `FIRST_SCHEMA` to `SCHEMA_VERSION`,
    /// or reads fail.
    pub fn open_unchanged(sql: impl Sql + 'static) -> Self {
        Self {
            sql: Box::new(sql),
            lock_wait: LockWait::default(),
            waits_inside: Cell::default(),
            is_writing: Cell::default(),
            attempt: Attempt::default(),
        }
    }

    /// The connection, for questions that need none of the rules for statements.
    pub(super) fn sql(&self) -> &dyn Sql {
        &*self.sql
    }

    /// Waits this long for other writers.
    pub fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_wait.timeout = timeout;
        self
    }

    /// Calls `notice` once for each wait for other writers that takes longer than a second.
    pub fn with_wait_notice(mut self, notice: fn()) -> Self {
        self.lock_wait.on_long = notice;
        self
    }

    /// Begins a transaction that writes: waits for the lock that it needs.
    pub(super) fn begin(&self, begin: &str) -> Result<(), Error> {
        let sqlite_waits = self.waits_inside();
        let begun = self.lock_wait.wait(sqlite_waits, || self.run(begin));
        begun.map(drop)
    }

    /// A server that manages its own file refuses this pragma, and may not wait at all.
    pub(super) fn waits_inside(&self) -> bool {
        self.waits_inside.get().unwrap_or_else(|| {
            let pragma = format!("PRAGMA busy_timeout = {}", SHORT_TIMEOUT.as_millis());
            let is_set = self.run(&pragma).is_ok();
            self.waits_inside.set(Some(is_set));
            is_set
        })
    }

    /// Whether the database is a server, which manages its own file.
    pub(super) fn is_remote(&self) -> bool {
        !self.waits_inside()
    }

    /// Whether the schema has this table, which an older one may not.
    pub(super) fn has_table(&self, name: &str) -> Result<bool, Error> {
        let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        Ok(self.first(table, [name.into()])?.is_some())
    }

    /// Runs one statement without parameters and returns its rows.
    pub(super) fn run(&self, statement: &str) -> Result<Vec<Row>, Error> {
        self.execute(statement, Vec::new())
    }

    /// Runs one statement and returns its rows. One that was interrupted is tried again, but for
    /// those of a transaction that writes, which is rolled back.
    pub(super) fn execute(
        &self,
        statement: &str,
        parameters: impl Into<Vec<Value>>,
    ) -> Result<Vec<Row>, Error> {
        let parameters = parameters.into();
        if self.is_writing.get() {
            self.execute_once(statement, parameters)
        } else {
            self.retried(|store| store.execute_once(statement, parameters.clone()))
        }
    }

    /// Runs a statement that writes outside of a transaction, once: nobody knows whether one that was
    /// interrupted is stored.
    pub(super) fn execute_at_once(
        &self,
        statement: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let done = self.execute_once(statement, parameters);
        self.attempt.may_be_stored();
        done
    }

    /// Runs one statement, and tells the attempt when it fails.
    pub(super) fn execute_once(
        &self,
        statement: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let result = self.sql.execute(statement, parameters);
        Ok(result.inspect_err(|error| self.attempt.failed(error))?)
    }

    /// Runs `work`, and again when it fails because a statement was interrupted. Nothing of `work`
    /// may be stored by then.
    pub(super) fn retried<T, E: From<Error>>(
        &self,
        work: impl Fn(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.attempt.repeat(|| work(self))
    }

    /// Runs one statement and returns its first row.
    pub(super) fn first(
        &self,
        statement: &str,
        parameters: impl Into<Vec<Value>>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.execute(statement, parameters)?.into_iter().next())
    }
}
