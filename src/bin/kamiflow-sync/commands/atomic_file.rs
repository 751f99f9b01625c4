//! A file that appears under its name only when it is whole and on the disk.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::database::files::{sync_folder_of, with_suffix};

/// What an unfinished file is called, behind the name that it will have.
pub const PART: &str = ".part";

/// `FILE.part`, which is removed unless it is finished.
pub struct Partial {
    part: PathBuf,
    target: PathBuf,
    /// Locked as long as this run is at work.
    file: File,
}

impl Partial {
    /// Makes an empty `FILE.part`, mode 0600, over one that an interrupted run left.
    ///
    /// # Errors
    ///
    /// When `target` exists and `force` is not given, when another run is writing it, or its folder
    /// cannot be written.
    pub fn begin(target: &Path, force: bool) -> Result<Self> {
        let shown = target.display();
        ensure!(
            force || !target.exists(),
            "{shown} exists: choose another name, or give --force"
        );
        let part = with_suffix(target, PART);
        ensure!(!is_at_work(&part), "another run is writing {shown}");
        remove(&part);
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600);
        let file = made
            .open(&part)
            .with_context(|| format!("cannot write {shown}"))?;
        file.try_lock()
            .with_context(|| format!("cannot lock {shown}"))?;
        Ok(Self {
            part,
            target: std::path::absolute(target)?,
            file,
        })
    }

    /// Removes what an interrupted run left of `target`.
    pub fn clear(target: &Path) {
        let part = with_suffix(target, PART);
        if !is_at_work(&part) {
            remove(&part);
        }
    }

    /// The unfinished file.
    pub fn path(&self) -> &Path {
        &self.part
    }

    /// Brings the file to the disk and then under its name.
    pub fn finish(self) -> Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.part, &self.target)?;
        sync_folder_of(&self.target)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        remove(&self.part);
    }
}

/// Whether another run has this unfinished file.
fn is_at_work(part: &Path) -> bool {
    let file = File::open(part);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn remove(part: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        _ = std::fs::remove_file(with_suffix(part, suffix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        drop(Partial::begin(&target, false).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        Partial::begin(&target, false).unwrap().finish().unwrap();
        assert!(target.is_file());
    }

    #[test]
    fn a_file_that_another_run_writes_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let first = Partial::begin(&target, false).unwrap();
        let refusal = Partial::begin(&target, true).err().unwrap().to_string();
        assert!(refusal.contains("another run is writing"), "{refusal}");
        Partial::clear(&target);
        first.finish().unwrap();
        assert!(target.is_file());
        // What an interrupted run leaves has no lock.
        std::fs::write(with_suffix(&target, PART), "torn").unwrap();
        Partial::begin(&target, true).unwrap().finish().unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "");
    }

    #[test]
    fn an_existing_file_is_replaced_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        std::fs::write(&target, "precious").unwrap();
        let refusal = Partial::begin(&target, false).err().unwrap().to_string();
        assert!(refusal.contains("--force"), "{refusal}");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        Partial::begin(&target, true).unwrap().finish().unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "");
    }
}
