//! Views of a version.

use serde::Serialize;

use crate::domain::{Rev, Version};

/// A live file without its content.
#[derive(Debug, Serialize)]
pub struct LiveFile {
    /// The path below `.kamiflow/`.
    pub path: String,
    /// The rev of its newest version.
    pub rev: Rev,
    /// SHA-256 of the content, in hex.
    pub checksum: String,
    /// Size of the content in bytes.
    pub size: u64,
    /// When the client last changed the file, by its own clock: milliseconds since 1970.
    pub modified: i64,
    /// The path as the device spells it, if not like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_path: Option<String>,
}

impl From<Version> for LiveFile {
    fn from(version: Version) -> Self {
        Self {
            path: version.path,
            rev: version.rev,
            checksum: version
                .checksum
                .map(|checksum| checksum.to_string())
                .unwrap_or_default(),
            size: version.size,
            modified: version.modified,
            device_path: None,
        }
    }
}

/// The newest version of a path on the server, in a conflict.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Current {
    /// The rev of the version.
    pub rev: Rev,
    /// SHA-256 in hex; null for a deletion.
    pub checksum: Option<String>,
    /// When the client last changed the file, by its own clock: milliseconds since 1970.
    pub modified: i64,
    /// Size of the content in bytes.
    pub size: u64,
    /// Whether the current version is a deletion.
    pub deleted: bool,
}

impl From<Version> for Current {
    fn from(version: Version) -> Self {
        Self {
            rev: version.rev,
            deleted: version.is_deletion(),
            checksum: version.checksum.map(|checksum| checksum.to_string()),
            modified: version.modified,
            size: version.size,
        }
    }
}

/// What a version did to its path: `put` or `delete`.
pub(super) fn op(version: &Version) -> &'static str {
    if version.is_deletion() {
        "delete"
    } else {
        "put"
    }
}
