//! A new content beside the file that it is for.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::names::TEMPORARY;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Writes a content into a file of its own beside `place`, with the permissions of the file there. A
/// killed round leaves it, and the next one finds it by its name.
pub(super) fn write(place: &Path, content: &[u8], modified: i64) -> io::Result<PathBuf> {
    let temporary = free_name(place);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    let written = file
        .write_all(content)
        .and_then(|()| dress(&file, place, modified));
    if written.is_err() {
        _ = std::fs::remove_file(&temporary);
    }
    written.map(|()| temporary)
}

/// A name beside a file that nothing has.
pub(super) fn free_name(place: &Path) -> PathBuf {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.as_nanos());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    place.with_file_name(format!("{TEMPORARY}{process}-{nanos}-{number}.tmp"))
}

/// Gives the new file what the old one had, and the time of the edit unless that is in the future.
fn dress(file: &File, place: &Path, modified: i64) -> io::Result<()> {
    if let Ok(old) = place.symlink_metadata()
        && old.is_file()
    {
        file.set_permissions(old.permissions())?;
    }
    let since_1970 = Duration::from_millis(u64::try_from(modified).unwrap_or(0));
    let time = SystemTime::UNIX_EPOCH + since_1970;
    if modified > 0 && time < SystemTime::now() {
        // Some file systems have no such times.
        _ = file.set_modified(time);
    }
    Ok(())
}
