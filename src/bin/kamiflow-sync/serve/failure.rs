//! Answers that the host gives in the component's stead, in the protocol's form for
//! failures: one sentence, a code, and whether trying again helps.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::WasiBody;

/// Why the component did not answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failure {
    /// The request names no host that a URL can have.
    BadHost,
    /// The guest trapped, or there was no instance for the request.
    Internal,
    /// The guest computed, or the request took, for too long.
    Timeout,
}

impl Failure {
    /// The answer to the client; nothing internal is in it.
    pub fn answer(self) -> Response<WasiBody> {
        let (status, body) = match self {
            Self::BadHost => (
                StatusCode::BAD_REQUEST,
                r#"{"error":"The host header is not a host name.","code":"bad_host","retryable":false}"#,
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"error":"The server failed to process this request; try again.","code":"internal","retryable":true}"#,
            ),
            Self::Timeout => (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"error":"The server took too long over this request; try again.","code":"timeout","retryable":true}"#,
            ),
        };
        let body = Full::new(Bytes::from_static(body.as_bytes()));
        let mut answer = Response::new(body.map_err(|never| match never {}).boxed_unsync());
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self == Self::Timeout {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body;

    use super::*;

    #[tokio::test]
    async fn every_failure_is_json_of_known_length_with_the_fields_of_the_protocol() {
        for failure in [Failure::BadHost, Failure::Internal, Failure::Timeout] {
            let answer = failure.answer();
            assert!(answer.body().size_hint().exact().is_some());
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert!(json["error"].is_string() && json["code"].is_string());
            assert!(json["retryable"].is_boolean());
        }
    }
}
