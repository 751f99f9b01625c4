//! `POST …/restore`: bringing old versions back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::body::{self, BodyError};
use super::json;
use super::moment::Moment;
use super::portability::Unportable;
use super::pushed::PathStatus;
use crate::domain::Rev;

/// The body of `POST …/restore`. An unknown field is refused, since with a misspelt `dry_run` or `paths` more would change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest<'a> {
    /// The path of the file to restore; needs `rev`.
    #[serde(borrow, default)]
    pub path: Option<Cow<'a, str>>,
    /// The rev of the version to restore.
    #[serde(default, deserialize_with = "super::json_number::rev")]
    pub rev: Option<Rev>,
    /// Together with `rev`: the newest version of the file, as the client knows it; 0 for none.
    #[serde(default, deserialize_with = "super::json_number::rev")]
    pub base: Option<Rev>,
    /// The moment to which the whole project goes back.
    #[serde(borrow, default)]
    pub at: Option<Moment<'a>>,
    /// Together with `at`: these paths only.
    #[serde(borrow, default, deserialize_with = "super::entries::optional")]
    pub paths: Option<Vec<Cow<'a, str>>>,
    /// Together with `at`: the `cursor` of the project, as the client knows it.
    #[serde(borrow, default)]
    pub cursor: Option<Cow<'a, str>>,
    /// Whether only to report what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

impl<'a> RestoreRequest<'a> {
    /// Reads a body; the error names the JSON path of what is wrong.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        body::parse(body)
    }
}

/// The answer to a restore.
#[derive(Serialize)]
pub struct RestoreAnswer {
    /// Whether nothing was stored.
    pub dry_run: bool,
    /// The position at the end of the change feed.
    pub cursor: String,
    /// What became of each path.
    pub results: Vec<RestoredPath>,
    /// Files that stay as they are, since what they were at that moment was purged.
    pub purged: Vec<String>,
    /// Names of the restored files, and of folders above them, that some system cannot hold.
    pub warnings: Vec<Unportable>,
}

impl RestoreAnswer {
    /// The answer as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::to_vec_exact(self)
    }
}

/// What a restore did to one path.
#[derive(Serialize)]
pub struct RestoredPath {
    /// The path of the file.
    pub path: String,
    /// What the restore did to it.
    pub status: PathStatus,
    /// The version that was brought back; null when there was none at that moment.
    pub from_rev: Option<Rev>,
    /// The path's newest rev now; null in a dry run.
    pub rev: Option<Rev>,
}
