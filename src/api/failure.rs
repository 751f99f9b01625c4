//! How an error becomes an answer.

use std::error::Error as _;

use http::Response;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use super::error::Error;
use crate::domain::path_clash::PathClash;
use crate::domain::{Conflict, MAX_FILE_BYTES, Rejection};
use crate::wire::failure::envelope;
use crate::wire::portability::problems;
use crate::wire::pushed::ConflictEntry;

impl Error {
    /// The answer: the envelope, the headers that belong to it, and one log line for a 5xx whose
    /// reason the operator should see.
    pub fn into_response(self) -> Response<Vec<u8>> {
        self.log();
        let (sentence, kind, header) = (self.to_string(), self.kind(), self.header());
        let body = envelope(&sentence, kind.code, kind.retryable, self.into_details());
        let mut response = Response::new(body);
        *response.status_mut() = kind.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(header);
        response
    }

    /// Standard error is the host's log.
    fn log(&self) {
        if self.source().is_some() {
            eprintln!("error: {}", self.reason());
        }
    }

    /// The reason for the operator, which is not what the client reads.
    pub(super) fn reason(&self) -> String {
        let code = self.code().to_owned();
        match self.source() {
            Some(source) => format!("{code}: {}", with_causes(source)),
            None => code,
        }
    }

    /// The fields of the envelope beyond the three that every failure has.
    fn into_details(self) -> Map<String, Value> {
        let details = match self {
            Self::BodyTooLarge { limit_bytes } => json!({ "limit": limit_bytes }),
            Self::FileTooLarge { path, limit_bytes } => {
                json!({ "path": path, "limit": limit_bytes })
            }
            Self::StoredFileTooLarge { path, .. } => {
                json!({ "path": path, "limit": MAX_FILE_BYTES })
            }
            Self::Rejected(Rejection::Conflict(conflicts)) => {
                json!({ "conflicts": entries(conflicts) })
            }
            Self::Rejected(Rejection::TooMuchToName { limit }) => json!({ "limit": limit }),
            Self::Rejected(Rejection::ProjectFull { limit }) => json!({ "limit": limit }),
            Self::Unhealthy(part, _) => json!({ "part": part }),
            Self::DiskFull(_) => json!({ "part": "disk" }),
            Self::Scope { needs, has } => json!({ "needs": needs.as_str(), "has": has.as_str() }),
            Self::TooManyKeys { limit } => json!({ "limit": limit }),
            Self::Rejected(Rejection::Unportable(name)) => {
                json!({ "path": name.path, "problems": problems(&name), "twins": name.twins })
            }
            Self::BadPath { path, .. }
            | Self::Rejected(
                Rejection::PathClash(PathClash { path, .. })
                | Rejection::OutsideFolders { path, .. },
            )
            | Self::ContentGone { path }
            | Self::BadBase64 { path }
            | Self::ChecksumMismatch { path }
            | Self::DuplicatePath { path } => json!({ "path": path }),
            Self::NotFound
            | Self::MethodNotAllowed(_)
            | Self::BadRequest(_)
            | Self::BadBody(_)
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::MalformedKey
            | Self::KeyRevoked
            | Self::KeyExpired
            | Self::Project
            | Self::WiderKey
            | Self::NoSuchKey
            | Self::NotConfigured(_)
            | Self::RateLimited { .. }
            | Self::TooManyWaiting { .. }
            | Self::KeyWaits { .. }
            | Self::BodyCutShort
            | Self::UnsupportedEncoding(_)
            | Self::BadGzip
            | Self::BadCursor
            | Self::ResyncRequired
            | Self::Missing(_)
            | Self::BeforeFirstVersion
            | Self::StorageFull
            | Self::Busy
            | Self::Moved
            | Self::TimedOut
            | Self::Unreachable(_)
            | Self::Internal(_) => json!({}),
        };
        match details {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed(methods) => Some((ALLOW, HeaderValue::from_static(methods))),
            Self::Unauthenticated | Self::MalformedKey => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"KamiFlow Sync\""),
            )),
            Self::RateLimited { retry_after_s }
            | Self::TooManyWaiting { retry_after_s }
            | Self::KeyWaits { retry_after_s, .. } => Some((RETRY_AFTER, (*retry_after_s).into())),
            Self::Busy | Self::TimedOut | Self::Unreachable(_) => {
                Some((RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Self::Moved => Some((RETRY_AFTER, HeaderValue::from_static("5"))),
            _ => None,
        }
    }
}

/// An error with what it came from.
pub(super) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

fn entries(conflicts: Vec<Conflict>) -> Vec<ConflictEntry> {
    conflicts.into_iter().map(ConflictEntry::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    #[test]
    fn the_operator_reads_every_cause() {
        let damaged = || store::Error::Sql("no such table: x".into());
        assert_eq!(with_causes(&damaged()), "SQLite failed: no such table: x");
        let reason = Error::from(damaged()).reason();
        assert_eq!(reason, "internal: SQLite failed: no such table: x");
        assert_eq!(Error::from(store::Error::Busy).reason(), "busy");
    }

    #[test]
    fn an_internal_reason_never_reaches_the_client() {
        for error in [
            Error::Internal("no such table: x".into()),
            Error::NotConfigured("api_key".into()),
        ] {
            let response = error.into_response();
            let body = String::from_utf8(response.into_body()).unwrap();
            assert!(
                !body.contains("table") && !body.contains("api_key"),
                "{body}"
            );
        }
    }
}
