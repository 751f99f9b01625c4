//! Pages of changed files: `GET …/files`, as the KamiFlow client reads it, and `GET …/changes`.

use base64_simd::STANDARD;
use serde::Serialize;

use super::json;
use super::version::op;
use crate::domain::{Rev, Version};

/// A pulled file without its content.
#[derive(Serialize)]
pub struct PulledFile {
    /// Below `.kamiflow/`.
    pub path: String,
    /// SHA-256 of the content, in hex.
    pub checksum: String,
    /// Milliseconds since 1970, as the pushing client said.
    pub modified: i64,
    /// Bytes of the content.
    pub size: u64,
    /// The rev, as milliseconds.
    #[serde(serialize_with = "super::numbers::millis")]
    pub synced_at: Rev,
}

/// A change in the feed, without its content.
#[derive(Serialize)]
pub struct FeedChange {
    /// The rev of its newest version.
    pub rev: Rev,
    /// Below `.kamiflow/`.
    pub path: String,
    /// `put` or `delete`.
    pub op: &'static str,
    /// SHA-256 of the content, in hex; null for a deletion.
    pub checksum: Option<String>,
    /// Bytes of the content.
    pub size: u64,
    /// Milliseconds since 1970, as the pushing client said.
    pub modified: i64,
    /// The device that stored it, where it is known.
    pub device: Option<String>,
}

impl From<&Version> for PulledFile {
    fn from(version: &Version) -> Self {
        let checksum = version.checksum.map(|checksum| checksum.to_string());
        Self {
            path: version.path.clone(),
            checksum: checksum.unwrap_or_default(),
            modified: version.modified,
            size: version.size,
            synced_at: version.rev,
        }
    }
}

impl From<&Version> for FeedChange {
    fn from(version: &Version) -> Self {
        Self {
            rev: version.rev,
            path: version.path.clone(),
            op: op(version),
            checksum: version.checksum.map(|checksum| checksum.to_string()),
            size: version.size,
            modified: version.modified,
            device: version.device.clone(),
        }
    }
}

/// A page while it is written: content goes from the database into the answer without a copy in
/// between.
pub struct PageWriter {
    out: Vec<u8>,
    empty: bool,
}

impl PageWriter {
    /// A page whose list has this name, with room for this many bytes of content.
    pub fn new(list: &str, content_bytes: usize) -> Self {
        let mut out = Vec::with_capacity(content_bytes / 3 * 4 + content_bytes / 8 + 1024);
        out.extend_from_slice(format!("{{\"{list}\":[").as_bytes());
        Self { out, empty: true }
    }

    /// Adds an entry, an object, and gives it the field `content` in base64.
    pub fn push(&mut self, entry: &impl Serialize, content: Option<&[u8]>) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        json::append(&mut self.out, entry);
        if let Some(content) = content {
            self.out.pop();
            self.out.extend_from_slice(br#","content":""#);
            STANDARD.encode_append(content, &mut self.out);
            self.out.extend_from_slice(br#""}"#);
        }
    }

    /// Ends the page and returns its JSON.
    pub fn finish(mut self, has_more: bool, cursor: &str) -> Vec<u8> {
        self.out.extend_from_slice(br#"],"hasMore":"#);
        json::append(&mut self.out, &has_more);
        self.out.extend_from_slice(br#","cursor":"#);
        json::append(&mut self.out, &cursor);
        self.out.push(b'}');
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_json_that_reads_back() {
        let file = |path: &str| PulledFile {
            path: path.to_owned(),
            checksum: String::new(),
            modified: 5,
            size: 3,
            synced_at: 1_500,
        };
        let mut page = PageWriter::new("files", 3);
        page.push(&file("a"), Some(b"abc"));
        page.push(&file("é"), Some(b""));
        page.push(&file("b"), None);
        let json: serde_json::Value = serde_json::from_slice(&page.finish(true, "7-8")).unwrap();
        assert_eq!(json["files"][0]["content"], "YWJj");
        assert_eq!(json["files"][0]["synced_at"], 1.5);
        assert_eq!(json["files"][1]["path"], "é");
        assert_eq!(json["files"][1]["content"], "");
        assert!(json["files"][2].get("content").is_none());
        assert_eq!(
            (json["hasMore"].as_bool(), json["cursor"].as_str()),
            (Some(true), Some("7-8"))
        );
        assert_eq!(
            PageWriter::new("files", 0).finish(false, "0"),
            br#"{"files":[],"hasMore":false,"cursor":"0"}"#
        );
    }
}
