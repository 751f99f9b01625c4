//! Looks at one file.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use super::local::Local;
use super::read::hash;
use super::stamp::{Stamp, modified};
use crate::error::{At, SyncError, is_held};
use crate::state::Entry;

/// What is at a path.
pub(super) enum Look {
    File(Local),
    /// It cannot be synced, for this reason.
    Odd(String),
    Gone,
}

/// Looks at a file that the system has described. Its content is known without reading when the entry describes
/// the same file.
pub(super) fn look(
    place: &Path,
    metadata: io::Result<Metadata>,
    entry: Option<&Entry>,
    now: SystemTime,
) -> Result<Look, SyncError> {
    match metadata.and_then(|metadata| try_look(place, &metadata, entry, now)) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Look::Gone)
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Ok(Look::Odd("it cannot be read".to_owned()))
        }
        Err(error) if is_held(&error) => Ok(Look::Odd("another program has it open".to_owned())),
        look => look.at(place),
    }
}

fn try_look(
    place: &Path,
    metadata: &Metadata,
    entry: Option<&Entry>,
    now: SystemTime,
) -> io::Result<Look> {
    if metadata.is_dir() {
        return Ok(Look::Gone);
    }
    if !metadata.is_file() {
        return Ok(Look::Odd("it is no ordinary file".to_owned()));
    }
    let stamp = Stamp::of(metadata).as_str().to_owned();
    let known = entry.filter(|entry| entry.stamp == stamp);
    if let Some(checksum) = known.and_then(|entry| entry.checksum.clone()) {
        return Ok(Look::File(Local {
            checksum,
            size: metadata.len(),
            modified: modified(metadata),
            stamp,
        }));
    }
    Ok(match hash(place, now)? {
        Some(local) => Look::File(local),
        None => Look::Odd("it is being written".to_owned()),
    })
}
