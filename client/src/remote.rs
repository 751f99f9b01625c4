//! What the engine asks of a server. `transport` asks it over HTTP.
//!
//! Paths are those of the wire: relative to `.kamiflow/`, with `/` between segments.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The number of a stored version. It only ever grows, also across projects and restored backups.
pub type Rev = u64;

/// The beginning of every change feed.
pub const BEGINNING: &str = "0";

/// A server with one project of it. It may be asked several things at once.
pub trait Remote: Sync {
    /// The limits in force.
    fn limits(&self) -> Result<Limits, RemoteError>;

    /// How many files the project has, and their bytes.
    fn totals(&self) -> Result<(u64, u64), RemoteError>;

    /// Whether a person has deleted the project, and nobody has begun it again.
    fn is_deleted(&self) -> Result<bool, RemoteError>;

    /// What the key may do.
    fn scope(&self) -> Result<Scope, RemoteError> {
        Ok(Scope::Write)
    }

    /// A page of the newest change of each path after a cursor, oldest first. With `content`, puts have
    /// theirs, and the page is shorter.
    fn changes(&self, since: &str, content: bool) -> Result<Page, RemoteError>;

    /// Stores all entries, or none of them.
    fn push(&self, push: &Push) -> Result<Pushed, RemoteError>;

    /// What the server thinks of all files of a device.
    fn diff(&self, files: &[DeviceFile]) -> Result<Diff, RemoteError>;

    /// The content of a version; none when there is no such version or its content is no longer kept.
    fn content(&self, path: &str, rev: Rev) -> Result<Option<Vec<u8>>, RemoteError>;

    /// All versions of a path, newest first.
    fn history(&self, path: &str) -> Result<Vec<Version>, RemoteError>;
}

/// Why the server did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// Not reached, or the answer was lost: whether the request was carried out is not known.
    #[error("The server cannot be reached: {0}.")]
    Offline(String),
    /// Too busy, or too many requests: it may be asked again after this time.
    #[error("{sentence}")]
    Wait {
        /// From `retry-after`.
        after: Duration,
        /// What the server said.
        sentence: String,
    },
    /// The cursor is damaged, or of another history: a backup was restored, or the project was deleted.
    #[error("The history of this project on the server was replaced (restored or recreated).")]
    Gone,
    /// A person has deleted the project, and another has to say whether its files here go up again.
    #[error(
        "The project was deleted on the server. Its files stay here, and nothing is uploaded until you decide: sync \
         with --bring-back to fill it again, or take another with `kamisync link`."
    )]
    Deleted,
    /// It says again and again that more follows of this, and sends nothing new.
    #[error("The server keeps announcing more {0} and sends none: update it or report a bug.")]
    Endless(&'static str),
    /// A file, or the request as a whole, is too large.
    #[error("{sentence}")]
    TooLarge {
        /// The file, when it is about one.
        path: Option<String>,
        /// What the server said.
        sentence: String,
    },
    /// Anything else.
    #[error("{sentence}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The word for programs, such as `bad_path`.
        code: String,
        /// The file, when it is about one.
        path: Option<String>,
        /// What the server said.
        sentence: String,
    },
}

/// How much a key may do, each with what the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Nothing goes up.
    Read,
    /// Files go up.
    Append,
    /// Deletions go up.
    Write,
}

/// What a server takes; sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Largest request body, after it was inflated.
    pub max_body_size: u64,
    /// Largest file.
    pub max_file_size: u64,
    /// Folders whose files are synced; `*` alone for any.
    pub sync_folders: Vec<String>,
}

/// A page of the change feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Oldest first.
    pub changes: Vec<Change>,
    /// Where the next page begins.
    pub cursor: String,
    /// Whether there is a next page now.
    pub has_more: bool,
}

/// The newest version of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub rev: Rev,
    /// The path.
    pub path: String,
    /// SHA-256 in lowercase hex; none when the file is deleted.
    pub checksum: Option<String>,
    /// When it was changed: milliseconds since 1970.
    pub modified: i64,
    /// The device that stored it, where the server says.
    pub device: Option<String>,
    /// The bytes, when they were asked for.
    pub content: Option<Vec<u8>>,
}

/// What goes up together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Push {
    /// Files to store.
    pub puts: Vec<Put>,
    /// Files to delete.
    pub deletes: Vec<Delete>,
    /// Whether the project is begun with this, as far as is known, and gets its name.
    pub is_first: bool,
}

/// A file to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The path.
    pub path: String,
    /// The version that it was edited from; 0 when there never was such a file.
    pub base: Rev,
    /// SHA-256 of the content in lowercase hex.
    pub checksum: String,
    /// When it was changed: milliseconds since 1970.
    pub modified: i64,
    /// The bytes.
    pub content: Vec<u8>,
}

/// A file to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// The path.
    pub path: String,
    /// The version that was deleted.
    pub base: Rev,
}

/// The answer to a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// All is stored.
    Stored(Stored),
    /// Nothing is stored, since the server has other versions of these paths than the bases.
    Conflict(Vec<Conflict>),
}

/// What became of a push that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The current rev of each path; none of one that there never was.
    pub revs: Vec<(String, Option<Rev>)>,
    /// Where the push is in the change feed.
    pub span: Span,
}

/// A part of the change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where it begins; none when the server does not say.
    pub from: Option<String>,
    /// Where it ends.
    pub to: String,
}

/// A path of which the server has another version than the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The path.
    pub path: String,
    /// What the server has, without content; none when there never was such a file.
    pub current: Option<Change>,
}

/// A file of this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceFile {
    /// The path.
    pub path: String,
    /// SHA-256 in lowercase hex.
    pub checksum: String,
    /// The version that this device last had of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Rev>,
}

/// What a device must do; paths that are equal on both sides are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Diff {
    /// Files that the server never had, or that were edited here alone.
    pub upload: Vec<DiffEntry>,
    /// Files that this device lacks, or has an older version of.
    pub download: Vec<DiffEntry>,
    /// Files that were deleted elsewhere and are unchanged here.
    pub delete_local: Vec<DiffEntry>,
    /// Files that were changed on both sides.
    pub conflict: Vec<DiffEntry>,
}

/// A path of a [`Diff`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DiffEntry {
    /// The path as the server spells it.
    pub path: String,
    /// The path as this device spells it, if not like this.
    #[serde(default)]
    pub device_path: Option<String>,
}

/// A version in the history of a path.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Version {
    /// Its number.
    pub rev: Rev,
    /// SHA-256 in lowercase hex; none for a deletion.
    pub checksum: Option<String>,
    /// Bytes.
    pub size: u64,
    /// When it was changed: milliseconds since 1970.
    pub modified: i64,
    /// When it was stored: milliseconds since 1970.
    pub stored_at: f64,
    /// The device that stored it.
    pub device: Option<String>,
    /// Whether its content is still kept.
    pub available: bool,
}

impl Version {
    /// The same as a change of this path.
    pub fn change(&self, path: &str) -> Change {
        Change {
            rev: self.rev,
            path: path.to_owned(),
            checksum: self.checksum.clone(),
            modified: self.modified,
            device: self.device.clone(),
            content: None,
        }
    }
}
