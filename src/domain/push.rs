//! What a device sends in one push, after every check that needs no database.

use super::checksum::Checksum;
use super::path::FilePath;
use super::version::Rev;

/// A checked push.
#[derive(Debug, Default)]
pub struct Push {
    /// Files to store, each path once.
    pub puts: Vec<Put>,
    /// Files to delete, each path once and none of them in `puts`.
    pub deletes: Vec<Delete>,
    /// The project's new name.
    pub name: Option<String>,
    /// The project's new repository.
    pub git_repo: Option<String>,
    /// The device that pushes, for the history.
    pub device: Option<String>,
    /// The number of its key, unless that is the owner's. What a device has pushed it need not pull.
    pub key: Option<i64>,
}

impl Push {
    /// Bytes of its paths in an answer, which is pure ASCII.
    pub fn named_bytes(&self) -> usize {
        let puts = self.puts.iter().map(|put| &put.path);
        let paths = puts.chain(self.deletes.iter().map(|delete| &delete.path));
        paths.map(FilePath::ascii_bytes).sum()
    }

    /// Whether the push names the project or its repository.
    pub fn describes_project(&self) -> bool {
        self.name.is_some() || self.git_repo.is_some()
    }
}

/// Characters of a project's name.
pub const MAX_NAME: usize = 256;
/// Characters of a project's repository.
pub const MAX_GIT_REPO: usize = 2048;
/// When a file was last changed, at most, and the same before 1970: the largest whole number that a JavaScript
/// number holds exactly.
pub const MAX_MODIFIED: i64 = 9_007_199_254_740_991;

/// A file to store.
#[derive(Debug)]
pub struct Put {
    /// Below `.kamiflow/`.
    pub path: FilePath,
    /// The checksum of the content.
    pub checksum: Checksum,
    /// Milliseconds since 1970.
    pub modified: i64,
    /// The rev that this edit started from; 0 when there was no such file.
    pub base: Option<Rev>,
    /// Bytes of the content.
    pub size: u64,
    /// The bytes, or that the store has them.
    pub content: Content,
}

impl Put {
    /// A file that comes with its content.
    pub fn new(path: FilePath, modified: i64, base: Option<Rev>, content: Vec<u8>) -> Self {
        Self {
            path,
            checksum: Checksum::of(&content),
            modified,
            base,
            size: content.len() as u64,
            content: Content::New(content),
        }
    }
}

/// The content of a file to store.
#[derive(Debug)]
pub enum Content {
    /// Came with the push.
    New(Vec<u8>),
    /// Is stored already, under the checksum.
    Stored,
}

/// A file to delete.
#[derive(Debug)]
pub struct Delete {
    /// Below `.kamiflow/`.
    pub path: FilePath,
    /// The rev that the device knew.
    pub base: Option<Rev>,
}
