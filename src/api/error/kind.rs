//! What an error is to a program: its status, its code, and whether to try again.

use http::StatusCode;

use super::Error;
use crate::domain::Rejection;
use crate::wire::body::BodyError;

/// What an error is to a program.
pub(crate) struct Kind {
    pub status: StatusCode,
    pub code: &'static str,
    /// Whether the same request may succeed later without a change.
    pub retryable: bool,
    /// Seconds after which it may, where that is known.
    pub retry_after_s: Option<u64>,
}

fn refused(status: StatusCode, code: &'static str) -> Kind {
    Kind {
        status,
        code,
        retryable: false,
        retry_after_s: None,
    }
}

fn later(status: StatusCode, code: &'static str) -> Kind {
    Kind {
        status,
        code,
        retryable: true,
        retry_after_s: None,
    }
}

fn later_after(status: StatusCode, code: &'static str, seconds: u64) -> Kind {
    Kind {
        retry_after_s: Some(seconds),
        ..later(status, code)
    }
}

impl Error {
    /// Each error on a line.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::Missing(_) | Self::BeforeFirstVersion | Self::NoSuchKey => {
                refused(StatusCode::NOT_FOUND, "not_found")
            }
            Self::MethodNotAllowed(_) => {
                refused(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
            }
            Self::BadRequest(_) | Self::BadBody(BodyError::BadField(_)) => {
                refused(StatusCode::BAD_REQUEST, "bad_request")
            }
            Self::BadBody(BodyError::NotJson(_)) => refused(StatusCode::BAD_REQUEST, "bad_json"),
            Self::Unauthenticated => refused(StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::Forbidden => refused(StatusCode::FORBIDDEN, "forbidden"),
            Self::MalformedKey => refused(StatusCode::UNAUTHORIZED, "malformed_key"),
            Self::KeyRevoked => refused(StatusCode::FORBIDDEN, "key_revoked"),
            Self::KeyExpired => refused(StatusCode::FORBIDDEN, "key_expired"),
            Self::Scope { .. } | Self::WiderKey => refused(StatusCode::FORBIDDEN, "scope"),
            Self::Project => refused(StatusCode::FORBIDDEN, "project"),
            Self::TooManyKeys { .. } => refused(StatusCode::CONFLICT, "too_many_keys"),
            Self::NotConfigured(_) => later(StatusCode::INTERNAL_SERVER_ERROR, "not_configured"),
            Self::RateLimited { retry_after_s } => later_after(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                *retry_after_s,
            ),
            Self::KeyWaits { retry_after_s, .. } | Self::TooManyWaiting { retry_after_s } => {
                later_after(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too_many_waiting",
                    *retry_after_s,
                )
            }
            Self::BodyTooLarge { .. } => refused(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BodyCutShort => later(StatusCode::BAD_REQUEST, "body_cut_short"),
            Self::UnsupportedEncoding(_) => {
                refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding")
            }
            Self::BadGzip => refused(StatusCode::BAD_REQUEST, "bad_gzip"),
            Self::FileTooLarge { .. } | Self::StoredFileTooLarge { .. } => {
                refused(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large")
            }
            Self::BadPath { .. } => refused(StatusCode::UNPROCESSABLE_ENTITY, "bad_path"),
            Self::BadBase64 { .. } => refused(StatusCode::UNPROCESSABLE_ENTITY, "bad_base64"),
            Self::ChecksumMismatch { .. } => {
                refused(StatusCode::UNPROCESSABLE_ENTITY, "checksum_mismatch")
            }
            Self::DuplicatePath { .. } => {
                refused(StatusCode::UNPROCESSABLE_ENTITY, "duplicate_path")
            }
            Self::BadCursor => refused(StatusCode::BAD_REQUEST, "bad_cursor"),
            Self::Outdated(_) => refused(StatusCode::CONFLICT, "outdated"),
            Self::ResyncRequired => refused(StatusCode::GONE, "resync_required"),
            Self::ContentGone { .. } => refused(StatusCode::GONE, "content_gone"),
            Self::Rejected(rejection) => kind_of(rejection),
            Self::StorageFull => later(StatusCode::INSUFFICIENT_STORAGE, "storage_full"),
            Self::Busy | Self::Unreachable(_) => {
                later_after(StatusCode::SERVICE_UNAVAILABLE, "busy", 1)
            }
            Self::Moved => later_after(StatusCode::SERVICE_UNAVAILABLE, "moved", 5),
            Self::TimedOut => later_after(StatusCode::SERVICE_UNAVAILABLE, "timeout", 1),
            Self::Unhealthy(..) | Self::DiskFull(_) => {
                later(StatusCode::SERVICE_UNAVAILABLE, "unhealthy")
            }
            Self::Internal(_) => later(StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.kind().status
    }

    /// The `code` of the answer: what a program may decide on.
    pub fn code(&self) -> &'static str {
        self.kind().code
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
}

fn kind_of(rejection: &Rejection) -> Kind {
    match rejection {
        Rejection::Conflict(_) => refused(StatusCode::CONFLICT, "conflict"),
        Rejection::PathClash(_) | Rejection::OutsideFolders { .. } => {
            refused(StatusCode::UNPROCESSABLE_ENTITY, "bad_path")
        }
        Rejection::Unportable(_) => refused(StatusCode::UNPROCESSABLE_ENTITY, "unportable_path"),
        Rejection::TooMuchToName { .. } => {
            refused(StatusCode::PAYLOAD_TOO_LARGE, "too_much_memory")
        }
        Rejection::ProjectFull { .. } => refused(StatusCode::INSUFFICIENT_STORAGE, "project_full"),
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
            (Error::Outdated("it was changed"), 409, false),
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
            let kind = error.kind();
            let is = (kind.status.as_u16(), kind.retryable);
            assert_eq!(is, (status, retryable), "{error:?}");
        }
    }
}
