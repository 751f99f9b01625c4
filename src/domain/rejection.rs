//! Why a push stores nothing.

use super::conflict::Conflict;
use super::path_clash::PathClash;
use super::portability::UnportableName;
use super::sync_folders::SyncFolders;

/// Why a push stores nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Entries with a `base` that is no longer the newest version: all of them.
    #[error("{} changed on the server since this device last read it: pull, merge and push again.", what_changed(.0))]
    Conflict(Vec<Conflict>),
    /// A path that no disk can hold beside another.
    #[error("The path '{}' {}.", .0.path, .0.obstacle)]
    PathClash(PathClash),
    /// A file that lies below none of the folders that are synced.
    #[error(
        "The path '{path}' does not lie below a folder that is synced ({folders}): move the file, or change SYNC_FOLDERS on the server."
    )]
    OutsideFolders {
        /// The path of the file.
        path: String,
        /// `SYNC_FOLDERS`.
        folders: SyncFolders,
    },
    /// A new name that some system cannot hold.
    #[error("{0}: rename it, or set PORTABLE_PATHS=report on the server.")]
    Unportable(UnportableName),
    /// More paths than an answer can name: it would not fit into the memory of a request.
    #[error(
        "The paths take more than {limit} bytes in the answer: push fewer entries, or restore fewer paths, at once."
    )]
    TooMuchToName {
        /// [`MAX_NAMED_BYTES`](super::rules::MAX_NAMED_BYTES).
        limit: usize,
    },
    /// The project would have more files than before and more than it may have.
    #[error(
        "The project would have more than {limit} files: delete some, or raise MAX_FILES_PER_PROJECT."
    )]
    ProjectFull {
        /// `MAX_FILES_PER_PROJECT`.
        limit: u64,
    },
}

fn what_changed(conflicts: &[Conflict]) -> String {
    match conflicts {
        [only] => format!("The file '{}'", only.path),
        many => format!("{} files", many.len()),
    }
}
