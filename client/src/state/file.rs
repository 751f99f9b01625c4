//! The file of the database: its schema, and what happens to a damaged one.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::entry::{ENTRIES, PENDING};
use super::unsent::UNSENT;
use crate::error::{At, SyncError};

const SCHEMA: &str = include_str!("schema.sql");
const META: &str = "SELECT name, value FROM meta";
const DELETIONS: &str = "SELECT side, path, at, files FROM deletion";

/// Opens the database, and makes it where it is missing or damaged.
pub(super) fn open(file: &Path) -> Result<Connection, SyncError> {
    match opened(file) {
        Err(error) if is_damage(&error) => {
            let aside = file.with_extension("db.damaged");
            std::fs::rename(file, &aside).at(file)?;
            opened(file)
        }
        connection => connection,
    }
}

/// Opens the database to read it as it is; none where it is damaged, or older than this program.
pub(super) fn look(file: &Path) -> Result<Option<Connection>, SyncError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match looked_at(Connection::open_with_flags(file, flags)?) {
        Err(error) if is_damage(&error) || is_unfinished(&error) => Ok(None),
        connection => connection.map(Some),
    }
}

/// An empty database that is nowhere.
pub(super) fn in_memory() -> Result<Connection, SyncError> {
    migrated(Connection::open_in_memory()?)
}

fn opened(file: &Path) -> Result<Connection, SyncError> {
    migrated(Connection::open(file)?)
}

fn migrated(mut connection: Connection) -> Result<Connection, SyncError> {
    // 256 KiB instead of 2 MB: all rows are read once and then remembered. A large write takes more until it is done.
    connection.pragma_update(None, "cache_size", -256)?;
    connection.pragma_update(None, "cache_spill", false)?;
    let version = checked_version(&connection)?;
    for (step, statements) in steps().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(statements)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    with_tables(connection)
}

fn looked_at(connection: Connection) -> Result<Connection, SyncError> {
    checked_version(&connection)?;
    with_tables(connection)
}

fn with_tables(connection: Connection) -> Result<Connection, SyncError> {
    for query in [ENTRIES, PENDING, META, DELETIONS, UNSENT] {
        connection.prepare(query)?;
    }
    Ok(connection)
}

/// The number of the last step that was done, in a sound file.
fn checked_version(connection: &Connection) -> Result<usize, SyncError> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let version: usize = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if version > steps().count() {
        return Err(SyncError::Newer);
    }
    let quick_check = "PRAGMA quick_check(1)";
    let sound: String = connection.query_row(quick_check, (), |row| row.get(0))?;
    if sound != "ok" {
        let damage = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(damage, Some(sound)).into());
    }
    Ok(version)
}

/// The last is what SQLite says of tables that are not there, or not as they should be.
fn is_damage(error: &SyncError) -> bool {
    use ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
    matches!(code(error), Some(DatabaseCorrupt | NotADatabase | Unknown))
}

/// A program was killed while it wrote; only one that may write can put that right.
fn is_unfinished(error: &SyncError) -> bool {
    code(error) == Some(ErrorCode::ReadOnly)
}

fn code(error: &SyncError) -> Option<ErrorCode> {
    use rusqlite::Error::{SqlInputError, SqliteFailure};
    match error {
        SyncError::State(SqliteFailure(error, _) | SqlInputError { error, .. }) => Some(error.code),
        _ => None,
    }
}

/// The steps of the schema, each with its number.
fn steps() -> impl Iterator<Item = (usize, &'static str)> {
    let steps = SCHEMA.split("-- v ").skip(1);
    let statements = |step: &'static str| step.split_once('\n').map_or("", |(_, rest)| rest);
    (1..).zip(steps.map(statements))
}

/// The schema of the first release.
#[cfg(test)]
pub(super) fn first_step() -> &'static str {
    steps().next().map_or("", |(_, statements)| statements)
}
