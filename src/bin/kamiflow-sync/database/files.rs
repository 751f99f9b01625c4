//! Files that only their owner can read: the database and the small files beside it.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The file itself when `file` is a symbolic link, which need not lead to an existing one. `SQLite`
/// follows links too, and has its log beside the file, so the other small files belong there.
pub fn behind_links(file: &Path) -> PathBuf {
    let mut file = file.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match file.read_link() {
            Ok(target) => file = folder_of(&file).join(target),
            Err(_) => break,
        }
    }
    file
}

/// Creates the folder of `file`, mode 0700, and those above it, unless they exist. Its name is on the disk before
/// anything in it has to be.
pub fn create_folder(file: &Path) -> Result<()> {
    let folder = folder_of(file);
    let missing = folder
        .ancestors()
        .take_while(|above| *above != Path::new("") && !above.exists());
    let missing = Vec::from_iter(missing);
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(folder)
        .with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    missing.into_iter().for_each(try_to_sync_folder_of);
    Ok(())
}

/// Creates an empty `file`, mode 0600, and its folder, unless they exist.
pub fn create(file: &Path) -> Result<()> {
    create_folder(file)?;
    let shown = folder_of(file).display();
    let mut options = OpenOptions::new();
    // SQLite gives the -wal and -shm files the mode of the database.
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

/// Options to open a small file beside the database, mode 0600. Opening a symbolic link fails.
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

/// Gives `file` the owner and group of its folder, if this process may: the commands are often run
/// by root, and the server by another user, who must be able to open the file.
///
/// A symbolic link is not followed, because that user could make it point at a file of root's.
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

/// Writes the directory entries of the folder of `file` to the disk.
pub fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    let folder = folder_of(file);
    let is_here = folder.as_os_str().is_empty();
    File::open(if is_here { Path::new(".") } else { folder })?.sync_all()
}

/// The same where that is possible: not every file system can, and not everyone who may write in a folder may open it.
/// `SQLite` continues then too.
pub fn try_to_sync_folder_of(file: &Path) {
    if let Err(error) = sync_folder_of(file) {
        tracing::debug!(%error, "a folder is not synced");
    }
}

/// Appends `suffix`, such as `-wal`, to the name of `file`.
pub fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(file);
    path.push(suffix);
    path.into()
}

/// The size of `file` in bytes; 0 when it cannot be read.
pub fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |file| file.len())
}

/// The folder that `file` is in.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_a_file_that_need_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("two", at("one")).unwrap();
        symlink(at("disk/x.db"), at("two")).unwrap();
        assert_eq!(behind_links(&at("one")), at("disk/x.db"));
        symlink("loop", at("loop")).unwrap();
        assert_eq!(behind_links(&at("loop")), at("loop"));
    }
}
