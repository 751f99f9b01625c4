//! Makes it recognisable which database file a log belongs to (`database/log_check.rs`).
//!
//! Whenever the file has all of the log, the next transaction raises the application id by one. So
//! the file and what the log adds to it have different ids, and so do the file and all its earlier
//! states. Each process starts with an id of its own, since the file may be a copy of another.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kamiflow_sync_component::store::SCHEMA_VERSION;
use rusqlite::types::FromSql;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::log_watch::{LogWatch, MAX_KEPT_LOG};
use crate::database::log_base::{self, LogBase};

#[derive(Debug)]
pub struct LogId {
    file: PathBuf,
    watch: Arc<LogWatch>,
    connection: Option<Connection>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// This process has not written yet.
    New,
    /// The file has all of the log.
    Moved,
    /// The id was raised, and the schema is not complete yet. Its creation may be lost.
    Empty(LogBase),
    /// The id was raised.
    Raised(LogBase),
    /// It is on the disk that the log has changes that the file lacks; or the file lacks a part of
    /// the log from before, so that its state is unknown.
    Settled,
}

impl LogId {
    pub fn new(file: PathBuf, watch: Arc<LogWatch>) -> Self {
        Self {
            file,
            watch,
            connection: None,
            state: State::New,
        }
    }

    /// Raises the id if the log begins with the next transaction, which must not have begun.
    ///
    /// It waits for nobody. After a failure, such as a full disk, the next call tries again.
    pub fn begin(&mut self) {
        if self.watch.take_moved() {
            self.state = State::Moved;
        }
        let next = match self.state {
            State::New | State::Moved => self.raise_once(),
            State::Empty(base) => self.schema_state(base),
            State::Raised(_) | State::Settled => return,
        };
        match next {
            Ok(state) => self.state = state,
            Err(error) => tracing::debug!(%error, "the log keeps its id"),
        }
    }

    /// After a commit, before it is acknowledged: records that the log has changes that the file
    /// lacks.
    pub fn record(&mut self) {
        let State::Raised(base) = self.state else {
            return;
        };
        if !self.watch.has_commits() {
            return;
        }
        match log_base::set(&self.file, base) {
            Ok(()) => self.state = State::Settled,
            Err(error) => tracing::debug!(%error, "the log is not recorded"),
        }
    }

    fn raise_once(&mut self) -> rusqlite::Result<State> {
        let is_new = matches!(self.state, State::New);
        if is_new && !has_log(self.connection()?)? {
            return Ok(State::New);
        }
        let is_moved = !is_new || self.renew()?;
        if !is_moved {
            return Ok(State::Settled);
        }
        let base = self.raise()?;
        self.schema_state(base)
    }

    /// Before the commits that count.
    fn schema_state(&mut self, base: LogBase) -> rusqlite::Result<State> {
        let schema: i64 = value(self.connection()?, "user_version")?;
        self.watch.forget_commits();
        Ok(match schema {
            SCHEMA_VERSION => State::Raised(base),
            _ => State::Empty(base),
        })
    }

    /// Gives the file a new id. Returns whether it has all of the log then.
    fn renew(&mut self) -> rusqlite::Result<bool> {
        // First, because a log begins with a raised id.
        self.raise()?;
        let id = getrandom::u32().unwrap_or_default();
        let connection = self.connection()?;
        connection.pragma_update(None, "application_id", id.cast_signed())?;
        let (all, moved) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)?;
        Ok(all == moved)
    }

    /// Returns what the file was like before, if it had all of the log.
    fn raise(&mut self) -> rusqlite::Result<LogBase> {
        self.watch.expect_beginning();
        let connection = self.connection()?;
        let raise = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let base = LogBase {
            application_id: value::<i32>(&raise, "application_id")?.cast_unsigned(),
            schema_cookie: value::<i32>(&raise, "schema_version")?.cast_unsigned(),
            page_count: value(&raise, "page_count")?,
            free_pages: value(&raise, "freelist_count")?,
        };
        let id = base.application_id.wrapping_add(1);
        raise.pragma_update(None, "application_id", id.cast_signed())?;
        raise.commit()?;
        Ok(base)
    }

    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        if self.connection.is_none() {
            let connection = Connection::open(&self.file)?;
            connection.busy_timeout(Duration::ZERO)?;
            connection.pragma_update(None, "journal_size_limit", MAX_KEPT_LOG)?;
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
            self.connection = Some(connection);
        }
        self.connection
            .as_ref()
            .ok_or(rusqlite::Error::QueryReturnedNoRows)
    }
}

/// A new file has none before its schema is created.
fn has_log(connection: &Connection) -> rusqlite::Result<bool> {
    // The mode is known only after something was read.
    value::<i64>(connection, "user_version")?;
    Ok(value::<String>(connection, "journal_mode")? == "wal")
}

fn value<T: FromSql>(connection: &Connection, pragma: &str) -> rusqlite::Result<T> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}
