//! A database whose file is all of it.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::files::{length, with_suffix};
use super::open;

/// What `SQLite` keeps beside a file, and with it changes that the file lacks.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// Moves the log of a database into its file. `SQLite` does so too when the last connection is closed, but says
/// nothing when the disk is full.
///
/// # Errors
///
/// When the disk is full, or another connection uses the log.
pub fn move_log_into(file: &Path) -> Result<()> {
    let connection = open::untrusted(file)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    let closed = connection.close().map_err(|(_, error)| error);
    closed.with_context(|| format!("cannot write {}", file.display()))?;
    ensure!(!busy, "another program reads {}", file.display());
    require(file)
}

/// Fails when the file lacks changes that are beside it.
pub fn require(file: &Path) -> Result<()> {
    let log = LOGS.map(|suffix| with_suffix(file, suffix));
    let log = log.iter().find(|log| length(log) > 0);
    ensure!(log.is_none(), "{} is not complete", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_file_is_complete_when_its_log_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let connection = Connection::open(&file).unwrap();
        let tables = "PRAGMA journal_mode = WAL; CREATE TABLE t (x)";
        connection.execute_batch(tables).unwrap();
        require(&file).unwrap_err();
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        require(&file).unwrap();
    }
}
