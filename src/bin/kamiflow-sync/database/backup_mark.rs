//! The time of the last good backup: the modification time of an empty file beside the database.
//!
//! It is not in the database, because it belongs to this machine and not to the data.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use super::files::{self, beside};

/// Records that a good backup was made now.
pub fn set(database: &Path) -> Result<()> {
    let mark = mark(database);
    let made = files::beside_database().truncate(true).open(&mark);
    made.with_context(|| format!("cannot write {}", mark.display()))?;
    files::give_to_owner_of_folder(&mark);
    Ok(())
}

/// How long ago the last good backup was made, if one was.
pub fn age(database: &Path) -> Option<Duration> {
    let made = mark(database).metadata().ok()?.modified().ok()?;
    Some(SystemTime::now().duration_since(made).unwrap_or_default())
}

fn mark(database: &Path) -> PathBuf {
    beside(database, "-last-backup")
}
