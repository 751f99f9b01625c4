//! An open database: one connection, its statements and its transactions.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::error::Error;
use super::row::{Row, Value};
use super::sql::Sql;

/// Begins a transaction that relies on nothing of its connection, neither pragmas nor temporary
/// tables, so that a host may commit it together with those of others. To SQLite the comment means
/// nothing.
pub const BEGIN_GROUPED: &str = "BEGIN /* grouped */ IMMEDIATE";

/// How long a writer waits for others, unless [`Store::with_lock_timeout`] says otherwise.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long SQLite itself waits before the store tries again.
const SHORT_TIMEOUT: Duration = Duration::from_millis(20);

/// An open database with the schema of this program.
///
/// Nothing of a transaction is visible to others before it commits, a commit is on the disk before
/// it returns, and an error rolls back.
pub struct Store {
    sql: Box<dyn Sql>,
    lock_timeout: Duration,
    /// Whether SQLite's own timeout is the short one.
    has_short_timeout: Cell<bool>,
}

impl Store {
    /// Takes a connection and leaves the schema as it is: from `FIRST_SCHEMA` to `SCHEMA_VERSION`,
    /// or reads fail.
    pub fn open_unchanged(sql: impl Sql + 'static) -> Self {
        Self {
            sql: Box::new(sql),
            lock_timeout: LOCK_TIMEOUT,
            has_short_timeout: Cell::new(false),
        }
    }

    /// Waits this long for other writers.
    pub fn with_lock_timeout(self, lock_timeout: Duration) -> Self {
        Self {
            lock_timeout,
            ..self
        }
    }

    /// Runs `ask` on one snapshot of the database, so that what several statements read belongs
    /// together: between two of them a project may be deleted, and its number and those of its
    /// content given to another.
    pub fn snapshot<T, E: From<Error>>(
        &self,
        ask: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run("BEGIN")?;
        let answer = ask(self)?;
        self.run("ROLLBACK")?;
        Ok(answer)
    }

    /// Runs `work` in a transaction that excludes other writers, and commits.
    pub fn write<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction(BEGIN_GROUPED, "COMMIT", work)
    }

    pub(super) fn transaction<T, E: From<Error>>(
        &self,
        begin: &str,
        end: &str,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(begin)?;
        let answer = work(self).inspect_err(|_| {
            // SQLite may have rolled back by itself, for example because the disk is full.
            self.run("ROLLBACK").ok();
        })?;
        self.run(end)?;
        Ok(answer)
    }

    /// Waits for the lock that writing needs. SQLite looks for it after pauses that grow to a tenth
    /// of a second, and has lost it to others by then; a new attempt starts with short pauses.
    fn begin(&self, begin: &str) -> Result<(), Error> {
        let started = Instant::now();
        if !self.has_short_timeout.replace(true) {
            self.set_busy_timeout(SHORT_TIMEOUT);
        }
        loop {
            match self.run(begin) {
                Err(Error::Busy) if started.elapsed() < self.lock_timeout => {}
                begun => return begun.map(drop),
            }
        }
    }

    /// A server that manages its own file refuses this pragma, and has its own way to wait.
    fn set_busy_timeout(&self, timeout: Duration) {
        let pragma = format!("PRAGMA busy_timeout = {}", timeout.as_millis());
        self.run(&pragma).ok();
    }

    /// Runs one statement without parameters and returns its rows.
    pub(super) fn run(&self, statement: &str) -> Result<Vec<Row>, Error> {
        self.execute(statement, Vec::new())
    }

    /// Runs one statement and returns its rows.
    pub(super) fn execute(
        &self,
        statement: &str,
        parameters: impl Into<Vec<Value>>,
    ) -> Result<Vec<Row>, Error> {
        Ok(self.sql.execute(statement, parameters.into())?)
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
