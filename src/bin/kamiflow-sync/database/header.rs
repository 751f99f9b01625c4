//! The beginning of a database file, read without `SQLite` (<https://sqlite.org/fileformat.html>).

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of it: the smallest page, and what every disk writes as a whole.
pub const LENGTH: usize = 512;

/// The first bytes of the first page, in a database file or in a frame of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header(pub [u8; LENGTH]);

impl Header {
    /// `None` for a file that is missing, empty or shorter.
    pub fn read(file: &Path) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        File::open(file).ok()?.read_exact(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub fn page_count(&self) -> u32 {
        self.number(28)
    }

    pub fn free_pages(&self) -> u32 {
        self.number(36)
    }

    /// `PRAGMA schema_version`.
    pub fn schema_cookie(&self) -> u32 {
        self.number(40)
    }

    pub fn application_id(&self) -> u32 {
        self.number(68)
    }

    /// Whether `next` can be this header after a transaction that only raised the application id by
    /// one.
    pub fn precedes(&self, next: &Self) -> bool {
        // The counter stays when the same connection wrote the transaction before.
        let counted = next.change_counter().wrapping_sub(self.change_counter());
        self.application_id().wrapping_add(1) == next.application_id()
            && counted <= 1
            && self.without_counters() == next.without_counters()
    }

    fn change_counter(&self) -> u32 {
        self.number(24)
    }

    /// Without what such a transaction writes: the change counter, the application id, the counter
    /// again and the version of `SQLite`.
    fn without_counters(&self) -> [u8; LENGTH] {
        let mut bytes = self.0;
        for changed in [24..28, 68..72, 92..100] {
            bytes[changed].fill(0);
        }
        bytes
    }

    fn number(&self, at: usize) -> u32 {
        number(&self.0, at)
    }
}

/// The big-endian number at `at`, as `SQLite` writes numbers into its files.
pub fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([0, 1, 2, 3].map(|i| bytes[at + i]))
}
