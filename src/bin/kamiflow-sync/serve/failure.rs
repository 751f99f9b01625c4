//! Error responses of the host itself, in the protocol's JSON form: one sentence, a code, and
//! whether to retry.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use kamiflow_sync_component::wire::failure::{INTERNAL, MALFORMED, TIMED_OUT, envelope};
use serde_json::{Map, Value};
use wasmtime_wasi_http::WasiBody;

/// Why the component did not respond, or was not asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failure {
    /// The request has two hosts, or one that is not valid in a URL.
    BadHost,
    /// The request line or a header is not valid HTTP.
    Malformed,
    /// The client speaks TLS.
    Tls,
    /// The client speaks HTTP/2.
    HttpVersion,
    /// The head of the request is too large.
    HeadTooLarge,
    /// The head of the request did not arrive in time.
    HeadTimeout,
    /// The guest trapped, or no instance could be created.
    Internal,
    /// The guest computed for too long, or the request took too long.
    Timeout,
    /// The request needs more than this many bytes of memory.
    TooMuchMemory(usize),
}

impl Failure {
    fn status(self) -> StatusCode {
        match self {
            Self::BadHost | Self::Malformed | Self::Tls => StatusCode::BAD_REQUEST,
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::HeadTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooMuchMemory(_) => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::BadHost => "bad_host",
            Self::Malformed | Self::Tls => "bad_request",
            Self::HttpVersion => "http_version",
            Self::HeadTooLarge => "head_too_large",
            Self::Internal => "internal",
            Self::Timeout | Self::HeadTimeout => "timeout",
            Self::TooMuchMemory(_) => "too_much_memory",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::BadHost => "Send one host header, with a host name.",
            Self::Malformed => MALFORMED,
            Self::Tls => "This port has no TLS: use http:// instead of https://.",
            Self::HttpVersion => "This port does not speak HTTP/2: use version 1.1.",
            Self::HeadTooLarge => {
                "The head of the request is larger than 64 KiB or has more than 100 headers: send less."
            }
            Self::HeadTimeout => {
                "The head of the request did not arrive within 30 seconds: send it again."
            }
            Self::Internal => INTERNAL,
            Self::Timeout => TIMED_OUT,
            Self::TooMuchMemory(_) => {
                "The request needs more memory than one request may use: send fewer entries at once."
            }
        }
    }

    fn retryable(self) -> bool {
        matches!(self, Self::Internal | Self::Timeout | Self::HeadTimeout)
    }

    fn details(self) -> Map<String, Value> {
        match self {
            Self::TooMuchMemory(limit) => Map::from_iter([("limit".to_owned(), limit.into())]),
            _ => Map::new(),
        }
    }

    /// Contains nothing internal.
    pub fn response(self) -> Response<WasiBody> {
        let json = envelope(
            self.sentence(),
            self.code(),
            self.retryable(),
            self.details(),
        );
        let mut response = Response::new(body(json));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self == Self::Timeout {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A body that is there.
pub fn body(bytes: Vec<u8>) -> WasiBody {
    let body = Full::new(Bytes::from(bytes));
    body.map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use http_body::Body;

    use super::*;

    #[tokio::test]
    async fn every_failure_is_json_with_the_fields_of_the_protocol() {
        for failure in [
            Failure::BadHost,
            Failure::Malformed,
            Failure::Tls,
            Failure::HttpVersion,
            Failure::HeadTooLarge,
            Failure::HeadTimeout,
            Failure::Internal,
            Failure::Timeout,
            Failure::TooMuchMemory(1),
        ] {
            let response = failure.response();
            assert!(response.body().size_hint().exact().is_some());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert!(json["error"].is_string() && json["code"].is_string());
            assert!(json["retryable"].is_boolean());
        }
    }
}
