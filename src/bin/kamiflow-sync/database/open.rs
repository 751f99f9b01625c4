//! Opens a database natively: as it is, migrated to the newest schema, or read-only.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use kamiflow_sync_component::store::Store;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::Access;
use rustix::io::Errno;

use super::access;
use super::disk_reserve::opened_despite_full_disk;
use super::files::{behind_links, length, with_suffix};
use super::lending::LendingConnection;
use super::log_check::require_own_log;
use super::prepare::prepare;
use super::recognition;
use crate::say::note;

/// A server under load may keep a writer waiting for longer than rusqlite's default of 5 s.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens an existing database of this program, of any released schema. When it is closed, SQLite moves its log into it.
///
/// # Errors
///
/// As for [`existing_to_read`].
pub fn existing(file: &Path) -> Result<Connection> {
    let connection = existing_to_read(file)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// The same to read it: the log of a server that was killed stays as it is, whatever comes of it.
///
/// # Errors
///
/// When it does not exist, belongs to another program, was written by a newer version, or is not the
/// one that its log belongs to.
pub fn existing_to_read(file: &Path) -> Result<Connection> {
    let shown = file.display();
    require_readable(file)?;
    require_own_log(file)?;
    ensure!(file.is_file(), "there is no database {shown}");
    ensure!(length(file) > 0, "{shown} is empty: nothing was stored yet");
    let opened = opened_despite_full_disk(file, || open(file));
    let (connection, version) = opened.map_err(|error| access::explain_to_command(file, error))?;
    recognition::require_own(file, &connection)?;
    ensure!(
        version != 0,
        "{shown} has no tables yet: where a server has just started, try again in a moment"
    );
    Ok(connection)
}

/// Opens a file, and reads which schema it has.
fn open(file: &Path) -> Result<(Connection, i64)> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    leave_log(&connection, file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    overwrite_deleted(&connection)?;
    let version = version(&connection).map_err(|error| unreadable(file, error))?;
    Ok((connection, version))
}

/// The error for a `file` that SQLite cannot read.
pub fn unreadable(file: &Path, error: rusqlite::Error) -> Error {
    let shown = file.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) if is_on_read_only_disk(file) => anyhow!(
            "{shown} cannot be read where nothing can be written: copy it to another folder"
        ),
        Some(ErrorCode::NotADatabase) => anyhow!(
            "{shown} is not a database: name the right file, or, if this was one, restore a backup"
        ),
        _ => Error::new(error).context(format!("cannot read {shown}")),
    }
}

/// There a database in WAL mode cannot be read, unless its log is there.
fn is_on_read_only_disk(file: &Path) -> bool {
    rustix::fs::access(file, Access::WRITE_OK) == Err(Errno::ROFS)
}

/// As [`existing`], for a file that may have been tampered with: none of its triggers and views
/// runs, and its schema calls no function that could do harm.
pub fn untrusted(file: &Path) -> Result<Connection> {
    distrust(existing(file)?)
}

/// As [`existing_to_read`], for such a file.
pub fn untrusted_to_read(file: &Path) -> Result<Connection> {
    distrust(existing_to_read(file)?)
}

fn distrust(connection: Connection) -> Result<Connection> {
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    ] {
        connection.set_db_config(setting, value)?;
    }
    Ok(connection)
}

/// The store of an existing database, to read it, whatever its schema.
pub fn existing_store(file: &Path) -> Result<Store> {
    let store = Store::open_unchanged(existing_to_read(file)?);
    Ok(with_long_timeout(store))
}

/// SQLite moves the log into the file and deletes it when the last connection is closed. Only an empty one may go that
/// way: whoever looks at a database may want to keep a copy of it as it was found.
fn leave_log(connection: &Connection, file: &Path) -> Result<()> {
    let log = with_suffix(&behind_links(file), "-wal");
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, length(&log) > 0)?;
    Ok(())
}

/// Waits for other writers, and says so when that takes long.
fn with_long_timeout(store: Store) -> Store {
    let store = store.with_lock_timeout(BUSY_TIMEOUT);
    store.with_wait_notice(|| {
        let seconds = BUSY_TIMEOUT.as_secs();
        note!(
            "kamiflow-sync: waiting for another program that writes to the database, {seconds} seconds at most"
        );
    })
}

/// The store of the database that this process serves, to read it. Nothing but SQLite may open a file that SQLite
/// has open: when it is closed, the locks of all its connections are gone, and another program takes the database
/// for one that nobody uses (<https://sqlite.org/howtocorrupt.html>, 2.2).
pub fn served_store(file: &Path) -> Result<Store> {
    served(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// As [`served_store`], to write to it.
pub fn served_store_to_write(file: &Path) -> Result<Store> {
    served(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn served(file: &Path, flags: OpenFlags) -> Result<Store> {
    let connection = Connection::open_with_flags(file, flags)?;
    overwrite_deleted(&connection)?;
    Ok(Store::open_unchanged(connection))
}

/// Opens the database to write to it. Creates it if it does not exist, and applies the schema steps
/// that it lacks.
pub fn migrated(file: &Path) -> Result<Store> {
    opened_despite_full_disk(file, || migrate(file))
}

fn migrate(file: &Path) -> Result<Store> {
    prepare(file)?;
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    overwrite_deleted(&connection)?;
    // The exit code of an import acknowledges it, so it must be on the disk by then.
    connection.pragma_update(None, "synchronous", "FULL")?;
    let connection = LendingConnection::new(connection, file);
    Ok(with_long_timeout(Store::open(connection)?))
}

/// As for the server's connections.
fn overwrite_deleted(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "secure_delete", true)
}

/// Opens a database of any program.
pub fn read_only(file: &Path) -> Result<Connection> {
    require_file(file)?;
    connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// By the path from the root: SQLite takes a name that begins with `file:` for an address.
fn connect(file: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(std::path::absolute(file)?, flags);
    connection.with_context(|| format!("cannot open {}", file.display()))
}

/// Fails when there is no such file, or this process may not read it.
pub fn require_file(file: &Path) -> Result<()> {
    require_readable(file)?;
    ensure!(file.is_file(), "there is no file {}", file.display());
    Ok(())
}

/// A file that can only be read will do, for example a backup.
fn require_readable(file: &Path) -> Result<()> {
    match File::open(file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            bail!(access::denied(file))
        }
        _ => Ok(()),
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
