//! What every answer is made of.

use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::error::Error;
use crate::wire::json;

/// 200 with a value as JSON.
pub(super) fn ok(value: &impl Serialize) -> Response<Vec<u8>> {
    ok_json(json::to_vec(value))
}

/// 200 with JSON that is written already.
pub(super) fn ok_json(json: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(json);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The `content-disposition` of a download with this name (RFC 6266).
pub fn attachment(name: &str) -> Result<HeaderValue, Error> {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let value = format!("attachment; filename*=UTF-8''{name}");
    value
        .parse()
        .map_err(|_| Error::Internal("a file name does not fit in a header".into()))
}

/// Marks an answer that says that nothing has changed.
#[derive(Clone, Copy)]
pub(super) struct Idle;
