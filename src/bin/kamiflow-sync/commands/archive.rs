//! The tar file that `export` writes and `import` reads: the files below `files/`, so that none of
//! them can be mistaken for the index, `manifest.json`.

use kamiflow_sync_component::domain::Version;
use serde::{Deserialize, Serialize};

/// The member with the index.
pub const INDEX: &str = "manifest.json";
/// The folder of the files.
pub const FOLDER: &str = "files/";

#[derive(Debug, Serialize, Deserialize)]
pub struct ArchiveIndex {
    /// The id of the project.
    pub project: String,
    pub name: Option<String>,
    pub git_repo: Option<String>,
    /// Sorted by path.
    pub files: Vec<ArchivedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ArchivedFile {
    /// Relative to the project.
    pub path: String,
    /// On the server that exported it.
    pub rev: i64,
    /// SHA-256 in hexadecimal.
    pub checksum: String,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: i64,
}

impl From<Version> for ArchivedFile {
    fn from(version: Version) -> Self {
        let checksum = version.checksum.map(|checksum| checksum.to_string());
        Self {
            path: version.path,
            rev: version.rev,
            checksum: checksum.unwrap_or_default(),
            size: version.size,
            modified: version.modified,
        }
    }
}
