//! The state of a project without content: manifest, diff, and the list of projects.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Object;
use super::push::Current;
use crate::error::Error;
use crate::project::Rev;

/// A live file without its content.
#[derive(Debug, Serialize)]
pub struct Live {
    /// Below `.kamiflow/`.
    pub path: String,
    /// Of the version.
    pub rev: Rev,
    /// SHA-256 of the content, in hex.
    pub checksum: String,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: i64,
}

/// `GET …/manifest`.
#[derive(Serialize)]
pub struct Manifest {
    /// In byte order of their paths.
    pub files: Vec<Live>,
    /// Whether more follow: ask again with `after=<last path>`.
    #[serde(rename = "hasMore")]
    pub has_more: bool,
    /// Fingerprint of all live files, in hex.
    pub digest: String,
    /// Where the change feed stands.
    pub cursor: String,
}

/// The body of `POST …/diff`: every file that the device has.
#[derive(Deserialize)]
pub struct Device<'a> {
    /// In any order.
    #[serde(borrow)]
    pub files: Vec<Object<Local<'a>>>,
}

/// A file on a device.
#[derive(Debug, Deserialize)]
pub struct Local<'a> {
    /// Below `.kamiflow/`.
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// SHA-256 of the content, in hex.
    #[serde(borrow)]
    pub checksum: Cow<'a, str>,
    /// The rev that the device last had of this path.
    #[serde(default, deserialize_with = "super::base")]
    pub base: Option<Rev>,
}

impl<'a> Device<'a> {
    /// Reads a body; the error names the JSON path of what is wrong.
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        super::parse(body)
    }
}

/// What a device must do to be in step.
#[derive(Debug, Default, Serialize)]
pub struct Diff {
    /// The server never had these, or has what the device edited.
    pub upload: Vec<Upload>,
    /// The device lacks these, or has an older version.
    pub download: Vec<Live>,
    /// The server deleted these, and the device has what was deleted.
    pub delete_local: Vec<DeleteLocal>,
    /// Both sides changed these.
    pub conflict: Vec<DiffConflict>,
    /// Files that are equal.
    pub unchanged: u64,
    /// Where the change feed stands: go on from here.
    pub cursor: String,
    /// Fingerprint of all live files, in hex.
    pub digest: String,
}

/// A file to push.
#[derive(Debug, Serialize)]
pub struct Upload {
    /// Of the file.
    pub path: String,
    /// The `base` to push it with: the newest rev, or 0 when there never was such a file.
    pub base: Rev,
}

/// A file to remove.
#[derive(Debug, Serialize)]
pub struct DeleteLocal {
    /// Of the file.
    pub path: String,
    /// Of the deletion.
    pub rev: Rev,
}

/// A file that changed on both sides.
#[derive(Debug, Serialize)]
pub struct DiffConflict {
    /// Of the file.
    pub path: String,
    /// As sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Rev>,
    /// What the server has.
    pub current: Current,
}

/// `GET /v1/projects`.
#[derive(Serialize)]
pub struct Projects {
    /// In the order of their ids.
    pub projects: Vec<Project>,
}

/// A project in the list of all.
#[derive(Serialize)]
pub struct Project {
    /// As in its address, decoded.
    pub id: String,
    /// As the client named it.
    pub name: Option<String>,
    /// As the client said; text, not necessarily a URL.
    #[serde(rename = "gitRepo")]
    pub git_repo: Option<String>,
    /// Live files.
    #[serde(rename = "fileCount")]
    pub file_count: u64,
    /// Their bytes.
    #[serde(rename = "totalSize")]
    pub total_size: u64,
    /// Time of the last change, in milliseconds; null before the first.
    #[serde(rename = "lastSync", serialize_with = "super::optional_millis")]
    pub last_sync: Option<Rev>,
}
