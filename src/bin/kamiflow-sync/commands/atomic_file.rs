//! A file that gets its name only when it is complete and on the disk.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::database::files::{sync_folder_of, with_suffix};
use crate::database::one_file;

/// The suffix of an unfinished file.
pub const PART: &str = ".part";

/// How often a file is tried that others look at, and how long such a look takes at most.
const TRIES: u32 = 20;
const LOOK: Duration = Duration::from_millis(1);

/// Dropping it without [`Self::finish`] removes the unfinished file, `FILE.part`.
pub struct AtomicFile {
    part: PathBuf,
    target: PathBuf,
    /// Locked while this run is writing.
    file: File,
}

impl AtomicFile {
    /// Creates an empty `FILE.part`, mode 0600, and replaces one that an interrupted run left.
    ///
    /// # Errors
    ///
    /// When `target` exists and `force` is not given, when another run is writing it, or when its
    /// folder cannot be written to.
    pub fn create(target: &Path, force: bool) -> Result<Self> {
        let shown = target.display();
        Self::require_replaceable(target)?;
        ensure!(
            force || !target.exists(),
            "{shown} exists: choose another name"
        );
        require_folder(target)?;
        let target = std::path::absolute(target)?;
        let part = with_suffix(&target, PART);
        let file = create_locked(&part).with_context(|| format!("cannot write {shown}"))?;
        let file = file.with_context(|| format!("another run is writing {shown}"))?;
        let created = Self { part, target, file };
        ensure!(
            force || !created.target.exists(),
            "{shown} was made by another run meanwhile"
        );
        Ok(created)
    }

    /// Fails for what is no file, such as a device or a named pipe, also behind a link. A link to a file is
    /// replaced by the new file, and what it leads to stays.
    pub fn require_replaceable(target: &Path) -> Result<()> {
        let is_file = target.metadata().map_or(true, |found| found.is_file());
        let shown = target.display();
        ensure!(is_file, "{shown} is no file: choose another name");
        Ok(())
    }

    /// Whether `target` exists or another run is writing it.
    pub fn is_taken(target: &Path) -> bool {
        target.exists() || is_being_written(&with_suffix(target, PART))
    }

    /// Removes the unfinished file that an interrupted run left.
    pub fn remove_leftover(target: &Path) {
        let part = with_suffix(target, PART);
        if let Some(_lock) = lock(&part) {
            remove(&part);
        }
    }

    /// The path of the unfinished file, from the root: `SQLite` takes a name that begins with `file:` for an address.
    pub fn path(&self) -> &Path {
        &self.part
    }

    /// Writes the file to the disk and then gives it its name.
    ///
    /// # Errors
    ///
    /// When it is a database with changes that are not in this file, or cannot be written to the disk.
    pub fn finish(self) -> Result<()> {
        one_file::require(&self.part)?;
        remove_beside(&self.part);
        self.file.sync_all()?;
        std::fs::rename(&self.part, &self.target)?;
        Ok(sync_folder_of(&self.target)?)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        // A finished file has another name, and another run may have taken this one.
        if is_file_at(&self.part, &self.file) {
            remove(&self.part);
        }
    }
}

fn require_folder(target: &Path) -> Result<()> {
    let folder = target.parent().filter(|it| !it.as_os_str().is_empty());
    let is_missing = folder.filter(|folder| matches!(folder.try_exists(), Ok(false)));
    match is_missing {
        Some(folder) => bail!("there is no folder {}: make it first", folder.display()),
        None => Ok(()),
    }
}

/// Creates and locks a file, and replaces one that an interrupted run left. None when another run is
/// writing it.
///
/// Only the file that is locked is ever removed: otherwise a run could remove that of another one
/// which has just created it.
fn create_locked(part: &Path) -> std::io::Result<Option<File>> {
    for _ in 0..TRIES {
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(part) {
            Ok(file) if file.try_lock().is_ok() && is_file_at(part, &file) => {
                return Ok(Some(file));
            }
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            // Another run looks at it, or has taken it for a leftover.
            Ok(_) => {}
            Err(_) => match lock(part) {
                Some(_lock) => remove(part),
                None => sleep(LOOK),
            },
        }
    }
    Ok(None)
}

