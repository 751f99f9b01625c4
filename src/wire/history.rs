//! `GET …/history`: the versions of a path.

use serde::Serialize;

use super::version::op;
use crate::domain::{Rev, Version};

/// `GET …/history`.
#[derive(Serialize)]
pub struct HistoryPage {
    /// The path that was asked for.
    pub path: String,
    /// The versions, newest first.
    pub versions: Vec<HistoryVersion>,
    /// Whether older ones follow: ask again with `before=<last rev>`.
    #[serde(rename = "hasMore")]
    pub has_more: bool,
}

/// A version of a path.
#[derive(Serialize)]
pub struct HistoryVersion {
    /// The rev of the version.
    pub rev: Rev,
    /// What the version did: `put` or `delete`.
    pub op: &'static str,
    /// SHA-256 of the content, in hex; null for a deletion.
    pub checksum: Option<String>,
    /// Size of the content in bytes.
    pub size: u64,
    /// When the client last changed the file, by its own clock: milliseconds since 1970.
    pub modified: i64,
    /// When the server stored it: milliseconds since 1970.
    #[serde(serialize_with = "super::numbers::millis")]
    pub stored_at: Rev,
    /// The device that stored it, where the client named one.
    pub device: Option<String>,
    /// Whether the content is still kept.
    pub available: bool,
}

impl HistoryVersion {
    /// A version, and whether its content is still kept.
    pub fn new(version: Version, available: bool) -> Self {
        Self {
            rev: version.rev,
            op: op(&version),
            checksum: version.checksum.map(|checksum| checksum.to_string()),
            size: version.size,
            modified: version.modified,
            stored_at: version.rev,
            device: version.device,
            available,
        }
    }
}
