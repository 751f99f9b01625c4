//! Every way in which the store fails or says no.

use super::schema::SCHEMA_VERSION;
use super::sql_error::SqlError;
use crate::domain::{MAX_FILE_BYTES, Rejection, Rev, Version};

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another writer kept the database locked for the whole timeout.
    #[error("another program keeps writing to the database: try again when it has ended")]
    Busy,
    /// The disk, or the database's own limit, is full.
    #[error("the disk is full")]
    Full,
    /// A statement was interrupted, mostly because it ran for longer than the host allows.
    #[error("a statement was interrupted")]
    TimedOut,
    /// The server that holds the database cannot be reached, or the connection broke before its answer.
    #[error("the database server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A rule forbids the push; nothing was stored.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A cursor that does not come from the history of this project.
    #[error("the cursor belongs to another history")]
    ResyncRequired,
    /// A project is not any more where a client has seen it.
    #[error("the project has changed since")]
    ProjectHasChanged,
    /// There is no such project.
    #[error("this project does not exist")]
    NoProject,
    /// The project was moved to another server.
    #[error("this project was moved to another server")]
    Moved,
    /// There is a project of the id that another is to be moved in with.
    #[error("this server has a project of this id")]
    ProjectExists,
    /// A project that this server has moved away since is to be moved in.
    #[error(
        "the file is from an earlier move, and this server has moved the project out again since: move in the newest file"
    )]
    OlderMove,
    /// A path that never had a version.
    #[error("'{path}' was never stored")]
    NeverStored {
        /// The path of the file.
        path: String,
    },
    /// The names of the project's files must be listed first.
    #[error("the names of this project are not listed yet")]
    NamesNotListed,
    /// A path has no version with this rev.
    #[error("'{path}' has no version {rev}")]
    NoVersion {
        /// The path of the file.
        path: String,
        /// The rev that was asked for.
        rev: Rev,
    },
    /// A moment before the project's first version.
    #[error("this project has no version from that time")]
    BeforeFirstVersion,
    /// The content of a version is no longer kept.
    #[error("the content of this version of '{path}' is no longer kept")]
    ContentPruned {
        /// The path of the file.
        path: String,
    },
    /// There are as many keys as there may be.
    #[error("there are {0} keys already")]
    TooManyKeys(i64),
    /// A stored file that no answer can carry.
    #[error("'{path}' has {size} bytes")]
    FileTooLarge {
        /// The path of the file.
        path: String,
        /// Bytes of its content.
        size: u64,
    },
    /// The database was written by a newer program.
    #[error(
        "the database has schema {0}, this program knows {SCHEMA_VERSION}: run the newer program"
    )]
    NewerSchema(i64),
    /// The database has tables that this program did not make.
    #[error("the database belongs to another program")]
    OtherProgram,
    /// The database is that of the original server.
    #[error(
        "the database is that of the original server: 'kamiflow-sync import-legacy' takes it over into a new one"
    )]
    OriginalServer,
    /// The database does not use a write-ahead log.
    #[error("the database is in journal mode '{0}', not WAL")]
    NotWal(String),
    /// A row that this program cannot have written.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
    /// Anything else that SQLite says.
    #[error("SQLite failed")]
    Sql(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Busy => Self::Busy,
            SqlError::Full => Self::Full,
            SqlError::TimedOut => Self::TimedOut,
            SqlError::Unreachable(source) => Self::Unreachable(source),
            SqlError::Failed(source) => Self::Sql(source),
        }
    }
}

/// Refuses content that no answer can carry, which only a program before the limit can have imported.
pub(super) fn require_answerable(version: &Version) -> Result<(), Error> {
    if version.size <= MAX_FILE_BYTES {
        Ok(())
    } else {
        Err(Error::FileTooLarge {
            path: version.path.clone(),
            size: version.size,
        })
    }
}
