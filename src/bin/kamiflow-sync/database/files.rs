//! The `SQLite` files before and after serving: made private, looked at before the first
//! request so that trouble is one line at start, and checkpointed at the end.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use kamiflow_sync_component::store::SCHEMA_VERSION;
use rusqlite::{Connection, ErrorCode};

/// Makes the folder of `file` (mode 0700) and an empty `file` (mode 0600) where they do not
/// exist, checks that the file is a database that this program can write and knows, and puts it
/// back into WAL mode.
///
/// # Errors
///
/// One line that says which file is wrong and how.
pub fn prepare(file: &Path) -> Result<()> {
    create(file)?;
    let shown = file.display();
    let version = match look_at(file) {
        Ok(version) => version,
        Err(error) if is(&error, ErrorCode::NotADatabase) => {
            bail!("{shown} is not a SQLite database")
        }
        Err(error) => return Err(anyhow!(error).context(format!("cannot write to {shown}"))),
    };
    if version > SCHEMA_VERSION {
        bail!(
            "{shown} is newer than this program: it has schema {version}, this program knows \
             {SCHEMA_VERSION}; start the newer program or restore a backup"
        );
    }
    // A new file gets it with its schema.
    if version > 0 {
        switch_to_wal(file)?;
    }
    Ok(())
}

/// WAL is a property of the file, and another program may have taken it out of that mode;
/// readers would then wait for writers.
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

/// Makes the folder of `file`, with mode 0700.
pub fn create_folder(file: &Path) -> Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))
}

/// Makes `file` belong to whom its folder belongs, as far as this process may: root often
/// runs the commands, and another user the server, which must be able to open the file. A link is
/// not followed: that user could have it point at a file of root's.
pub fn give_to_owner_of_folder(file: &Path) {
    let owner = |path: &Path| {
        path.symlink_metadata()
            .map(|file| (file.uid(), file.gid()))
            .ok()
    };
    if let Some((user, group)) = file.parent().and_then(owner)
        && owner(file) != Some((user, group))
    {
        _ = std::os::unix::fs::lchown(file, Some(user), Some(group));
    }
}

/// Options for a small file of ours beside the database, mode 0600. A link in its place is an error.
pub fn beside_database() -> OpenOptions {
    let mut options = OpenOptions::new();
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    options
        .write(true)
        .create(true)
        .mode(0o600)
        .custom_flags(no_link);
    options
}

/// The path of `file` with `suffix` behind its name.
pub fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(file);
    path.push(suffix);
    path.into()
}

fn create(file: &Path) -> Result<()> {
    create_folder(file)?;
    let shown = file.parent().unwrap_or(Path::new("/")).display();
    let mut options = OpenOptions::new();
    // SQLite gives the log and the shared memory beside the file the same mode.
    match options.write(true).create_new(true).mode(0o600).open(file) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => {
            Err(e).with_context(|| format!("cannot write to the data folder {shown}"))
        }
        Err(_) => Ok(()),
        Ok(_) => {
            give_to_owner_of_folder(file);
            Ok(())
        }
    }
}

/// The schema version of `file`, after checking that a write transaction can begin.
fn look_at(file: &Path) -> rusqlite::Result<i64> {
    let connection = Connection::open(file)?;
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
        // Another process writes at this moment, so the file can be written.
        Err(error) if is(&error, ErrorCode::DatabaseBusy) => Ok(version),
        begun => begun.map(|()| version),
    }
}

fn is(error: &rusqlite::Error, code: ErrorCode) -> bool {
    error.sqlite_error_code() == Some(code)
}

/// Moves the write-ahead log of `file` into it, so that a copy of the one file is complete.
pub fn checkpoint(file: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(file)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

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
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        std::fs::write(
            &file,
            "a text of some length, which SQLite never wrote ".repeat(40),
        )
        .unwrap();
        let error = prepare(&file).unwrap_err().to_string();
        assert!(error.ends_with("is not a SQLite database"), "{error}");
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
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("blocked");
        std::fs::write(&blocked, "").unwrap();
        let error = prepare(&blocked.join("x.db")).unwrap_err().to_string();
        assert!(error.starts_with("cannot make the data folder"), "{error}");
    }

    #[test]
    fn a_checkpoint_leaves_everything_in_the_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let open = Connection::open(&file).unwrap();
        open.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x)")
            .unwrap();
        checkpoint(&file).unwrap();
        assert_eq!(folder.path().join("x.db-wal").metadata().unwrap().len(), 0);
    }
}
