//! The time of the last good backup: the modification time of an empty file beside the database.
//!
//! It is not in the database, because it belongs to this machine and not to the data.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use super::files;

/// Records that a good backup was made now.
pub fn set(database: &Path) -> Result<()> {
    let mark = mark(database);
    let created = files::beside_database().truncate(true).open(&mark);
    created.with_context(|| format!("cannot write {}", mark.display()))?;
    files::give_to_owner_of_folder(&mark);
    Ok(())
}

/// How long ago the last good backup was made; `None` when there was none.
pub fn age(database: &Path) -> Option<Duration> {
    let made = mark(database).metadata().ok()?.modified().ok()?;
    Some(SystemTime::now().duration_since(made).unwrap_or_default())
}

fn mark(database: &Path) -> PathBuf {
    files::with_suffix(database, "-last-backup")
}
