//! Every way in which a request can fail, with its status, its code and what the client reads.
//!
//! `Display` is the sentence for the person at the other end. What only the operator may see is
//! the source of the error, and goes to the log once, where the error becomes an answer
//! (`failure`).

use http::StatusCode;

use crate::counters::CounterError;
use crate::domain::cursor::MalformedCursor;
use crate::domain::key::{MalformedKey, Scope};
use crate::domain::{MAX_FILE_BYTES, Rejection};
use crate::settings::BadSetting;
use crate::store;
use crate::wire::body::BodyError;

/// What only the operator may see.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No route has this path.
    #[error("Not found: this server has no such address.")]
    NotFound,
    /// The path exists, the method does not; holds the methods it has.
    #[error("This address does not take that method; it takes {0}.")]
    MethodNotAllowed(&'static str),
    /// The project id breaks a rule, or the request line does.
    #[error("{0}")]
    BadRequest(String),
    /// The body is not the JSON that the request needs.
    #[error(transparent)]
    BadBody(#[from] BodyError),
    /// No key was sent.
    #[error("Missing or invalid Authorization header: send 'Authorization: Bearer <API key>'.")]
    Unauthenticated,
    /// The key is wrong.
    #[error("Invalid API key: compare the key of this device with the server's.")]
    Forbidden,
    /// The key begins like one of a device and cannot be one.
    #[error("This key has a typing error, or is not whole: copy it again.")]
    MalformedKey,
    /// The key was revoked.
    #[error("This key was revoked: ask the owner of the server for another.")]
    KeyRevoked,
    /// The time of the key is over.
    #[error("This key has expired: ask the owner of the server for another.")]
    KeyExpired,
    /// The key may do less than the request needs.
    #[error(
        "This request needs a key with the scope '{needs}', and this key has '{has}': ask the owner of the server for another."
    )]
    Scope {
        /// What the request needs.
        needs: Scope,
        /// What the key has.
        has: Scope,
    },
    /// The key does not open the project, whether that exists or not.
    #[error("This key does not open this project: ask the owner of the server for another.")]
    Project,
    /// A key that may do more than the one that asks for it.
    #[error(
        "A key cannot make one that may do more, opens more projects or lasts longer than itself."
    )]
    WiderKey,
    /// No such key, or one that the key of the request does not manage.
    #[error("Not found: there is no such key.")]
    NoSuchKey,
    /// There are as many keys as there may be.
    #[error("There are {limit} keys already: revoke those that nobody uses.")]
    TooManyKeys {
        /// The most keys that are not revoked.
        limit: i64,
    },
    /// A setting is missing or wrong.
    #[error("The server is not configured: its operator finds the reason in its log.")]
    NotConfigured(#[source] Source),
    /// The client has used up its window.
    #[error("Too many requests: wait {retry_after_s} seconds and try again.")]
    RateLimited {
        /// Seconds until the window ends, at least 1.
        retry_after_s: u64,
    },
    /// No more connections may wait for changes.
    #[error(
        "Too many devices wait for changes: ask without 'wait', or again in {retry_after_s} seconds."
    )]
    TooManyWaiting {
        /// Seconds after which a place may be free.
        retry_after_s: u64,
    },
    /// The body, as sent or inflated, is over `MAX_BODY_SIZE`.
    #[error("The request body is larger than {limit_bytes} bytes: push fewer files at once.")]
    BodyTooLarge {
        /// `MAX_BODY_SIZE`.
        limit_bytes: usize,
    },
    /// The connection ended, or the stream broke, before the body was whole.
    #[error("The request body did not arrive whole: send it again.")]
    BodyCutShort,
    /// A `content-encoding` other than gzip and identity.
    #[error("The content-encoding '{0}' is not supported: send gzip or none.")]
    UnsupportedEncoding(String),
    /// The body says gzip and is not.
    #[error("The request body is not valid gzip: compress it again or send it as it is.")]
    BadGzip,
    /// One decoded file is over `MAX_FILE_SIZE`.
    #[error(
        "The file '{path}' is larger than {limit_bytes} bytes: leave it out, or raise MAX_FILE_SIZE on the server."
    )]
    FileTooLarge {
        /// The path of the file.
        path: String,
        /// `MAX_FILE_SIZE`.
        limit_bytes: usize,
    },
    /// A stored file that no answer can carry.
    #[error(
        "The file '{path}' has {size} bytes, and an answer carries at most {MAX_FILE_BYTES}: take it out with 'kamiflow-sync export', and delete it."
    )]
    StoredFileTooLarge {
        /// The path of the file.
        path: String,
        /// Bytes of its content.
        size: u64,
    },
    /// A path that some client could not write, or that would leave its folder.
    #[error("The path '{path}' {rule}.")]
    BadPath {
        /// The path as it was sent, cut short.
        path: String,
        /// The broken rule, following "the path".
        rule: &'static str,
    },
    /// `content` is not base64.
    #[error("The content of '{path}' is not valid base64.")]
    BadBase64 {
        /// The path of the file.
        path: String,
    },
    /// `checksum` is not the SHA-256 of the decoded content.
    #[error(
        "The checksum of '{path}' does not match its content: read the file again and push it."
    )]
    ChecksumMismatch {
        /// The path of the file.
        path: String,
    },
    /// One path twice in a request, with different outcomes.
    #[error("The path '{path}' is in this request twice, and not the same each time.")]
    DuplicatePath {
        /// The path of the file.
        path: String,
    },
    /// A cursor that no server wrote.
    #[error(
        "The cursor in 'since' is malformed: use the 'cursor' of an earlier answer, or 0 for the beginning."
    )]
    BadCursor,
    /// A cursor of another history than the project's: it was restored from a backup, or deleted
    /// and made again.
    #[error(
        "The history of this project is not the one that the cursor came from: compare with /manifest or /diff and begin anew."
    )]
    ResyncRequired,
    /// No such version, or no such live file.
    #[error("Not found: {0}.")]
    NoSuchFile(String),
    /// The content of this version was pruned.
    #[error("The content of this version of '{path}' is no longer kept: restore a newer one.")]
    ContentGone {
        /// The path of the file.
        path: String,
    },
    /// A rule forbids the push; nothing was stored.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The disk, or the database's own limit, is full.
    #[error("The server has no space left: nothing was stored.")]
    StorageFull,
    /// Another writer kept the database locked for the whole busy timeout.
    #[error("The server is busy: try again in a moment.")]
    Busy,
    /// The project was moved to another server, which should have got the request.
    #[error(
        "This project was moved to another server, which did not get this request: try again soon."
    )]
    Moved,
    /// A statement ran for longer than the host allows; nothing of its transaction is stored.
    #[error("The server took too long over this request; try again.")]
    TimedOut,
    /// The server that holds the database, such as libSQL's, cannot be reached: nothing is stored. Or the connection broke
    /// before its answer: a push may be stored then, and changes nothing when it is sent again.
    #[error("The server cannot reach its database: try again in a moment.")]
    Unreachable(#[source] Source),
    /// A deep health check failed; holds the part that does not work.
    #[error("The server is not healthy: its {0} does not work.")]
    Unhealthy(&'static str, #[source] Source),
    /// A deep health check found no space to write to.
    #[error("The server is not healthy: its disk is full.")]
    DiskFull(#[source] Source),
    /// Anything else.
    #[error("The server failed to process this request; try again.")]
    Internal(#[source] Source),
}

impl Error {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NoSuchFile(_) | Self::NoSuchKey => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) | Self::BadBody(_) => StatusCode::BAD_REQUEST,
            Self::BadCursor | Self::BadGzip | Self::BodyCutShort => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::MalformedKey => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::KeyRevoked | Self::KeyExpired => StatusCode::FORBIDDEN,
            Self::Scope { .. } | Self::Project | Self::WiderKey => StatusCode::FORBIDDEN,
            Self::RateLimited { .. } | Self::TooManyWaiting { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyTooLarge { .. }
            | Self::FileTooLarge { .. }
            | Self::StoredFileTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BadPath { .. } | Self::BadBase64 { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ChecksumMismatch { .. } | Self::DuplicatePath { .. } => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::ResyncRequired | Self::ContentGone { .. } => StatusCode::GONE,
            Self::Rejected(Rejection::Conflict(_)) | Self::TooManyKeys { .. } => {
                StatusCode::CONFLICT
            }
            Self::Rejected(
                Rejection::PathClash(_)
                | Rejection::OutsideFolders { .. }
                | Rejection::Unportable(_),
            ) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Rejected(Rejection::ProjectFull { .. }) | Self::StorageFull => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            Self::Busy | Self::Moved | Self::TimedOut | Self::Unreachable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Unhealthy(..) | Self::DiskFull(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotConfigured(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The `code` of the answer: what a program may decide on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound | Self::NoSuchFile(_) | Self::NoSuchKey => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::BadRequest(_) | Self::BadBody(BodyError::BadField(_)) => "bad_request",
            Self::BadBody(BodyError::NotJson(_)) => "bad_json",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::MalformedKey => "malformed_key",
            Self::KeyRevoked => "key_revoked",
            Self::KeyExpired => "key_expired",
            Self::Scope { .. } | Self::WiderKey => "scope",
            Self::Project => "project",
            Self::TooManyKeys { .. } => "too_many_keys",
            Self::NotConfigured(_) => "not_configured",
            Self::RateLimited { .. } => "rate_limited",
            Self::TooManyWaiting { .. } => "too_many_waiting",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyCutShort => "body_cut_short",
            Self::UnsupportedEncoding(_) => "unsupported_encoding",
            Self::BadGzip => "bad_gzip",
            Self::FileTooLarge { .. } | Self::StoredFileTooLarge { .. } => "file_too_large",
            Self::BadPath { .. }
            | Self::Rejected(Rejection::PathClash(_) | Rejection::OutsideFolders { .. }) => {
                "bad_path"
            }
            Self::BadBase64 { .. } => "bad_base64",
            Self::ChecksumMismatch { .. } => "checksum_mismatch",
            Self::DuplicatePath { .. } => "duplicate_path",
            Self::BadCursor => "bad_cursor",
            Self::ResyncRequired => "resync_required",
            Self::ContentGone { .. } => "content_gone",
            Self::Rejected(Rejection::Conflict(_)) => "conflict",
            Self::Rejected(Rejection::ProjectFull { .. }) => "project_full",
            Self::Rejected(Rejection::Unportable(_)) => "unportable_path",
            Self::StorageFull => "storage_full",
            Self::Busy | Self::Unreachable(_) => "busy",
            Self::Moved => "moved",
            Self::TimedOut => "timeout",
            Self::Unhealthy(..) | Self::DiskFull(_) => "unhealthy",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether it is about the key itself: no device of the owner is known to have sent it.
    pub fn refuses_key(&self) -> bool {
        matches!(
            self,
            Self::Unauthenticated
                | Self::Forbidden
                | Self::MalformedKey
                | Self::KeyRevoked
                | Self::KeyExpired
        )
    }

    /// Whether the same request may succeed later without a change.
    pub fn retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::TooManyWaiting { .. } | Self::BodyCutShort => true,
            Self::Rejected(_) => false,
            other => other.status().is_server_error(),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy => Self::Busy,
            store::Error::Full => Self::StorageFull,
            store::Error::TimedOut => Self::TimedOut,
            store::Error::Unreachable(source) => Self::Unreachable(source),
            store::Error::Rejected(rejection) => Self::Rejected(rejection),
            store::Error::ResyncRequired => Self::ResyncRequired,
            store::Error::Moved => Self::Moved,
            store::Error::NoProject
            | store::Error::NeverStored { .. }
            | store::Error::NoVersion { .. }
            | store::Error::BeforeFirstVersion => Self::NoSuchFile(error.to_string()),
            store::Error::ContentPruned { path } => Self::ContentGone { path },
            store::Error::TooManyKeys(limit) => Self::TooManyKeys { limit },
            store::Error::FileTooLarge { path, size } => Self::StoredFileTooLarge { path, size },
            store::Error::NewerSchema(_) | store::Error::NotWal(_) => {
                Self::NotConfigured(error.into())
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_the_protocols() {
        let path = || "a.md".to_owned();
        for (error, status, retryable) in [
            (Error::NotFound, 404, false),
            (Error::MethodNotAllowed("GET"), 405, false),
            (BodyError::NotJson("x".into()).into(), 400, false),
            (Error::Unauthenticated, 401, false),
            (Error::Forbidden, 403, false),
            (Error::MalformedKey, 401, false),
            (Error::KeyRevoked, 403, false),
            (Error::Project, 403, false),
            (Error::NoSuchKey, 404, false),
            (Error::TooManyKeys { limit: 1 }, 409, false),
            (Error::RateLimited { retry_after_s: 1 }, 429, true),
            (Error::BodyTooLarge { limit_bytes: 1 }, 413, false),
            (Error::UnsupportedEncoding("br".into()), 415, false),
            (
                Error::FileTooLarge {
                    path: path(),
                    limit_bytes: 1,
                },
                413,
                false,
            ),
            (Error::ChecksumMismatch { path: path() }, 422, false),
            (Rejection::ProjectFull { limit: 1 }.into(), 507, false),
            (Error::StorageFull, 507, true),
            (Error::Busy, 503, true),
            (Error::Moved, 503, true),
            (Error::TimedOut, 503, true),
            (Error::Unreachable("x".into()), 503, true),
            (Error::Internal("x".into()), 500, true),
        ] {
            assert_eq!(
                (error.status().as_u16(), error.retryable()),
                (status, retryable),
                "{error:?}"
            );
        }
    }
}
