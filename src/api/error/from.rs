//! What the parts of the server fail with, as an error of a request.

use super::Error;
use crate::counters::CounterError;
use crate::domain::cursor::MalformedCursor;
use crate::domain::key::MalformedKey;
use crate::settings::BadSetting;
use crate::store;

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy => Self::Busy,
            store::Error::Full => Self::StorageFull,
            store::Error::TimedOut => Self::TimedOut,
            store::Error::Unreachable(source) => Self::Unreachable(source),
            store::Error::Rejected(rejection) => Self::Rejected(rejection),
            store::Error::ResyncRequired => Self::ResyncRequired,
            store::Error::ProjectHasChanged => Self::Outdated("the project has changed"),
            store::Error::Moved => Self::Moved,
            store::Error::NoProject
            | store::Error::NeverStored { .. }
            | store::Error::NoVersion { .. } => Self::Missing(error.to_string()),
            store::Error::BeforeFirstVersion => Self::BeforeFirstVersion,
            store::Error::ContentPruned { path } => Self::ContentGone { path },
            store::Error::TooManyKeys(limit) => Self::TooManyKeys { limit },
            store::Error::FileTooLarge { path, size } => Self::StoredFileTooLarge { path, size },
            store::Error::NewerSchema(_)
            | store::Error::OtherProgram
            | store::Error::OriginalServer
            | store::Error::NotWal(_) => Self::NotConfigured(error.into()),
            store::Error::NamesNotListed
            | store::Error::ProjectExists
            | store::Error::OlderMove
            | store::Error::Damaged(_)
            | store::Error::Sql(_) => Self::Internal(error.into()),
        }
    }
}

impl From<BadSetting> for Error {
    fn from(error: BadSetting) -> Self {
        Self::NotConfigured(error.into())
    }
}

impl From<CounterError> for Error {
    fn from(error: CounterError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<MalformedKey> for Error {
    fn from(_: MalformedKey) -> Self {
        Self::MalformedKey
    }
}

impl From<MalformedCursor> for Error {
    fn from(_: MalformedCursor) -> Self {
        Self::BadCursor
    }
}
