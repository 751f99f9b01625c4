//! The one user of SQLite: connections, transactions, and the way from rows to values.
//!
//! What a transaction promises: nothing of it is visible to others before [`Store::write`] commits,
//! and a commit is on the disk before it returns. Any error drops the connection, which makes
//! SQLite roll back; so does a guest that traps.

mod feed;
mod history;
mod known;
mod migrate;
mod project;
mod push;
mod restore;
mod retention;
mod stamp;
mod tree;
mod versions;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use spin_sdk::sqlite3::{Connection, QueryResult, RowResult, Value};

use crate::bindings::wasi::keyvalue::store as key_value;
use crate::error::Error;
use crate::project::{Checksum, ProjectId};

pub use feed::{Change, PAGE_BYTES, Page, Scope};
pub use history::{Target, Version};
pub use migrate::{SCHEMA_VERSION, steps};
pub use project::{Listed, Project};
pub use push::Applied;
pub use restore::Moment;
pub use stamp::Stamp;
pub use tree::Entry;

/// How a transaction begins that leans on nothing of its connection, neither pragmas nor temporary
/// tables: a host may commit it together with those of others. To SQLite the comment says nothing.
pub const BEGIN_JOINTLY: &str = "BEGIN /* jointly */ IMMEDIATE";

/// How long a writer waits for the others.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open database with the schema of this program.
pub struct Store {
    connection: Connection,
    looks_often: Cell<bool>,
}

thread_local! {
    /// Kept for the life of the instance, which on a host that reuses instances saves every
    /// request but the first from opening one.
    static KEPT: RefCell<Option<Store>> = const { RefCell::new(None) };
}

impl Store {
    /// Runs `ask` on a connection of the label `default`, opened only if this instance has none.
    pub fn with<T>(ask: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let store = match KEPT.take() {
            Some(store) => store,
            None => Self::open()?,
        };
        let answer = ask(&store)?;
        KEPT.set(Some(store));
        Ok(answer)
    }

    /// Runs `ask` on one snapshot of the database, so that what several statements read belongs
    /// together: between two of them a project may be deleted, and its number and those of
    /// its content given to another.
    pub fn read<T>(ask: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        Self::with(|store| store.snapshot(ask))
    }

    /// Runs `ask` on a project and, on the same snapshot, whatever belongs to it. Where its row
    /// `is_enough`, as for most polls, that is the only statement.
    pub fn read_project<T>(
        id: &ProjectId,
        is_enough: impl FnOnce(&Project) -> bool,
        ask: impl FnOnce(&Self, Option<Project>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        Self::with(|store| match store.project(id)? {
            Some(project) if !is_enough(&project) => {
                store.snapshot(|store| ask(store, store.project(id)?))
            }
            project => ask(store, project),
        })
    }

    fn snapshot<T>(&self, ask: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        self.execute("BEGIN", &[])?;
        let answer = ask(self)?;
        self.execute("ROLLBACK", &[])?;
        Ok(answer)
    }

    /// Runs `work` in a transaction that no other writer is inside of, and commits.
    pub fn write<T>(work: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        Self::with(|store| store.transaction(BEGIN_JOINTLY, "COMMIT", work))
    }

    fn transaction<T>(
        &self,
        begin: &str,
        end: &str,
        work: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.begin(begin)?;
        let answer = work(self)?;
        self.execute(end, &[])?;
        Ok(answer)
    }

    /// Waits for the lock that writing needs. SQLite looks for it after pauses that grow to a tenth of
    /// a second, and has lost it to others by then; who begins anew begins with short ones.
    fn begin(&self, begin: &str) -> Result<(), Error> {
        let started = Instant::now();
        if !self.looks_often.replace(true) {
            // A server that manages its own file refuses this, and has its own way to wait.
            self.execute("PRAGMA busy_timeout = 20", &[]).ok();
        }
        loop {
            match self.execute(begin, &[]) {
                Err(Error::Busy) if started.elapsed() < PATIENCE => {}
                begun => return begun.map(drop),
            }
        }
    }

    /// Lets a single statement wait for others as long as [`begin`](Self::begin) does.
    fn wait_patiently(&self) {
        let timeout = format!("PRAGMA busy_timeout = {}", PATIENCE.as_millis());
        self.execute(&timeout, &[]).ok();
        self.looks_often.set(false);
    }

    /// Reads the database and takes the lock that writing needs.
    pub fn check() -> Result<(), Error> {
        Self::write(|store| store.execute("SELECT count(*) FROM project", &[]).map(drop))
    }

    fn open() -> Result<Self, Error> {
        let connection = Connection::open_default().map_err(failed)?;
        migrate::migrate(&connection)?;
        stay_open();
        let looks_often = Cell::new(false);
        Ok(Self {
            connection,
            looks_often,
        })
    }

    fn execute(&self, statement: &str, parameters: &[Value]) -> Result<QueryResult, Error> {
        self.connection
            .execute(statement, parameters)
            .map_err(failed)
    }
}

/// Keeps the database file open beyond this instance, as far as the host can.
///
/// Spin has a new instance and so a new connection for each request, and the last one that closes
/// empties the write-ahead log and deletes it, which takes longer than a push. Its key-value store,
/// in the same file by `runtime-config.toml`, stays open as long as the process, and keeps the log
/// open when it comes after the switch to it. Where it is elsewhere, or cannot be opened, nothing
/// is lost but that time.
fn stay_open() {
    _ = key_value::open("default");
}

/// A JSON array as one parameter, for `json_each`.
fn json_array<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::Text(serde_json::Value::from_iter(texts).to_string())
}

/// The same for numbers.
fn json_numbers(numbers: &[i64]) -> Value {
    Value::Text(serde_json::Value::from(numbers).to_string())
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn optional_text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, text)
}

fn optional_integer(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Integer)
}

fn integer<T: for<'v> TryFrom<&'v Value>>(row: &RowResult, column: usize) -> Result<T, Error> {
    row.get(column)
        .ok_or_else(|| Error::Internal(format!("column {column} is not the number it should be")))
}

/// A checksum; none for a deletion.
fn optional_checksum(row: &RowResult, column: usize) -> Option<Checksum> {
    row.get::<&[u8]>(column).and_then(Checksum::from_bytes)
}

/// Takes a text out of a row without a copy.
fn take_text(row: &mut RowResult, column: usize) -> Result<String, Error> {
    match row
        .values
        .get_mut(column)
        .map(|value| std::mem::replace(value, Value::Null))
    {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(Error::Internal(format!(
            "column {column} is not the text it should be"
        ))),
    }
}

/// What SQLite says, as text only, in the words of a request.
fn failed(error: spin_sdk::sqlite3::Error) -> Error {
    use spin_sdk::sqlite3::Error as Sqlite;
    match error {
        Sqlite::DatabaseFull => Error::StorageFull,
        Sqlite::Io(text) if text.contains("database is locked") => Error::Busy,
        Sqlite::Io(text) if text.contains("database or disk is full") => Error::StorageFull,
        other => Error::Internal(format!("sqlite: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_and_a_full_disk_are_told_apart_from_other_failures() {
        let io = |text: &str| failed(spin_sdk::sqlite3::Error::Io(text.to_owned()));
        assert!(matches!(io("database is locked"), Error::Busy));
        assert!(matches!(io("database or disk is full"), Error::StorageFull));
        assert!(matches!(io("no such table: x"), Error::Internal(_)));
    }
}
