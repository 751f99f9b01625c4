//! Every way a request can fail, with its status, its code and what the client reads.
//!
//! `Display` is the sentence for the person at the other end. What only the operator should see
//! is in the source of [`Error::Internal`] and goes to the log once, where the error becomes an answer.

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::json;
use crate::wire::push::Conflict;

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
    /// The body is not the JSON of a push; the text begins with the JSON path of the field.
    #[error("{0}")]
    BadField(String),
    /// The body is not JSON at all.
    #[error("The request body is not valid JSON: {0}.")]
    BadJson(String),
    /// No `Authorization: Bearer …`.
    #[error("Missing or invalid Authorization header: send 'Authorization: Bearer <API key>'.")]
    Unauthenticated,
    /// Not the key.
    #[error("Invalid API key: compare the key of this device with the server's.")]
    Forbidden,
    /// A setting is missing or wrong; the text is for the log.
    #[error("The server is not configured: its operator finds the reason in its log.")]
    NotConfigured(String),
    /// The window of this client is used up.
    #[error("Too many requests: wait {retry_after_s} seconds and try again.")]
    RateLimited {
        /// Seconds until the window ends, at least 1.
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
    #[error("The file '{path}' is larger than {limit_bytes} bytes.")]
    FileTooLarge {
        /// Of the file.
        path: String,
        /// `MAX_FILE_SIZE`.
        limit_bytes: usize,
    },
    /// A path that some client could not write, or that would leave its folder.
    #[error("The path '{path}' {rule}.")]
    BadPath {
        /// As sent.
        path: String,
        /// The broken rule, following "the path".
        rule: String,
    },
    /// `content` is not base64.
    #[error("The content of '{path}' is not valid base64.")]
    BadBase64 {
        /// Of the file.
        path: String,
    },
    /// `checksum` is not the SHA-256 of the decoded content.
    #[error(
        "The checksum of '{path}' does not match its content: read the file again and push it."
    )]
    ChecksumMismatch {
        /// Of the file.
        path: String,
    },
    /// One path twice in a request, with different outcomes.
    #[error("The path '{path}' is in this request twice, and not the same each time.")]
    DuplicatePath {
        /// Of the file.
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
    /// The retention has let the content of this version go.
    #[error("The content of this version of '{path}' is no longer kept: restore a newer one.")]
    ContentGone {
        /// Of the file.
        path: String,
    },
    /// Entries with a `base` that is no longer the newest version; nothing was stored.
    #[error("{} changed on the server since this device last read it: pull, merge and push again.", what_changed(.0))]
    Conflict(Vec<Conflict>),
    /// The push would leave the project with more than `MAX_FILES_PER_PROJECT` files.
    #[error(
        "The project would have more than {limit} files: delete some, or raise MAX_FILES_PER_PROJECT."
    )]
    ProjectFull {
        /// `MAX_FILES_PER_PROJECT`.
        limit: u64,
    },
    /// The disk, or the database's own limit, is full.
    #[error("The server has no space left: nothing was stored.")]
    StorageFull,
    /// Another writer kept the database locked for the whole busy timeout.
    #[error("The server is busy: try again in a moment.")]
    Busy,
    /// A deep health check failed.
    #[error("The server is not healthy: its {part} does not work.")]
    Unhealthy {
        /// What failed, in a word.
        part: &'static str,
        /// For the log.
        reason: String,
    },
    /// Anything else; the text is for the log and never for the client.
    #[error("The server failed to process this request; try again.")]
    Internal(String),
}

