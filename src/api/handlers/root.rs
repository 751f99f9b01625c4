//! `GET /`

use http::Response;

use crate::api::error::Error;
use crate::api::response::ok;
use crate::wire::info::Root;

/// Answers what this server is: monitors and people often ask here first. It tells no more than
/// `/health`.
pub fn root() -> Result<Response<Vec<u8>>, Error> {
    Ok(ok(&Root {
        name: env!("CARGO_PKG_NAME"),
        openapi: "/openapi.json",
    }))
}
