//! The last good backup: a file beside the database holds its path, and was modified when it was made.
//!
//! It is not in the database, because it belongs to this machine and not to the data.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use super::files;

/// Records that a good backup was made now, as `backup`.
pub fn set(database: &Path, backup: &Path) -> Result<()> {
    let mark = mark(database);
    let path = std::path::absolute(backup)?;
    let created = files::beside_database().truncate(true).open(&mark);
    created
        .and_then(|mut file| {
            file.write_all(path.as_os_str().as_bytes())?;
            file.sync_all()
        })
        .with_context(|| format!("cannot write {}", mark.display()))?;
    files::give_to_owner_of_folder(&mark);
    files::try_to_sync_folder_of(&mark);
    Ok(())
}

/// How long ago the last good backup was made; `None` when there was none. Zero when that is in the
/// future.
pub fn age(database: &Path) -> Option<Duration> {
    Some(
        SystemTime::now()
            .duration_since(made_at(database)?)
            .unwrap_or_default(),
    )
}

/// When the last good backup was made, by the clock of that moment.
pub fn made_at(database: &Path) -> Option<SystemTime> {
    mark(database).metadata().ok()?.modified().ok()
}

/// Where the last good backup was stored; `None` when an older version made it.
pub fn path(database: &Path) -> Option<PathBuf> {
    let path = std::fs::read(mark(database)).ok()?;
    (!path.is_empty()).then(|| PathBuf::from(OsString::from_vec(path)))
}

fn mark(database: &Path) -> PathBuf {
    files::with_suffix(&files::behind_links(database), "-last-backup")
}
