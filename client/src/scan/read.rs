//! Reads a file that others may be writing.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use super::local::Local;
use super::stamp::{Stamp, modified};
use crate::checksum::{Hash, checksum};

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
fn read(place: &Path, now: SystemTime) -> io::Result<Option<Content>> {
    let read = steady(place, |file| {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    })?;
    Ok(read.map(|(metadata, bytes)| Content {
        local: describe(&metadata, checksum(&bytes), now),
        bytes,
    }))
}

/// The same of a file that was here a moment ago; none, too, when it is no longer or cannot be read, which concerns
/// no other file. The next look says why.
pub fn read_again(place: &Path, now: SystemTime) -> Option<Content> {
    read(place, now).ok().flatten()
}

/// What is known of a file as it was at one moment; none when it keeps changing.
pub(super) fn hash(place: &Path, now: SystemTime) -> io::Result<Option<Local>> {
    let hashed = steady(place, |file| {
        let mut hash = Hash::default();
        io::copy(file, &mut hash)?;
        Ok(hash.finish())
    })?;
    Ok(hashed.map(|(metadata, checksum)| describe(&metadata, checksum, now)))
}

/// Does something with a file that stays the same meanwhile.
fn steady<T>(
    place: &Path,
    act: impl Fn(&mut File) -> io::Result<T>,
) -> io::Result<Option<(Metadata, T)>> {
    for _ in 0..TRIES {
        let mut file = File::open(place)?;
        let before = file.metadata()?;
        let done = act(&mut file)?;
        if Stamp::of(&before) == Stamp::of(&file.metadata()?) {
            return Ok(Some((before, done)));
        }
    }
    Ok(None)
}

/// What is known of a file whose content was just read.
pub(crate) fn describe(metadata: &Metadata, checksum: String, now: SystemTime) -> Local {
    Local {
        checksum,
        size: metadata.len(),
        modified: modified(metadata),
        stamp: Stamp::of(metadata).settled(metadata, now),
    }
}
