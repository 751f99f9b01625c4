//! Looks at one file.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::local::Local;
use super::read::hash;
use super::stamp::{Stamp, modified};
use crate::error::unreadable;

/// What is at a path.
pub(super) enum Look {
    File(Local),
    /// It cannot be synced, for this reason.
    Odd(String),
    /// An ordinary file, here, of a name that no other device could have.
    Unsound(PathBuf),
    /// A folder that cannot be read, for this reason: what is in it is not known.
    Closed(String),
    /// A temporary file that a killed round left.
    Leftover,
    Gone,
}

/// Looks at a file that the system has described. Its content may be known by that.
pub(super) fn look(
    place: &Path,
    metadata: io::Result<Metadata>,
    known: impl Fn(&str) -> Option<String>,
    now: SystemTime,
) -> Look {
    let looked = metadata.and_then(|metadata| try_look(place, &metadata, known, now));
    looked.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Look::Gone,
        _ => Look::Odd(unreadable(&error)),
    })
}

fn try_look(
    place: &Path,
    metadata: &Metadata,
    known: impl Fn(&str) -> Option<String>,
    now: SystemTime,
) -> io::Result<Look> {
    if metadata.is_dir() {
        return Ok(Look::Gone);
    }
    if !metadata.is_file() {
        return Ok(Look::Odd("it is no ordinary file".to_owned()));
    }
    let stamp = Stamp::of(metadata).as_str().to_owned();
    if let Some(checksum) = known(&stamp) {
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
