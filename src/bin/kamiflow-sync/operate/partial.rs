//! A file that appears under its name only when it is whole and on the disk.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::lock::beside;

/// `FILE.part`, which is removed unless it is finished.
pub struct Partial {
    part: PathBuf,
    target: PathBuf,
}

impl Partial {
    /// Makes an empty `FILE.part`, mode 0600, over one that an interrupted run left.
    ///
    /// # Errors
    ///
    /// When `target` exists and `force` is not given, or its folder cannot be written.
    pub fn begin(target: &Path, force: bool) -> Result<Self> {
        let shown = target.display();
        ensure!(
            force || !target.exists(),
            "{shown} exists: choose another name, or give --force"
        );
        let partial = Self {
            part: beside(target, ".part"),
            target: std::path::absolute(target)?,
        };
        partial.remove();
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600);
        made.open(&partial.part)
            .with_context(|| format!("cannot write {shown}"))?;
        Ok(partial)
    }

    /// The unfinished file.
    pub fn path(&self) -> &Path {
        &self.part
    }

    /// Brings the file to the disk and then under its name.
    pub fn finish(self) -> Result<()> {
        File::open(&self.part)?.sync_all()?;
        std::fs::rename(&self.part, &self.target)?;
        sync_folder_of(&self.target)
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            _ = std::fs::remove_file(beside(&self.part, suffix));
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Brings the names in a folder to the disk.
pub fn sync_folder_of(file: &Path) -> Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    Ok(File::open(folder)?.sync_all()?)
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
