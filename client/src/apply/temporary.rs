//! A new content beside the file that it is for.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::dates;
use crate::names::TEMPORARY;

/// The bytes of a file's name that are in that of its temporary one. Encrypted disks take names of 143 bytes.
const NAME: usize = 72;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Writes a content into a file of its own beside `place`, with the permissions of the file `like`. A
/// killed round leaves it, and the next one finds it by its name.
pub(super) fn write(
    place: &Path,
    like: &Path,
    content: &[u8],
    modified: i64,
) -> io::Result<PathBuf> {
    let temporary = free_name(place);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    // First the permissions: nobody reads the new text who could not read the old one.
    let written = keep_permissions(&file, like).and_then(|()| file.write_all(content));
    if written.is_err() {
        _ = std::fs::remove_file(&temporary);
    }
    set_time(&file, modified);
    written.map(|()| temporary)
}

/// A name beside a file that nothing has, and that says which file it is for.
pub(super) fn free_name(place: &Path) -> PathBuf {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.as_nanos());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let end = &name[name.ceil_char_boundary(name.len().saturating_sub(NAME))..];
    place.with_file_name(format!("{TEMPORARY}{process}-{nanos}-{number}-{end}.tmp"))
}

fn keep_permissions(file: &File, like: &Path) -> io::Result<()> {
    match like.symlink_metadata() {
        Ok(old) if old.is_file() => file.set_permissions(old.permissions()),
        _ => Ok(()),
    }
}

/// Gives a file the time of its edit, unless that is in the future.
fn set_time(file: &File, modified: i64) {
    let time = dates::time(modified).filter(|_| modified > 0);
    if let Some(time) = time.filter(|time| *time < SystemTime::now()) {
        // Some file systems have no such times.
        _ = file.set_modified(time);
    }
}

#[test]
fn a_time_beyond_what_the_system_knows_is_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a.md");
    for modified in [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX] {
        let file = write(&place, &place, b"text", modified).unwrap();
        let time = file.metadata().unwrap().modified().unwrap();
        let age = time.elapsed().unwrap_or_default();
        assert!(age.as_secs() < 60, "{modified}");
    }
}
