//! What an error is to a program: its status, its code, and whether to try again.

use http::StatusCode;

use super::Error;
use crate::domain::Rejection;
use crate::wire::body::BodyError;

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
            Self::RateLimited { .. } | Self::TooManyWaiting { .. } | Self::KeyWaits { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::BodyTooLarge { .. }
            | Self::FileTooLarge { .. }
            | Self::StoredFileTooLarge { .. }
            | Self::Rejected(Rejection::TooMuchToName { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
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
            Self::TooManyWaiting { .. } | Self::KeyWaits { .. } => "too_many_waiting",
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
            Self::Rejected(Rejection::TooMuchToName { .. }) => "too_much_memory",
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
            Self::RateLimited { .. } | Self::TooManyWaiting { .. } => true,
            Self::KeyWaits { .. } | Self::BodyCutShort => true,
            Self::Rejected(_) => false,
            other => other.status().is_server_error(),
        }
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
            (Rejection::TooMuchToName { limit: 1 }.into(), 413, false),
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
