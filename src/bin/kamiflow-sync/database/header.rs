//! The beginning of a database file, read without `SQLite` (<https://sqlite.org/fileformat.html>).

use std::fs::File;
use std::io::ErrorKind::{NotFound, UnexpectedEof};
use std::io::Result;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of it: the smallest page, and what every disk writes as a whole.
pub const LENGTH: usize = 512;

/// The first bytes of the first page, in a database file or in a frame of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header(pub [u8; LENGTH]);

impl Header {
    /// `None` for a file that is missing, empty or shorter.
    pub fn read(file: &Path) -> Result<Option<Self>> {
        match File::open(file).and_then(|file| Self::of(&file)) {
            Err(error) if [NotFound, UnexpectedEof].contains(&error.kind()) => Ok(None),
            read => read.map(Some),
        }
    }

    pub fn of(file: &File) -> Result<Self> {
        let mut bytes = [0; LENGTH];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(Self(bytes))
    }

    pub fn page_count(&self) -> u32 {
        self.number(28)
    }

    /// `PRAGMA schema_version`.
    pub fn schema_cookie(&self) -> u32 {
        self.number(40)
    }

    pub fn application_id(&self) -> u32 {
        self.number(68)
    }

    /// `PRAGMA user_version`.
    pub fn schema_version(&self) -> u32 {
        self.number(60)
    }

    /// Whether `next` can be this header after the next transaction that wrote the first page.
    pub fn may_precede(&self, next: &Self) -> bool {
        // It stays when the same connection wrote the transaction before.
        next.change_counter().wrapping_sub(self.change_counter()) <= 1
    }

    /// Whether the two differ only in what a transaction writes that changes the application id:
    /// the change counter, the id, the counter again and the version of `SQLite`.
    pub fn equals_except_id(&self, other: &Self) -> bool {
        let rest = |header: &Self| {
            let mut bytes = header.0;
            for written in [24..28, 68..72, 92..100] {
                bytes[written].fill(0);
            }
            bytes
        };
        rest(self) == rest(other)
    }

    fn change_counter(&self) -> u32 {
        self.number(24)
    }

    fn number(&self, at: usize) -> u32 {
        number(&self.0, at)
    }
}

/// The big-endian number at `at`, as `SQLite` writes numbers into its files.
pub fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([0, 1, 2, 3].map(|i| bytes[at + i]))
}
