//! Opens a database natively: as it is, migrated to the newest schema, or read-only.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kamiflow_sync_component::store::{SCHEMA_VERSION, steps};
use rusqlite::{Connection, OpenFlags};

use super::files::length;
use super::prepare::prepare;

/// The oldest schema that a release had.
const FIRST_SCHEMA: i64 = 8;
/// A server under load may keep a writer waiting for longer than rusqlite's default of 5 s.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens an existing database of this program without migrating it.
///
/// # Errors
///
/// When it does not exist, belongs to another program, or was written by a newer version.
pub fn existing(file: &Path) -> Result<Connection> {
    let shown = file.display();
    ensure!(file.is_file(), "there is no database {shown}");
    ensure!(length(file) > 0, "{shown} is empty: nothing was stored yet");
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("cannot open {shown}"))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    match version(&connection).with_context(|| format!("cannot read {shown}"))? {
        newer if newer > SCHEMA_VERSION => bail!(
            "{shown} is newer than this program: it has schema {newer}, this program knows \
             {SCHEMA_VERSION}"
        ),
        FIRST_SCHEMA..=SCHEMA_VERSION => Ok(connection),
        _ => bail!("{shown} is no database of KamiFlow Sync"),
    }
}

/// Opens the database to write to it. Creates it if it does not exist, and applies the schema steps
/// that it lacks.
pub fn migrated(file: &Path) -> Result<Connection> {
    prepare(file)?;
    let mut connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
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
    // The exit code of an import acknowledges it, so it must be on the disk by then.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Opens a database of any program.
pub fn read_only(file: &Path) -> Result<Connection> {
    let shown = file.display();
    ensure!(file.is_file(), "there is no file {shown}");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(file, flags).with_context(|| format!("cannot open {shown}"))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
