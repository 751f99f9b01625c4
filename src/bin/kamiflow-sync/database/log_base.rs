//! The database file that the present log was begun on: a small file beside it says how to recognise
//! it, so that a log that somebody deletes is missed.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::files;
use super::header::Header;

/// Records, on the disk, that the log has changes which a file that begins like this lacks.
pub fn set(database: &Path, base: &Header) -> std::io::Result<()> {
    let path = path(database);
    let mut file = files::beside_database().truncate(true).open(&path)?;
    file.write_all(&base.0)?;
    file.sync_all()?;
    files::give_to_owner_of_folder(&path);
    files::try_to_sync_folder_of(&path);
    Ok(())
}

/// What was recorded last, unless it was cleared since.
pub fn read(database: &Path) -> Option<Header> {
    Header::read(&path(database)).ok()?
}

/// Records that the database file has everything, or is another one.
pub fn clear(database: &Path) -> std::io::Result<()> {
    let path = path(database);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map(|()| files::try_to_sync_folder_of(&path)),
    }
}

fn path(database: &Path) -> PathBuf {
    files::with_suffix(&files::behind_links(database), "-log-base")
}

#[cfg(test)]
mod tests {
    use super::super::header;
    use super::*;

    #[test]
    fn what_was_recorded_is_read_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        assert_eq!(read(&database), None);
        clear(&database).unwrap();
        let base = Header([7; header::LENGTH]);
        set(&database, &base).unwrap();
        assert_eq!(read(&database), Some(base));
        clear(&database).unwrap();
        assert_eq!(read(&database), None);
    }
}
