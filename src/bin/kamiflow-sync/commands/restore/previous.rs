//! The database that a restore replaces: not in use, and kept under another name.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OptionalExtension};

use crate::commands::atomic_file::AtomicFile;
use crate::commands::clock;
use crate::database::files::{give_to_owner_of_folder, sync_folder_of, with_suffix};
use crate::database::log_check::require_own_log;

/// How long to wait for another program that has the database open.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Links the previous database to another name, with its write-ahead log. The database also stays
/// under its own name until the new one replaces it: a server that starts after a crash in between
/// must not start with an empty database.
pub fn keep(database: &Path) -> Result<Option<PathBuf>> {
    require_unused(database)?;
    // A log may be left of a database that was deleted.
    if !database.exists() && !with_suffix(database, "-wal").exists() {
        return Ok(None);
    }
    let kept = free_name(database)?;
    // The log first: SQLite must never apply it to the restored file.
    for suffix in ["-wal", "-shm"] {
        let (from, to) = (with_suffix(database, suffix), with_suffix(&kept, suffix));
        if from.exists() {
            std::fs::rename(from, to)?;
        }
    }
    if database.exists() {
        link_or_copy(database, &kept, |from, to| std::fs::hard_link(from, to))
            .with_context(|| format!("cannot keep the database as {}", kept.display()))?;
    }
    sync_folder_of(database)?;
    Ok(Some(kept))
}

/// Another restore may have taken the name within the same second.
fn free_name(database: &Path) -> Result<PathBuf> {
    let name = format!(".before-restore-{}", clock::timestamp()?);
    let numbers = (2..).map(|number| format!("-{number}"));
    let mut names = std::iter::once(String::new())
        .chain(numbers)
        .map(|number| with_suffix(database, &format!("{name}{number}")));
    let is_free = |kept: &PathBuf| {
        ["", "-wal"]
            .iter()
            .all(|log| !with_suffix(kept, log).exists())
    };
    names.find(is_free).context("there are too many files")
}

/// Copies where `link` fails: not every file system has hard links.
fn link_or_copy(
    database: &Path,
    kept: &Path,
    link: impl Fn(&Path, &Path) -> std::io::Result<()>,
) -> Result<()> {
    if link(database, kept).is_ok() {
        return Ok(());
    }
    let unfinished = AtomicFile::create(kept, false)?;
    let mut copy = File::options().write(true).open(unfinished.path())?;
    std::io::copy(&mut File::open(database)?, &mut copy)?;
    unfinished.finish()?;
    give_to_owner_of_folder(kept);
    Ok(())
}

/// Moves the write-ahead log into the file, and fails when another program has the file open, such
/// as Spin, which does not use our lock. In this locking mode `SQLite` needs the file for itself.
pub fn require_unused(database: &Path) -> Result<()> {
    // A log of another file stays as it is, and is kept beside it.
    if !database.exists() || require_own_log(database).is_err() {
        return Ok(());
    }
    let connection = Connection::open(database)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let exclusive = connection
        .query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))
        .and_then(|()| connection.execute_batch("BEGIN EXCLUSIVE; COMMIT"))
        .and_then(|()| {
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .optional()
        });
    match exclusive {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            bail!(
                "another program has {} open: stop it first",
                database.display()
            )
        }
        // Other errors are ignored: a restore may be needed because the database is damaged.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_previous_database_stays_in_place_until_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let connection = Connection::open(&database).unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        drop(connection);
        let kept = keep(&database).unwrap().unwrap();
        let content = |file: &Path| std::fs::read(file).unwrap();
        assert_eq!(content(&database), content(&kept));
    }

    #[test]
    fn two_restores_within_one_second_keep_two_databases() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let kept: Vec<PathBuf> = ["one", "two", "three"]
            .map(|content| {
                _ = std::fs::remove_file(&database);
                std::fs::write(&database, content).unwrap();
                keep(&database).unwrap().unwrap()
            })
            .into();
        let content = kept
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap());
        assert_eq!(content.collect::<Vec<_>>(), ["one", "two", "three"]);
    }

    #[test]
    fn without_hard_links_the_previous_database_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let (database, kept) = (folder.path().join("x.db"), folder.path().join("kept"));
        std::fs::write(&database, "precious").unwrap();
        let unsupported = |_: &Path, _: &Path| Err(std::io::ErrorKind::Unsupported.into());
        link_or_copy(&database, &kept, unsupported).unwrap();
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "precious");
        assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    }
}
