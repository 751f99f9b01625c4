//! Makes it recognisable which database file a log belongs to (`database/log_check.rs`).
//!
//! Whenever a part of the log was moved into the file, the next transaction raises the application id
//! by one. So the file and what the log adds to it have different ids, and so do the file and all its
//! earlier states. Each process starts with an id of its own, since the file may be a copy of another.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use kamiflow_sync_component::store::SCHEMA_VERSION;
use rusqlite::types::FromSql;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::log_watch::{LogWatch, MAX_KEPT_LOG};
use super::opened_files::OpenedFiles;
use crate::database::header::Header;
use crate::database::log_base;

#[derive(Debug)]
pub struct LogId {
    file: PathBuf,
    watch: Arc<LogWatch>,
    open: Option<Open>,
    state: State,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    /// Never closed: that would release the locks of all connections of this process on the file.
    file: &'static File,
}

#[derive(Debug)]
enum State {
    /// This process has not written yet.
    New,
    /// A part of the log was moved into the file, mostly all of it.
    Moved,
    /// The id was raised when the file began like this. The schema is not complete yet, and its
    /// creation may be lost.
    Empty(Header),
    /// The id was raised when the file began like this.
    Raised(Header),
    /// It is on the disk that the log has changes that the file lacks.
    Recorded,
}

impl LogId {
    pub fn new(file: PathBuf, watch: Arc<LogWatch>) -> Self {
        Self {
            file,
            watch,
            open: None,
            state: State::New,
        }
    }

    /// Says that a part of the log was moved into the file.
    pub fn moved(&self) {
        self.watch.moved();
    }

    /// Whether it is time to move the log into the file.
    pub fn is_long(&self) -> bool {
        self.watch.is_long()
    }

    /// Moves the log, as far as no reader needs it.
    pub fn move_by(&self, connection: &Connection) {
        self.watch.move_by(connection);
    }

    /// Raises the id if the log begins with the next transaction, which must not have begun.
    ///
    /// It waits for nobody. After a failure, such as a full disk, the next call tries again.
    ///
    /// # Errors
    ///
    /// When the file or its log was deleted or replaced.
    pub fn begin(&mut self) -> Result<(), &'static str> {
        self.watch.require_opened()?;
        self.raise_if_moved();
        Ok(())
    }

    fn raise_if_moved(&mut self) {
        if self.watch.take_moved() {
            self.state = State::Moved;
        }
        let next = match self.state {
            State::New | State::Moved => self.raise_once(),
            State::Empty(base) => self.schema_state(base),
            State::Raised(_) | State::Recorded => return,
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
        match log_base::set(&self.file, &base) {
            Ok(()) => self.state = State::Recorded,
            Err(error) => tracing::debug!(%error, "the log is not recorded"),
        }
    }

    fn raise_once(&mut self) -> Result<State> {
        let is_new = matches!(self.state, State::New);
        if is_new && !has_log(&self.open()?.connection)? {
            return Ok(State::New);
        }
        if is_new {
            self.renew()?;
            self.watch.set_opened(OpenedFiles::of(&self.file)?);
        }
        self.raise()?;
        let base = Header::of(self.open()?.file)?;
        self.schema_state(base)
    }

    /// Before the commits that count.
    fn schema_state(&mut self, base: Header) -> Result<State> {
        let schema: i64 = value(&self.open()?.connection, "user_version")?;
        self.watch.forget_commits();
        Ok(match schema {
            SCHEMA_VERSION => State::Raised(base),
            _ => State::Empty(base),
        })
    }

    /// Gives the file a new id, unless a reader needs the log.
    fn renew(&mut self) -> Result<()> {
        // First, because a log begins with a raised id.
        self.raise()?;
        let connection = &self.open()?.connection;
        connection.pragma_update(None, "application_id", getrandom::u32()?.cast_signed())?;
        connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)?;
        Ok(())
    }

    fn raise(&mut self) -> Result<()> {
        self.watch.expect_beginning();
        let connection = &self.open()?.connection;
        let raise = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let id = value::<i32>(&raise, "application_id")?.wrapping_add(1);
        raise.pragma_update(None, "application_id", id)?;
        Ok(raise.commit()?)
    }

    fn open(&mut self) -> Result<&Open> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.file)?,
        };
        Ok(self.open.insert(open))
    }
}

impl Open {
    fn new(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "journal_size_limit", MAX_KEPT_LOG)?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        let file = Box::leak(Box::new(File::open(path)?));
        Ok(Self { connection, file })
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
