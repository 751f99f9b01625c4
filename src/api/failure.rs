//! How an error becomes an answer.

use std::error::Error as _;

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::error::{Error, Kind};
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
        let (sentence, kind) = (self.to_string(), self.kind());
        let header = self.header(&kind);
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
            | Self::Outdated(_)
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

    /// The header that belongs to the status.
    fn header(&self, kind: &Kind) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed(methods) => Some((ALLOW, HeaderValue::from_static(methods))),
            _ if kind.status == StatusCode::UNAUTHORIZED => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"KamiFlow Sync\""),
            )),
            _ => kind.retry_after_s.map(|after| (RETRY_AFTER, after.into())),
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
    fn a_client_is_told_when_to_try_again() {
        let header = |error: Error| error.into_response().headers().get(RETRY_AFTER).cloned();
        assert_eq!(header(Error::Busy).unwrap(), "1");
        assert_eq!(header(Error::Moved).unwrap(), "5");
        assert_eq!(
            header(Error::RateLimited { retry_after_s: 7 }).unwrap(),
            "7"
        );
        assert_eq!(header(Error::StorageFull), None);
        assert_eq!(header(Error::NotFound), None);
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