impl Error {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NoSuchFile(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) | Self::BadField(_) | Self::BadJson(_) => StatusCode::BAD_REQUEST,
            Self::BadCursor | Self::BadGzip | Self::BodyCutShort => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyTooLarge { .. } | Self::FileTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BadPath { .. } | Self::BadBase64 { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ChecksumMismatch { .. } | Self::DuplicatePath { .. } => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::ResyncRequired | Self::ContentGone { .. } => StatusCode::GONE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::ProjectFull { .. } | Self::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Busy | Self::Unhealthy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotConfigured(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The `code` of the answer: what a program may decide on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound | Self::NoSuchFile(_) => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::BadRequest(_) | Self::BadField(_) => "bad_request",
            Self::BadJson(_) => "bad_json",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotConfigured(_) => "not_configured",
            Self::RateLimited { .. } => "rate_limited",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyCutShort => "body_cut_short",
            Self::UnsupportedEncoding(_) => "unsupported_encoding",
            Self::BadGzip => "bad_gzip",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::BadPath { .. } => "bad_path",
            Self::BadBase64 { .. } => "bad_base64",
            Self::ChecksumMismatch { .. } => "checksum_mismatch",
            Self::DuplicatePath { .. } => "duplicate_path",
            Self::BadCursor => "bad_cursor",
            Self::ResyncRequired => "resync_required",
            Self::ContentGone { .. } => "content_gone",
            Self::Conflict(_) => "conflict",
            Self::ProjectFull { .. } => "project_full",
            Self::StorageFull => "storage_full",
            Self::Busy => "busy",
            Self::Unhealthy { .. } => "unhealthy",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether the same request may succeed later without a change.
    pub fn retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::BodyCutShort => true,
            other => other.status().is_server_error() && !matches!(other, Self::ProjectFull { .. }),
        }
    }

    /// The answer: the envelope, the headers that belong to it, and one log line for a 5xx that
    /// the operator should see.
    pub fn into_response(self) -> Response<Vec<u8>> {
        if let Self::Internal(reason)
        | Self::NotConfigured(reason)
        | Self::Unhealthy { reason, .. } = &self
        {
            eprintln!("error: {}: {reason}", self.code());
        }
        let mut body = self.details();
        body.insert("error".to_owned(), self.to_string().into());
        body.insert("code".to_owned(), self.code().into());
        body.insert("retryable".to_owned(), self.retryable().into());
        let mut response = Response::new(json::to_vec(&body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(self.header());
        response
    }

    /// The fields of the envelope beyond the three that every failure has.
    fn details(&self) -> Map<String, Value> {
        let details = match self {
            Self::BodyTooLarge { limit_bytes } => json!({ "limit": limit_bytes }),
            Self::FileTooLarge { path, limit_bytes } => {
                json!({ "path": path, "limit": limit_bytes })
            }
            Self::Conflict(conflicts) => json!({ "conflicts": conflicts }),
            Self::Unhealthy { part, .. } => json!({ "part": part }),
            Self::ProjectFull { limit } => json!({ "limit": limit }),
            Self::BadPath { path, .. }
            | Self::ContentGone { path }
            | Self::BadBase64 { path }
            | Self::ChecksumMismatch { path }
            | Self::DuplicatePath { path } => json!({ "path": path }),
            _ => json!({}),
        };
        match details {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed(methods) => Some((ALLOW, HeaderValue::from_static(methods))),
            Self::Unauthenticated => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"KamiFlow Sync\""),
            )),
            Self::RateLimited { retry_after_s } => Some((RETRY_AFTER, (*retry_after_s).into())),
            Self::Busy => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }
}

/// As many characters of what a client sent as an answer repeats; a sound path is shorter.
const EXCERPT: usize = 1024;

/// What a client sent, cut off where an answer would grow with it.
pub fn excerpt(sent: &str) -> String {
    match sent.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &sent[..end]),
        None => sent.to_owned(),
    }
}

fn what_changed(conflicts: &[Conflict]) -> String {
    match conflicts {
        [only] => format!("The file '{}'", only.path),
        many => format!("{} files", many.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn statuses_are_the_protocols() {
        let path = || "a.md".to_owned();
        for (error, status, retryable) in [
            (Error::NotFound, 404, false),
            (Error::MethodNotAllowed("GET"), 405, false),
            (Error::BadJson("x".into()), 400, false),
            (Error::Unauthenticated, 401, false),
            (Error::Forbidden, 403, false),
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
            (Error::ProjectFull { limit: 1 }, 507, false),
            (Error::StorageFull, 507, true),
            (Error::Busy, 503, true),
            (Error::Internal(String::new()), 500, true),
        ] {
            assert_eq!(
                (error.status().as_u16(), error.retryable()),
                (status, retryable),
                "{error:?}"
            );
        }
    }
}
