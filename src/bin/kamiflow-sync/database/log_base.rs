//! The database file that the present log was begun on: a small file beside it says how to recognise
//! it, so that a log that somebody deletes is missed.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::files;
use super::header::{Header, number};

/// What tells a database file from its later states and from other copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBase {
    pub application_id: u32,
    pub schema_cookie: u32,
    pub page_count: u32,
    pub free_pages: u32,
}

impl From<&Header> for LogBase {
    fn from(header: &Header) -> Self {
        Self {
            application_id: header.application_id(),
            schema_cookie: header.schema_cookie(),
            page_count: header.page_count(),
            free_pages: header.free_pages(),
        }
    }
}

/// Records, on the disk, that the log has changes that `base` lacks.
pub fn set(database: &Path, base: LogBase) -> std::io::Result<()> {
    let path = path(database);
    let mut file = files::beside_database().truncate(true).open(&path)?;
    file.write_all(&bytes(base))?;
    file.sync_all()?;
    files::give_to_owner_of_folder(&path);
    Ok(())
}

/// What was recorded last, unless it was cleared since.
pub fn read(database: &Path) -> Option<LogBase> {
    let bytes: [u8; 16] = std::fs::read(path(database)).ok()?.try_into().ok()?;
    Some(LogBase {
        application_id: number(&bytes, 0),
        schema_cookie: number(&bytes, 4),
        page_count: number(&bytes, 8),
        free_pages: number(&bytes, 12),
    })
}

/// Records that the database file has everything, or is another one.
pub fn clear(database: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path(database)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn path(database: &Path) -> PathBuf {
    files::with_suffix(&files::behind_links(database), "-log-base")
}

fn bytes(base: LogBase) -> Vec<u8> {
    let numbers = [
        base.application_id,
        base.schema_cookie,
        base.page_count,
        base.free_pages,
    ];
    numbers.map(u32::to_be_bytes).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_read_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        assert_eq!(read(&database), None);
        clear(&database).unwrap();
        let base = LogBase {
            application_id: 0x8000_0001,
            schema_cookie: 2,
            page_count: 3,
            free_pages: 4,
        };
        set(&database, base).unwrap();
        assert_eq!(read(&database), Some(base));
        clear(&database).unwrap();
        assert_eq!(read(&database), None);
    }
}
