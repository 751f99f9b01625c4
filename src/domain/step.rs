//! What a push does to one path.

use super::path::FilePath;
use super::push::Put;
use super::version::{Rev, Version};

/// What a push does to one path.
#[derive(Debug)]
pub struct Step<'p> {
    /// Below `.kamiflow/`.
    pub path: &'p FilePath,
    /// What happens to the path.
    pub status: Status,
    /// The file to store; none for a deletion.
    pub put: Option<&'p Put>,
    /// The version before.
    pub before: Option<&'p Version>,
}

/// What happens to one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Did not exist, now does.
    Created,
    /// Has new content.
    Updated,
    /// Had this very content.
    Unchanged,
    /// Is deleted.
    Deleted,
    /// Was not there.
    Absent,
}

impl Step<'_> {
    /// Whether the step stores a new version.
    pub fn is_change(&self) -> bool {
        !matches!(self.status, Status::Unchanged | Status::Absent)
    }
}

/// What became of one path.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The path of the file.
    pub path: String,
    /// What happened.
    pub status: Status,
    /// The path's newest rev; none when it never existed.
    pub rev: Option<Rev>,
}
