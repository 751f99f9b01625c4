//! Two renames that never take a file away unseen.

use std::io::{self, ErrorKind};
use std::path::Path;

/// Swaps two files in one step, so that each name always has a file.
pub(super) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    match system::exchange(a, b) {
        Err(error) if is_unsupported(&error) => replace_and_keep(a, b),
        result => result,
    }
}

/// Gives a file another name, unless there is something of that name.
pub(super) fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match system::rename_to_free(from, to) {
        Err(error) if is_unsupported(&error) => link_to_free(from, to),
        result => result,
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unsupported | ErrorKind::InvalidInput
    )
}

/// The same for file systems that cannot swap. What somebody renames over `b` between the two steps is
/// lost; there is no better way.
fn replace_and_keep(a: &Path, b: &Path) -> io::Result<()> {
    let kept = a.with_extension("kept.tmp");
    keep(b, &kept)?;
    std::fs::rename(a, b)?;
    std::fs::rename(&kept, a)
}

/// A second name for a file, or a copy where files have only one.
fn keep(file: &Path, kept: &Path) -> io::Result<()> {
    match std::fs::hard_link(file, kept) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(error),
        Err(_) => {
            std::fs::copy(file, kept)?;
            std::fs::File::open(kept)?.sync_all()
        }
        Ok(()) => Ok(()),
    }
}

fn link_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Ok(()) => std::fs::remove_file(from),
        // Files have only one name here.
        Err(_) if to.symlink_metadata().is_ok() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(from, to),
    }
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod system {
    use std::io;
    use std::path::Path;

    use rustix::fs::{CWD, RenameFlags, renameat_with};

    pub fn exchange(a: &Path, b: &Path) -> io::Result<()> {
        Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
    }

    pub fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
        Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
mod system {
    use std::io::{self, ErrorKind};
    use std::path::Path;

    pub fn exchange(_: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    pub fn rename_to_free(_: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{read, write};

    use super::*;

    #[test]
    fn files_are_swapped() {
        for swap in [exchange, replace_and_keep] {
            let folder = tempfile::tempdir().unwrap();
            let (a, b) = (folder.path().join("a.tmp"), folder.path().join("b"));
            write(&a, b"new").unwrap();
            let missing = swap(&a, &b).unwrap_err();
            assert_eq!(missing.kind(), ErrorKind::NotFound);
            write(&b, b"old").unwrap();
            swap(&a, &b).unwrap();
            assert_eq!(
                (read(&a).unwrap(), read(&b).unwrap()),
                (b"old".to_vec(), b"new".to_vec())
            );
            assert_eq!(folder.path().read_dir().unwrap().count(), 2);
        }
    }

    #[test]
    fn a_name_that_is_taken_stays() {
        for rename in [rename_to_free, link_to_free] {
            let folder = tempfile::tempdir().unwrap();
            let (a, b) = (folder.path().join("a"), folder.path().join("b"));
            write(&a, b"new").unwrap();
            rename(&a, &b).unwrap();
            assert_eq!((a.exists(), read(&b).unwrap()), (false, b"new".to_vec()));
            write(&a, b"newer").unwrap();
            let taken = rename(&a, &b).unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
            assert_eq!(read(&b).unwrap(), b"new");
        }
    }
}
