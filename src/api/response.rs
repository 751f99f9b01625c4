//! What every answer is made of.

use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

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

/// Marks an answer that says that nothing has changed.
#[derive(Clone, Copy)]
pub(super) struct Idle;
