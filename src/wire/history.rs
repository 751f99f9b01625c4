//! Old versions: the list of them, and bringing them back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::push::Status;
use crate::error::Error;
use crate::project::Rev;

/// `GET …/history`.
#[derive(Serialize)]
pub struct History {
    /// As asked for.
    pub path: String,
    /// Newest first.
    pub versions: Vec<Version>,
    /// Whether older ones follow: ask again with `before=<last rev>`.
    #[serde(rename = "hasMore")]
    pub has_more: bool,
}

/// A version of a path.
#[derive(Serialize)]
pub struct Version {
    /// Its identity.
    pub rev: Rev,
    /// `put` or `delete`.
    pub op: &'static str,
    /// SHA-256 of the content, in hex; null for a deletion.
    pub checksum: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970, by the client's file system.
    pub modified: i64,
    /// Milliseconds since 1970, by the server.
    #[serde(serialize_with = "super::millis")]
    pub stored_at: Rev,
    /// Who stored it, as far as the client said.
    pub device: Option<String>,
    /// Whether the content is still kept.
    pub available: bool,
}

/// The body of `POST …/restore`.
#[derive(Deserialize)]
pub struct Restore<'a> {
    /// One path, together with `rev`.
    #[serde(borrow, default)]
    pub path: Option<Cow<'a, str>>,
    /// Its version.
    #[serde(default)]
    pub rev: Option<Rev>,
    /// A moment for the whole project.
    #[serde(borrow, default)]
    pub at: Option<At<'a>>,
    /// Together with `at`: these paths only.
    #[serde(borrow, default)]
    pub paths: Option<Vec<Cow<'a, str>>>,
    /// Only tell what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// A moment.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected milliseconds since 1970, or a time such as 2026-11-22T10:00:00Z"
)]
pub enum At<'a> {
    /// Milliseconds since 1970, as `synced_at`.
    Millis(f64),
    /// RFC 3339.
    Text(#[serde(borrow)] Cow<'a, str>),
}

impl<'a> Restore<'a> {
    /// Reads a body; the error names the JSON path of what is wrong.
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        super::parse(body)
    }
}

/// The answer to a restore.
#[derive(Serialize)]
pub struct Restored {
    /// Whether nothing was stored.
    pub dry_run: bool,
    /// Where the change feed stands.
    pub cursor: String,
    /// What became of each path.
    pub results: Vec<Outcome>,
}

/// What a restore did to one path.
#[derive(Serialize)]
pub struct Outcome {
    /// Of the file.
    pub path: String,
    /// What happened.
    pub status: Status,
    /// The version that was brought back; null when there was none at that moment.
    pub from_rev: Option<Rev>,
    /// The path's newest rev now; null in a dry run.
    pub rev: Option<Rev>,
}
