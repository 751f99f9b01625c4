//! `GET …/manifest`: every live file without content.

use serde::Serialize;

use super::version::LiveFile;

/// `GET …/manifest`.
#[derive(Serialize)]
pub struct ManifestPage {
    /// In byte order of their paths.
    pub files: Vec<LiveFile>,
    /// Whether more follow: ask again with `after=<last path>`.
    #[serde(rename = "hasMore")]
    pub has_more: bool,
    /// The digest of all live files, in hex.
    pub digest: String,
    /// The position at the end of the change feed.
    pub cursor: String,
}
