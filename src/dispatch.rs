//! Which part of the server a request is for: the dashboard for people, or the API for programs.

use http::header::{ACCEPT, HeaderValue, LOCATION, VARY};
use http::{Method, Request, Response, StatusCode};

use crate::addresses::dashboard::{HOME, is_below};
use crate::api::{self, App, Body};
use crate::dashboard;

/// Answers a request. `new_id` makes a request id for a request that brings none.
pub fn answer<B: Body>(
    app: &App,
    request: Request<B>,
    new_id: impl FnOnce() -> u64,
) -> Response<Vec<u8>> {
    let path = request.uri().path();
    // A setting that cannot be read is the API's to report.
    let has_dashboard = || app.settings.dashboard().unwrap_or(false);
    if is_below(path) && has_dashboard() {
        return dashboard::answer(app, request, new_id);
    }
    if path == "/" && is_of_browser(&request) && has_dashboard() {
        return api::complete(&request.map(drop), new_id, |_| to_dashboard());
    }
    api::answer(app, request, new_id)
}

/// Browsers ask for HTML when somebody opens an address; programs and monitors do not.
fn is_of_browser<B>(request: &Request<B>) -> bool {
    let mut accepted = request.headers().get_all(ACCEPT).iter();
    let accepts_html = accepted.any(|value| {
        value
            .to_str()
            .is_ok_and(|kinds| kinds.contains("text/html"))
    });
    accepts_html && [Method::GET, Method::HEAD].contains(request.method())
}

fn to_dashboard() -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().extend([
        (LOCATION, HeaderValue::from_static(HOME)),
        (VARY, HeaderValue::from_static("accept")),
    ]);
    response
}
