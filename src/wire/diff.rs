//! `POST …/diff`: what a device has, and what it must do to be in sync.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::body::{self, BodyError, Object};
use super::version::{Current, LiveFile};
use crate::domain::Rev;

/// The body of `POST …/diff`: every file that the device has.
#[derive(Deserialize)]
pub struct DiffRequest<'a> {
    /// Every file of the device, in any order.
    #[serde(borrow, deserialize_with = "super::entries::list")]
    pub files: Vec<Object<DeviceFile<'a>>>,
}

/// A file on a device.
#[derive(Debug, Deserialize)]
pub struct DeviceFile<'a> {
    /// Below `.kamiflow/`.
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// SHA-256 of the content, in hex.
    #[serde(borrow)]
    pub checksum: Cow<'a, str>,
    /// The rev that the device last had of this path.
    #[serde(default, deserialize_with = "super::json_number::rev")]
    pub base: Option<Rev>,
}

impl<'a> DiffRequest<'a> {
    /// Reads a body; the error names the JSON path of what is wrong.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        body::parse(body)
    }
}

/// The answer: what a device must do to be in sync.
#[derive(Debug, Default, Serialize)]
pub struct Diff {
    /// The server never had these, or has what the device edited.
    pub upload: Vec<Upload>,
    /// The device lacks these, or has an older version.
    pub download: Vec<LiveFile>,
    /// The server deleted these, and the device has what was deleted.
    pub delete_local: Vec<DeleteLocal>,
    /// Both sides changed these.
    pub conflict: Vec<DiffConflict>,
    /// Files of the device that the server would refuse, since they lie outside of the folders that
    /// are synced.
    pub not_synced: Vec<String>,
    /// Files of the device that the server would refuse, since one of the two would have to be a folder.
    pub clash: Vec<Clash>,
    /// Files that are equal.
    pub unchanged: u64,
    /// The position at the end of the change feed: continue from here.
    pub cursor: String,
    /// The digest of all live files, in hex.
    pub digest: String,
}

/// A file to push.
#[derive(Debug, Serialize)]
pub struct Upload {
    /// The path of the file.
    pub path: String,
    /// The `base` to push it with: the newest rev, or 0 when there never was such a file.
    pub base: Rev,
    /// The path as the device spells it, if not like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_path: Option<String>,
}

/// A file that cannot be stored.
#[derive(Debug, Serialize)]
pub struct Clash {
    /// The path of the file, as the device spells it.
    pub path: String,
    /// The file that is in its way: of the server, or of the device.
    #[serde(rename = "with")]
    pub other: String,
}

/// A file to remove.
#[derive(Debug, Serialize)]
pub struct DeleteLocal {
    /// The path of the file.
    pub path: String,
    /// The rev of the deletion.
    pub rev: Rev,
    /// The path as the device spells it, if not like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_path: Option<String>,
}

/// A file that changed on both sides.
#[derive(Debug, Serialize)]
pub struct DiffConflict {
    /// The path of the file.
    pub path: String,
    /// The base that the device sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Rev>,
    /// What the server has.
    pub current: Current,
    /// The path as the device spells it, if not like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_path: Option<String>,
}
