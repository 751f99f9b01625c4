//! The lock between processes that use one database: servers and imports share it, and a restore or
//! `compact` holds it alone.
//!
//! It is a lock on a file beside the database, so it ends with the process, however that ends.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{access, files};

/// Unlocks when it is dropped.
#[derive(Debug)]
pub struct DatabaseLock(#[expect(dead_code, reason = "held to be dropped")] File);

impl DatabaseLock {
    /// For a server or an import; several may run at once.
    pub fn shared(database: &Path) -> Result<Self> {
        let file = lock_file(database)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "{} is being restored or compacted: try again afterwards",
                    database.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).context(failed(database)),
        }
    }

    /// For a restore, which no other process may see unfinished, or for `compact`.
    pub fn exclusive(database: &Path) -> Result<Self> {
        let file = lock_file(database)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "a server or an import uses {}: stop it first (a backup can be made while it runs)",
                database.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).context(failed(database)),
        }
    }
}

fn lock_file(database: &Path) -> Result<File> {
    let file = files::behind_links(database);
    files::create_folder(&file)?;
    let path = files::with_suffix(&file, "-lock");
    let opened = files::beside_database().truncate(false).open(&path);
    let file = opened
        .with_context(|| failed(database))
        .map_err(|error| access::explain_to_server(database, error))?;
    files::give_to_owner_of_folder(&path);
    Ok(file)
}

fn failed(database: &Path) -> String {
    format!("cannot lock {}", database.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_share_the_lock_and_a_restore_holds_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let servers = (
            DatabaseLock::shared(&database).unwrap(),
            DatabaseLock::shared(&database).unwrap(),
        );
        let refusal = DatabaseLock::exclusive(&database).unwrap_err().to_string();
        assert!(refusal.contains("stop it first"), "{refusal}");
        drop(servers);
        let _restore = DatabaseLock::exclusive(&database).unwrap();
        let refusal = DatabaseLock::shared(&database).unwrap_err().to_string();
        assert!(refusal.contains("is being restored"), "{refusal}");
    }

    #[test]
    fn a_database_behind_a_link_has_one_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (database, link) = (folder.path().join("x.db"), folder.path().join("link.db"));
        std::os::unix::fs::symlink(&database, &link).unwrap();
        let _server = DatabaseLock::shared(&link).unwrap();
        assert!(DatabaseLock::exclusive(&database).is_err());
    }

    #[test]
    fn a_symbolic_link_in_place_of_the_lock_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (database, target) = (folder.path().join("x.db"), folder.path().join("target"));
        std::os::unix::fs::symlink(&target, files::with_suffix(&database, "-lock")).unwrap();
        assert!(DatabaseLock::shared(&database).is_err());
        assert!(!target.exists());
    }
}
