//! The server and its projects as a whole.

use serde::Serialize;

use super::numbers::optional_millis;
use crate::domain::Rev;

/// `GET /health`.
#[derive(Serialize)]
pub struct Health {
    /// Always `ok`: a server that is not answers 503.
    pub status: &'static str,
    /// The version of this program.
    pub version: &'static str,
    /// Seconds since the server started; on Spin, since this was first asked for.
    pub uptime: f64,
}

/// `GET …/status`.
#[derive(Serialize)]
pub struct ProjectStatus {
    /// Time of the last change, in milliseconds with up to three decimals; null when nothing is stored.
    #[serde(rename = "lastSync", serialize_with = "optional_millis")]
    pub last_sync: Option<Rev>,
    /// Number of files that are not deleted.
    #[serde(rename = "fileCount")]
    pub file_count: u64,
    /// Size of these files in bytes.
    #[serde(rename = "totalSize")]
    pub total_size: u64,
    /// The position at the end of the change feed.
    pub cursor: String,
    /// The digest of all live files, in hex.
    pub digest: String,
    /// Names of files and folders that some system cannot hold; null until they are counted.
    pub unportable: Option<u64>,
    /// When the project with this id was deleted, in milliseconds; left out while there is one, and of one that
    /// there never was.
    #[serde(
        rename = "deletedAt",
        serialize_with = "optional_millis",
        skip_serializing_if = "Option::is_none"
    )]
    pub deleted_at: Option<Rev>,
}

/// `DELETE /v1/projects/:id`.
#[derive(Serialize)]
pub struct DeletedProject {
    /// How many live files there were.
    pub deleted: u64,
}

/// `GET /v1/projects`.
#[derive(Serialize)]
pub struct ProjectList {
    /// The projects, sorted by id.
    pub projects: Vec<ListedProject>,
    /// Whether more follow: ask again with `after=<last id>`. Left out on the last page, as clients
    /// from before there were pages know it.
    #[serde(rename = "hasMore", skip_serializing_if = "std::ops::Not::not")]
    pub has_more: bool,
}

/// A project in the list of all.
#[derive(Serialize)]
pub struct ListedProject {
    /// The id, as in its address but decoded.
    pub id: String,
    /// The name that a client gave it.
    pub name: Option<String>,
    /// The Git repository that a client named; any text, not necessarily a URL.
    #[serde(rename = "gitRepo")]
    pub git_repo: Option<String>,
    /// Number of files that are not deleted.
    #[serde(rename = "fileCount")]
    pub file_count: u64,
    /// Size of these files in bytes.
    #[serde(rename = "totalSize")]
    pub total_size: u64,
    /// Time of the last change, in milliseconds; null before the first.
    #[serde(rename = "lastSync", serialize_with = "optional_millis")]
    pub last_sync: Option<Rev>,
}
