//! Opens databases: ours as it is, ours brought to the newest schema, or one that is only
//! looked at.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kamiflow_sync_component::store::{SCHEMA_VERSION, steps};
use rusqlite::{Connection, OpenFlags};

use super::files;

/// The first schema that was released.
const FIRST_SCHEMA: i64 = 8;
/// A server under load may keep a writer waiting for longer than `SQLite`'s usual 5 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a database of this program that exists.
///
/// # Errors
///
/// When it does not exist, is none of this program, or is of a newer one.
pub fn existing(file: &Path) -> Result<Connection> {
    let shown = file.display();
    ensure!(file.is_file(), "there is no database {shown}");
    let length = file.metadata().map_or(0, |file| file.len());
    ensure!(length > 0, "{shown} is empty: nothing was stored yet");
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("cannot open {shown}"))?;
    connection.busy_timeout(PATIENCE)?;
    match version(&connection).with_context(|| format!("cannot read {shown}"))? {
        newer if newer > SCHEMA_VERSION => bail!(
            "{shown} is newer than this program: it has schema {newer}, this program knows \
             {SCHEMA_VERSION}"
        ),
        FIRST_SCHEMA..=SCHEMA_VERSION => Ok(connection),
        _ => bail!("{shown} is no database of KamiFlow Sync"),
    }
}

/// Opens the database for storing into it: makes it when there is none, and applies the
/// steps of the schema that it lacks.
pub fn current(file: &Path) -> Result<Connection> {
    files::prepare(file)?;
    let mut connection = Connection::open(file)?;
    connection.busy_timeout(PATIENCE)?;
    if version(&connection)? < SCHEMA_VERSION {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let have = version(&transaction)?;
        for (number, step) in steps().filter(|(number, _)| *number > have) {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", number)?;
        }
        transaction.commit()?;
    }
    // An import is acknowledged by its exit code, and is then on the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Opens a database of any kind that is only read.
pub fn read_only(file: &Path) -> Result<Connection> {
    let shown = file.display();
    ensure!(file.is_file(), "there is no file {shown}");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(file, flags).with_context(|| format!("cannot open {shown}"))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
