//! Who uses a database: servers and imports share a lock on a file beside it, `restore` wants it
//! alone.
//!
//! The lock ends with the process that holds it, however that ends.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::files::{self, beside};

/// A held lock.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held to be dropped")] File);

impl Lock {
    /// The lock of a server or an import, of which there may be several.
    pub fn shared(database: &Path) -> Result<Self> {
        let file = lock_file(database)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                bail!("{} is being restored", database.display())
            }
            Err(TryLockError::Error(error)) => Err(error).context(failed(database)),
        }
    }

    /// The lock of a restore, which nobody may see half-done.
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
    files::create_folder(database)?;
    let path = beside(database, "-lock");
    let opened = files::beside_database().truncate(false).open(&path);
    let file = opened.with_context(|| failed(database))?;
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
    fn servers_share_a_lock_that_a_restore_wants_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let (one, two) = (
            Lock::shared(&database).unwrap(),
            Lock::shared(&database).unwrap(),
        );
        let refusal = Lock::exclusive(&database).unwrap_err().to_string();
        assert!(refusal.contains("stop it first"), "{refusal}");
        drop((one, two));
        let _restore = Lock::exclusive(&database).unwrap();
        let refusal = Lock::shared(&database).unwrap_err().to_string();
        assert!(refusal.contains("is being restored"), "{refusal}");
    }
    #[test]
    fn a_link_in_the_place_of_the_lock_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (database, target) = (folder.path().join("x.db"), folder.path().join("target"));
        std::os::unix::fs::symlink(&target, beside(&database, "-lock")).unwrap();
        assert!(Lock::shared(&database).is_err());
        assert!(!target.exists());
    }
}
