//! What every answer of the dashboard is made of.

use askama::Template;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};

use crate::api::Error;

/// 200 with a page.
pub(super) fn page(template: &impl Template) -> Result<Response<Vec<u8>>, Error> {
    let html = template
        .render()
        .map_err(|error| Error::Internal(error.into()))?;
    let mut response = Response::new(html.into_bytes());
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    Ok(response)
}

/// 303 to an address of this server, which the browser gets then.
pub(super) fn see_other(address: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::from_str(address).ok();
    response
        .headers_mut()
        .extend(location.map(|location| (LOCATION, location)));
    response
}
