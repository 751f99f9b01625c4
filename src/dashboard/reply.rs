//! What every answer of the dashboard is made of.

use askama::Template;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};

use super::done::Done;
use super::format::Query;
use crate::api::{Error, Publication};

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

/// 303 to the page that says what was done. `answer` is that of the API, whose news for those who wait goes
/// with it.
pub(super) fn done(address: &str, done: Done, mut answer: Response<Vec<u8>>) -> Response<Vec<u8>> {
    let mut response = see_other(&Query(address, &[("done", done.name())]).to_string());
    Publication::pass_on(answer.headers_mut(), response.headers_mut());
    response
}

/// 303 to a page that says why nothing was done.
pub(super) fn not_done(address: &str, fields: &[(&str, &str)], why: Done) -> Response<Vec<u8>> {
    let fields = [fields, &[("done", why.name())]].concat();
    see_other(&Query(address, &fields).to_string())
}
