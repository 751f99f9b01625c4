//! The connection on which the transactions of a group write.

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::platform::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use crate::platform::log_id::LogId;
use crate::platform::query::{io, query};

pub(super) type CommitResult = Result<(), Error>;

/// The connection of the group, and the transactions that wait for its commit.
#[derive(Debug, Default)]
pub struct GroupCommit {
    pub(super) connection: Option<Connection>,
    /// Transactions whose work is in the open transaction. While no guest has the lock, a
    /// transaction is open exactly when this is not empty.
    pub(super) finished: Vec<oneshot::Sender<CommitResult>>,
    pub(super) log: Option<LogId>,
}

impl GroupCommit {
    pub fn with_log(log: LogId) -> Self {
        Self {
            log: Some(log),
            ..Self::default()
        }
    }

    /// Commits the finished transactions, if there are any.
    pub fn commit_finished(&mut self) -> CommitResult {
        if self.finished.is_empty() {
            return Ok(());
        }
        let result = self.run("COMMIT");
        self.record_log();
        self.report(result.clone());
        result
    }

    /// `SQLite`'s `data_version` of the connection, which changes when another one has committed.
    pub fn data_version(
        &mut self,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> Result<i64, Error> {
        self.connect(open)?;
        self.number("data_version")
    }

    /// Pages of the file without data.
    pub fn free_pages(
        &mut self,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> Result<i64, Error> {
        self.connect(open)?;
        self.number("freelist_count")
    }

    pub(super) fn number(&self, pragma: &str) -> Result<i64, Error> {
        let connection = self.connection.as_ref().ok_or(Error::InvalidConnection)?;
        let number = connection.pragma_query_value(None, pragma, |row| row.get(0));
        number.map_err(io)
    }

    fn connect(&mut self, open: impl FnOnce() -> rusqlite::Result<Connection>) -> CommitResult {
        if self.connection.is_none() {
            self.connection = Some(open().map_err(io)?);
        }
        Ok(())
    }

    pub(super) fn begin(
        &mut self,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> CommitResult {
        self.connect(open)?;
        self.run(if self.finished.is_empty() {
            "BEGIN IMMEDIATE"
        } else {
            "SAVEPOINT guest"
        })
    }

    /// Leaves the work of a transaction to the commit of the group.
    pub(super) fn finish(&mut self) -> oneshot::Receiver<CommitResult> {
        let released = if self.finished.is_empty() {
            Ok(())
        } else {
            self.run("RELEASE guest")
        };
        let (sender, receiver) = oneshot::channel();
        self.finished.push(sender);
        if released.is_err() {
            self.report(released);
        }
        receiver
    }

    /// Fails when the work that the transaction has seen is not committed.
    pub(super) fn roll_back(&mut self) -> CommitResult {
        let rolled_back = if self.finished.is_empty() {
            self.run("ROLLBACK")
        } else {
            self.run("ROLLBACK TO guest")
                .and_then(|()| self.run("RELEASE guest"))
        };
        match rolled_back {
            Ok(()) => return self.commit_finished(),
            Err(_) => self.report(rolled_back.clone()),
        }
        rolled_back
    }

    /// Reports the result to all finished transactions. After a failure the connection is closed,
    /// which rolls back what was not committed.
    pub(super) fn report(&mut self, result: CommitResult) {
        if result.is_err() {
            self.connection = None;
        }
        for sender in self.finished.drain(..) {
            // The guest may have been dropped.
            _ = sender.send(result.clone());
        }
    }

    pub(super) fn run(&self, statement: &str) -> CommitResult {
        self.query(statement, &[]).map(drop)
    }

    pub(super) fn query(
        &self,
        statement: &str,
        parameters: &[Value],
    ) -> Result<QueryResult, Error> {
        let connection = self.connection.as_ref().ok_or(Error::InvalidConnection)?;
        query(connection, statement, parameters)
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| !connection.is_autocommit())
    }
}
