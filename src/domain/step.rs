//! What a push does to one path.

use super::path::FilePath;
use super::push::Put;
use super::version::{Rev, Version};

/// What a push does to one path.
#[derive(Debug)]
pub struct Step<'p> {
    /// The path below `.kamiflow/`.
    pub path: &'p FilePath,
    /// What happens to the path.
    pub status: Status,
    /// The file to store; none for a deletion.
    pub put: Option<&'p Put>,
    /// The newest version of the path before the push.
    pub before: Option<&'p Version>,
}

/// What happens to one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The file did not exist and does now.
    Created,
    /// The file has new content.
    Updated,
    /// The file already had this content.
    Unchanged,
    /// The file was deleted.
    Deleted,
    /// The file to delete did not exist.
    Absent,
}

impl Step<'_> {
    /// Whether the step stores a new version.
    pub fn is_change(&self) -> bool {
        self.status.is_change()
    }
}

impl Status {
    /// Whether a new version is stored.
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Unchanged | Self::Absent)
    }
}

/// What became of one path.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The path of the file.
    pub path: String,
    /// What the push did to it.
    pub status: Status,
    /// The path's newest rev; none when it never existed.
    pub rev: Option<Rev>,
}
