//! The JSON of requests and answers, as far as the engine's own types do not read and write it.

use serde::{Deserialize, Serialize};

use super::body::base64;
use crate::remote::{
    Change, Conflict, Delete, Limits, Page, Push, Put, Rev, Span, Stored, Version,
};

#[derive(Serialize)]
pub struct PushBody<'a> {
    files: Vec<File<'a>>,
    deletions: Vec<Deletion<'a>>,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    base: Rev,
    checksum: &'a str,
    modified: i64,
    #[serde(serialize_with = "base64")]
    content: &'a [u8],
}

#[derive(Serialize)]
struct Deletion<'a> {
    path: &'a str,
    base: Rev,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> PushBody<'a> {
    /// `name` is that of a project which is begun. That of one which others know is left as it is.
    pub fn new(push: &'a Push, name: &'a str) -> Self {
        let file = |put: &'a Put| File {
            path: &put.path,
            base: put.base,
            checksum: &put.checksum,
            modified: put.modified,
            content: &put.content,
        };
        let deletion = |delete: &'a Delete| Deletion {
            path: &delete.path,
            base: delete.base,
        };
        Self {
            files: push.puts.iter().map(file).collect(),
            deletions: push.deletes.iter().map(deletion).collect(),
            metadata: Metadata {
                name: push.is_first.then_some(name),
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushedAnswer {
    results: Vec<Outcome>,
    /// Servers from before it have none.
    previous_cursor: Option<String>,
    cursor: String,
}

#[derive(Deserialize)]
struct Outcome {
    path: String,
    rev: Option<Rev>,
}

impl From<PushedAnswer> for Stored {
    fn from(answer: PushedAnswer) -> Self {
        let results = answer.results.into_iter();
        Self {
            revs: results.map(|result| (result.path, result.rev)).collect(),
            span: Span {
                from: answer.previous_cursor,
                to: answer.cursor,
            },
        }
    }
}

#[derive(Deserialize)]
pub struct ConflictAnswer {
    conflicts: Vec<ConflictEntry>,
}

impl From<ConflictAnswer> for Vec<Conflict> {
    fn from(answer: ConflictAnswer) -> Self {
        let conflict = |entry: ConflictEntry| Conflict {
            current: entry.current.map(|current| current.change(&entry.path)),
            path: entry.path,
        };
        answer.conflicts.into_iter().map(conflict).collect()
    }
}

#[derive(Deserialize)]
struct ConflictEntry {
    path: String,
    current: Option<Current>,
}

#[derive(Deserialize)]
struct Current {
    rev: Rev,
    checksum: Option<String>,
    modified: i64,
}

impl Current {
    fn change(self, path: &str) -> Change {
        Change {
            rev: self.rev,
            path: path.to_owned(),
            checksum: self.checksum,
            modified: self.modified,
            device: None,
            content: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageAnswer {
    changes: Vec<ChangeEntry>,
    cursor: String,
    has_more: bool,
}

#[derive(Deserialize)]
struct ChangeEntry {
    rev: Rev,
    path: String,
    checksum: Option<String>,
    modified: i64,
    /// Servers from before it have none.
    device: Option<String>,
    #[serde(default, deserialize_with = "super::body::content")]
    content: Option<Vec<u8>>,
}

impl From<PageAnswer> for Page {
    fn from(answer: PageAnswer) -> Self {
        let change = |entry: ChangeEntry| Change {
            rev: entry.rev,
            path: entry.path,
            checksum: entry.checksum,
            modified: entry.modified,
            device: entry.device,
            content: entry.content,
        };
        Self {
            changes: answer.changes.into_iter().map(change).collect(),
            cursor: answer.cursor,
            has_more: answer.has_more,
        }
    }
}

#[derive(Deserialize)]
pub struct InfoAnswer {
    pub limits: Limits,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusAnswer {
    pub file_count: u64,
    pub total_size: u64,
    /// Servers from before it have none.
    pub deleted_at: Option<f64>,
}

#[derive(Deserialize)]
pub struct HistoryAnswer {
    pub versions: Vec<Version>,
    #[serde(rename = "hasMore")]
    pub has_more: bool,
}

#[derive(Serialize)]
pub struct DiffBody<'a, T> {
    pub files: &'a [T],
}

#[derive(Serialize)]
pub struct RestoreBody<'a> {
    pub path: &'a str,
    pub rev: Rev,
}