/// Locks the file at `part`. None when there is none, or another run has locked it.
fn lock(part: &Path) -> Option<File> {
    let file = File::open(part).ok()?;
    let is_locked = file.try_lock().is_ok() && is_file_at(part, &file);
    is_locked.then_some(file)
}

fn is_being_written(part: &Path) -> bool {
    let file = File::open(part);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Whether `file` still has the name `path`.
fn is_file_at(path: &Path, file: &File) -> bool {
    let identity = |file: Metadata| (file.dev(), file.ino());
    let opened = file.metadata().map(identity);
    let named = path.symlink_metadata().map(identity);
    matches!((opened, named), (Ok(opened), Ok(named)) if opened == named)
}

fn remove(part: &Path) {
    remove_beside(part);
    _ = std::fs::remove_file(part);
}

/// Removes what `SQLite` may have left beside a file.
fn remove_beside(part: &Path) {
    for suffix in ["-wal", "-shm", "-journal"] {
        _ = std::fs::remove_file(with_suffix(part, suffix));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn an_unfinished_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        drop(AtomicFile::create(&target, false).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        AtomicFile::create(&target, false)
            .unwrap()
            .finish()
            .unwrap();
        assert!(target.is_file());
    }

    #[test]
    fn a_file_that_another_run_writes_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let first = AtomicFile::create(&target, false).unwrap();
        let refusal = AtomicFile::create(&target, true).err().unwrap().to_string();
        assert!(refusal.contains("another run is writing"), "{refusal}");
        AtomicFile::remove_leftover(&target);
        first.finish().unwrap();
        assert!(target.is_file());
        // A file that an interrupted run left has no lock.
        std::fs::write(with_suffix(&target, PART), "torn").unwrap();
        AtomicFile::create(&target, true).unwrap().finish().unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "");
    }

    #[test]
    fn of_runs_that_begin_together_one_writes_and_no_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..50 {
            let target = folder.path().join(round.to_string());
            std::fs::write(with_suffix(&target, PART), "torn").unwrap();
            let create = || AtomicFile::create(&target, false).ok();
            let created: Vec<AtomicFile> = std::thread::scope(|scope| {
                let runs: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
                runs.into_iter()
                    .filter_map(|run| run.join().unwrap())
                    .collect()
            });
            let [one] = &created[..] else {
                panic!("{} write", created.len());
            };
            assert!(is_file_at(&one.part, &one.file));
        }
    }

    #[test]
    fn an_existing_file_is_replaced_only_with_force() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        std::fs::write(&target, "precious").unwrap();
        let refusal = AtomicFile::create(&target, false)
            .err()
            .unwrap()
            .to_string();
        assert!(refusal.ends_with("exists: choose another name"));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        AtomicFile::create(&target, true).unwrap().finish().unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "");
    }

    #[test]
    fn only_a_file_is_replaced_and_a_link_to_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        symlink("socket", at("to-socket")).unwrap();
        for other in [at("socket"), at("to-socket"), folder.path().to_owned()] {
            let refusal = AtomicFile::create(&other, true).err().unwrap().to_string();
            assert!(refusal.contains("is no file"), "{refusal}");
        }
        std::fs::write(at("file"), "precious").unwrap();
        symlink("file", at("to-file")).unwrap();
        let new = AtomicFile::create(&at("to-file"), true).unwrap();
        new.finish().unwrap();
        assert_eq!(std::fs::read_to_string(at("file")).unwrap(), "precious");
        assert_eq!(std::fs::read_to_string(at("to-file")).unwrap(), "");
    }
}
