//! `GET /openapi.json`

use std::sync::LazyLock;

use http::header::{CONTENT_ENCODING, HeaderValue};
use http::{Request, Response};

use crate::api::error::Error;
use crate::api::response::ok_json;
use crate::api::{etag, gzip};

/// Every address of this server, what it takes and what it answers, as an `OpenAPI` 3.1 document.
pub static DOCUMENT: &str = include_str!("../openapi.json");

/// Made once for each instance, because anybody may ask for the document, without a key.
static TAG: LazyLock<String> = LazyLock::new(|| etag::weak_tag(&[DOCUMENT]));
static COMPRESSED: LazyLock<Vec<u8>> = LazyLock::new(|| gzip::compress(DOCUMENT.as_bytes()));

/// Answers the document.
///
/// 200, or 304 when the client has it.
pub fn openapi(head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    etag::respond_by_tag(head.headers(), &TAG, || {
        if !gzip::is_accepted(head.headers()) {
            return Ok(ok_json(DOCUMENT.into()));
        }
        let mut response = ok_json(COMPRESSED.clone());
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, gzip);
        Ok(response)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_ascii_of_this_version() {
        assert!(DOCUMENT.is_ascii());
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
