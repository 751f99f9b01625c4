//! `GET /openapi.json`

use http::{Request, Response};

use crate::api::error::Error;
use crate::api::etag;
use crate::api::response::ok_json;

/// Every address of this server, what it takes and what it answers, as an `OpenAPI` 3.1 document.
pub static DOCUMENT: &str = include_str!("../openapi.json");

/// Answers the document.
///
/// 200, or 304 when the client has it.
pub fn openapi(head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    etag::unless_known(head, DOCUMENT, || Ok(ok_json(DOCUMENT.into())))
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
