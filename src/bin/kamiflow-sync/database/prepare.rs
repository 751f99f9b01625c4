//! A database file before and after serving: checked before the first request, so that a problem
//! is one message at start, and checkpointed at the end.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use kamiflow_sync_component::store::Store;
use rusqlite::{Connection, ErrorCode};

use super::{access, files, log_base, log_check, recognition};

/// Creates `file` unless it exists, checks that it is a database that this program knows and can
/// write to, and puts it into WAL mode.
///
/// # Errors
///
/// One line that says which file is wrong and how.
pub fn prepare(file: &Path) -> Result<()> {
    create_or_check(file).map_err(|error| access::explain_to_server(file, error))
}

fn create_or_check(file: &Path) -> Result<()> {
    log_check::require_own_log(file)?;
    files::create(file)?;
    if let Some(obstacle) = access::obstacle(file) {
        return Err(std::io::Error::new(ErrorKind::PermissionDenied, obstacle).into());
    }
    let shown = file.display();
    let version = match schema_version(file) {
        Ok(version) => version,
        Err(error) if is(&error, ErrorCode::NotADatabase) => {
            bail!("{shown} is not a database: set DB_PATH to the right file, or restore a backup")
        }
        Err(error) => return Err(anyhow!(error).context(format!("cannot write to {shown}"))),
    };
    Store::open_unchanged(Connection::open(file)?)
        .require_own()
        .map_err(|error| recognition::explain_to_server(file, error))?;
    // A new database enters WAL mode when its schema is created.
    if version > 0 {
        switch_to_wal(file)?;
    }
    Ok(())
}

/// Moves the write-ahead log of `file` into it, so that a copy of this one file is complete. This process must not have
/// it open: the look at the log would end the locks of its connections.
pub fn checkpoint(file: &Path) -> Result<()> {
    log_check::require_own_log(file)?;
    let connection = Connection::open(file)?;
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    // Another process may still use the log.
    if busy == 0 {
        log_base::clear(file)?;
    }
    Ok(())
}

/// Reads the version of the schema, and checks that a write transaction can begin.
fn schema_version(file: &Path) -> rusqlite::Result<i64> {
    let connection = Connection::open(file)?;
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // Whether another process is writing is known at once.
    connection.busy_timeout(Duration::ZERO)?;
    match connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
        // Another process is writing, so the file can be written to.
        Err(error) if is(&error, ErrorCode::DatabaseBusy) => Ok(version),
        begun => begun.map(|()| version),
    }
}

/// The journal mode is stored in the file, and another program may have changed it. Without WAL,
/// readers would wait for writers.
fn switch_to_wal(file: &Path) -> Result<()> {
    let switch = || -> rusqlite::Result<String> {
        Connection::open(file)?.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
    };
    let shown = file.display();
    let mode = switch().with_context(|| format!("cannot switch {shown} to WAL mode"))?;
    ensure!(
        mode == "wal",
        "{shown} stays in journal mode {mode:?}: its file system cannot share memory, as WAL \
         needs; keep it on a local disk"
    );
    Ok(())
}

fn is(error: &rusqlite::Error, code: ErrorCode) -> bool {
    error.sqlite_error_code() == Some(code)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use kamiflow_sync_component::store::SCHEMA_VERSION;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_and_file_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/x.db");
        prepare(&file).unwrap();
        assert_eq!(mode(file.parent().unwrap()), 0o700);
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn a_file_that_is_not_a_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        std::fs::write(
            &file,
            "a text of some length, which SQLite never wrote ".repeat(40),
        )
        .unwrap();
        let error = prepare(&file).unwrap_err().to_string();
        assert!(error.contains("is not a database: set DB_PATH"), "{error}");
    }

    #[test]
    fn a_newer_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let newer = format!("PRAGMA user_version = {}", SCHEMA_VERSION + 1);
        Connection::open(&file)
            .unwrap()
            .execute_batch(&newer)
            .unwrap();
        let error = prepare(&file).unwrap_err().to_string();
        assert!(error.contains("is newer than this program"), "{error}");
    }

    #[test]
    fn a_database_of_another_program_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let other = Connection::open(&file).unwrap();
        other.execute_batch("CREATE TABLE files (x)").unwrap();
        let error = prepare(&file).unwrap_err().to_string();
        assert!(error.contains("set DB_PATH to another file"), "{error}");
        other.execute_batch("CREATE TABLE projects (x)").unwrap();
        let error = prepare(&file).unwrap_err().to_string();
        let way = format!("import-legacy {}'", file.display());
        assert!(error.contains("original server") && error.contains(&way));
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("blocked");
        std::fs::write(&blocked, "").unwrap();
        let error = prepare(&blocked.join("x.db")).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot create the data folder"),
            "{error}"
        );
    }

    #[test]
    fn a_checkpoint_empties_the_write_ahead_log() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let open = Connection::open(&file).unwrap();
        open.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x)")
            .unwrap();
        checkpoint(&file).unwrap();
        assert_eq!(folder.path().join("x.db-wal").metadata().unwrap().len(), 0);
    }
}
