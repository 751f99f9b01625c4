//! The answer to `POST …/sync`.

use serde::Serialize;

use super::json;
use super::portability::Unportable;
use super::version::Current;
use crate::domain::{Conflict, Outcome, Replaced, Rev, Status};

/// Paths of which the answer is large.
const MANY: usize = 1000;

/// The answer to a push.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PushAnswer {
    /// How many entries of `files` were processed.
    pub synced: usize,
    /// How many entries of `deletions` were processed.
    pub deleted: usize,
    /// Files whose replaced version was the newer one by its `modified`; it stays in history.
    pub conflicts: Vec<ReplacedEdit>,
    /// The position at the end of the change feed before this push.
    pub previous_cursor: String,
    /// The position at the end of the change feed after this push.
    pub cursor: String,
    /// What became of each path, in the order of the request.
    pub results: Vec<PathOutcome>,
    /// Names of its files, and of folders above them, that some system cannot hold.
    pub warnings: Vec<Unportable>,
}

impl PushAnswer {
    /// The answer as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        match self.results.len() {
            0..=MANY => json::to_vec(self),
            _ => json::to_vec_exact(self),
        }
    }
}

/// An older edit that replaced a newer one.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct ReplacedEdit {
    /// The path of the file.
    pub path: String,
    /// Which of the two became the newest version: always `incoming`.
    pub kept: &'static str,
    /// The version that was replaced.
    pub replaced_rev: Rev,
}

/// What became of one path.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct PathOutcome {
    /// The path of the file.
    pub path: String,
    /// What the push did to it.
    pub status: PathStatus,
    /// The path's current rev; null when it never existed.
    pub rev: Option<Rev>,
}

/// What happened to one path.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PathStatus {
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

/// A path that a push with `base` could not change, in a 409.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct ConflictEntry {
    /// The path of the file.
    pub path: String,
    /// The base that the device sent.
    pub base: Rev,
    /// What the server has; null when the path never existed.
    pub current: Option<Current>,
}

impl From<Replaced> for ReplacedEdit {
    fn from(replaced: Replaced) -> Self {
        Self {
            path: replaced.path,
            kept: "incoming",
            replaced_rev: replaced.rev,
        }
    }
}

impl From<Status> for PathStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Created => Self::Created,
            Status::Updated => Self::Updated,
            Status::Unchanged => Self::Unchanged,
            Status::Deleted => Self::Deleted,
            Status::Absent => Self::Absent,
        }
    }
}

impl From<Conflict> for ConflictEntry {
    fn from(conflict: Conflict) -> Self {
        Self {
            path: conflict.path,
            base: conflict.base,
            current: conflict.current.map(Current::from),
        }
    }
}

impl From<Outcome> for PathOutcome {
    fn from(outcome: Outcome) -> Self {
        Self {
            path: outcome.path,
            status: outcome.status.into(),
            rev: outcome.rev,
        }
    }
}
