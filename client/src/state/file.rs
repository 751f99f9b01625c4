//! The file of the database: its schema, and what happens to a damaged one.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use crate::error::{At, SyncError};

const SCHEMA: &str = include_str!("schema.sql");

/// Opens the database, and makes it where it is missing or damaged.
pub(super) fn open(file: &Path) -> Result<Connection, SyncError> {
    match migrated(file) {
        Err(rusqlite::Error::SqliteFailure(error, _)) if is_damage(error.code) => {
            let aside = file.with_extension("db.damaged");
            std::fs::rename(file, &aside).at(file)?;
            Ok(migrated(file)?)
        }
        connection => Ok(connection?),
    }
}

/// An empty database that is nowhere.
pub(super) fn in_memory() -> Result<Connection, SyncError> {
    Ok(migrate(Connection::open_in_memory()?)?)
}

fn is_damage(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
}

fn migrated(file: &Path) -> rusqlite::Result<Connection> {
    migrate(Connection::open(file)?)
}

fn migrate(mut connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    // 256 KiB instead of 2 MB: all rows are read once and then remembered. A large write takes more until it is done.
    connection.pragma_update(None, "cache_size", -256)?;
    connection.pragma_update(None, "cache_spill", false)?;
    let version: usize = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    let quick_check = "PRAGMA quick_check(1)";
    let sound: String = connection.query_row(quick_check, (), |row| row.get(0))?;
    if sound != "ok" {
        let damage = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(damage, Some(sound)));
    }
    for (step, statements) in steps().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(statements)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(connection)
}

/// The steps of the schema, each with its number.
fn steps() -> impl Iterator<Item = (usize, &'static str)> {
    let steps = SCHEMA.split("-- v ").skip(1);
    let statements = |step: &'static str| step.split_once('\n').map_or("", |(_, rest)| rest);
    (1..).zip(steps.map(statements))
}
