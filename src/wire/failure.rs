//! The envelope of every failure, the host's own refusals included.

use serde_json::{Map, Value};

use super::json;

/// Of a request whose head is no HTTP.
pub const MALFORMED: &str = "The request line or a header is malformed.";
/// Of a request that failed for a reason which only the operator may see.
pub const INTERNAL: &str = "The server failed to process this request; try again.";
/// Of a request that was given up.
pub const TIMED_OUT: &str = "The server took too long over this request; try again.";

/// The JSON of a failure: one sentence that says what to do, a code that a program may decide on,
/// whether the same request may succeed later, and the details of the code.
pub fn envelope(
    sentence: &str,
    code: &str,
    retryable: bool,
    details: Map<String, Value>,
) -> Vec<u8> {
    let mut body = details;
    body.insert("error".to_owned(), sentence.into());
    body.insert("code".to_owned(), code.into());
    body.insert("retryable".to_owned(), retryable.into());
    json::to_vec(&body)
}
