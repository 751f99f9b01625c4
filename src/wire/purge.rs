//! `POST …/purge`: removing content for good.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::body::{self, BodyError};
use crate::domain::Rev;

/// The body of `POST …/purge`. An unknown field is refused, since with a misspelt `rev` the whole path would go, for good.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgeRequest<'a> {
    /// The path.
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// The rev of the version to purge; none for all of the path.
    #[serde(default, deserialize_with = "super::json_number::rev")]
    pub rev: Option<Rev>,
}

impl<'a> PurgeRequest<'a> {
    /// Reads a body; the error names the JSON path of what is wrong.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        body::parse(body)
    }
}

/// The answer to a purge.
#[derive(Serialize)]
pub struct PurgeAnswer {
    /// Versions that were removed.
    pub purged: u64,
    /// Paths with the same content in versions that stay, at most 100.
    pub elsewhere: Vec<String>,
    /// Whether nothing is left on the disk either; false while a reader, such as a backup, needs it.
    pub erased: bool,
    /// The position at the end of the change feed.
    pub cursor: String,
}
