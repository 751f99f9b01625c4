//! A file of this folder.

/// A file as it is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// SHA-256 in lowercase hex.
    pub checksum: String,
    /// Bytes.
    pub size: u64,
    /// When it was changed: milliseconds since 1970.
    pub modified: i64,
    /// As the system describes it; empty when it may change again without looking different.
    pub stamp: String,
}
