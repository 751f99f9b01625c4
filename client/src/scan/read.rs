//! Reads a file that others may be writing.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use super::Local;
use super::stamp::{Stamp, modified};
use crate::checksum::checksum;

/// A file with its bytes.
#[derive(Debug)]
pub struct Content {
    /// What is known of it.
    pub local: Local,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// How often a file is read that changes while it is read.
const TRIES: u32 = 5;

/// Reads a file as it was at one moment; none when it keeps changing.
pub fn read(place: &Path) -> io::Result<Option<Content>> {
    for _ in 0..TRIES {
        if let Some(content) = try_read(place)? {
            return Ok(Some(content));
        }
    }
    Ok(None)
}

/// The same of a file that was here a moment ago; none, too, when it is no longer or cannot be read.
pub fn read_again(place: &Path) -> io::Result<Option<Content>> {
    match read(place) {
        Err(error) if is_of_file(error.kind()) => Ok(None),
        content => content,
    }
}

fn is_of_file(kind: ErrorKind) -> bool {
    use ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
    matches!(
        kind,
        IsADirectory | NotADirectory | NotFound | PermissionDenied
    )
}

fn try_read(place: &Path) -> io::Result<Option<Content>> {
    let mut file = File::open(place)?;
    let before = file.metadata()?;
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    let is_steady = Stamp::of(&before) == Stamp::of(&file.metadata()?);
    Ok(is_steady.then(|| Content {
        local: describe(&before, checksum(&bytes)),
        bytes,
    }))
}

/// What is known of a file whose content was just read.
pub(crate) fn describe(metadata: &Metadata, checksum: String) -> Local {
    Local {
        checksum,
        size: metadata.len(),
        modified: modified(metadata),
        stamp: Stamp::of(metadata).settled(metadata, SystemTime::now()),
    }
}
