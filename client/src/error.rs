//! Why a round ended early. Each is one sentence that says what to do.

use std::path::{Path, PathBuf};

use crate::absence::Question;
use crate::config::ConfigError;
use crate::remote::RemoteError;
use crate::report::Report;

/// Why a round ended early. What it did until then is done and remembered.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Another program syncs this folder.
    #[error("Another kamisync is working in this folder (process {0}): wait for it, or stop it.")]
    Locked(String),
    /// So much is gone that a person must say whether it was deleted; with what was done before that was seen.
    #[error("{0}")]
    Question(Question, Box<Report>),
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The settings of the folder.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file or folder.
    #[error("{} cannot be used: {source}.", path.display())]
    Disk {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was synced was remembered by a later version of this program.
    #[error(
        "The database in .kamiflow/.sync is of a newer kamisync: install that version here too."
    )]
    Newer,
    /// What was synced cannot be remembered.
    #[error("The database in .kamiflow/.sync cannot be used: {0}.")]
    State(#[from] rusqlite::Error),
}

impl From<Question> for SyncError {
    fn from(question: Question) -> Self {
        Self::Question(question, Box::default())
    }
}

/// Names the file in an error of the system.
pub(crate) trait At<T> {
    /// Adds the path.
    fn at(self, path: &Path) -> Result<T, SyncError>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T, SyncError> {
        self.map_err(|source| SyncError::Disk {
            path: path.to_owned(),
            source,
        })
    }
}

/// Why a file or folder is left that the system does not show.
pub(crate) fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "it cannot be read".to_owned(),
        _ if is_held(error) => "another program has it open".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

/// Whether another program has the file open in a way that keeps everybody else off, as Windows allows.
pub(crate) fn is_held(error: &std::io::Error) -> bool {
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    cfg!(windows)
        && matches!(
            error.raw_os_error(),
            Some(SHARING_VIOLATION | LOCK_VIOLATION)
        )
}
