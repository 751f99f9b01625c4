//! One state that a file had, and its number.

use super::checksum::Checksum;

/// Microseconds since 1970 and, inside its project, the identity of one version.
///
/// Revs of a project are unique and strictly increasing; none is given out twice.
pub type Rev = i64;

/// Bytes of the largest file that a server can be set to take, and of the largest that an answer
/// carries.
pub const MAX_FILE_BYTES: u64 = 100 << 20;

/// A version of a file as it is stored: its content, or that it was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The identity of the version in its project.
    pub rev: Rev,
    /// Below `.kamiflow/`.
    pub path: String,
    /// The checksum of the content; none for a deletion.
    pub checksum: Option<Checksum>,
    /// Bytes of the content.
    pub size: u64,
    /// Milliseconds since 1970, by the client's clock.
    pub modified: i64,
    /// The device that stored it, where it is known and was asked for.
    pub device: Option<String>,
}

impl Version {
    /// Whether this version is a deletion.
    pub fn is_deletion(&self) -> bool {
        self.checksum.is_none()
    }
}
