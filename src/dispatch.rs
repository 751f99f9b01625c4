//! Which part of the server a request is for: the dashboard for people, or the API for programs.

use http::header::{ACCEPT, HeaderValue, LOCATION, VARY};
use http::{Method, Request, Response, StatusCode};

use crate::api::routes::Route;
use crate::api::{self, App, Body};
use crate::dashboard::{self, routes};

/// Answers a request. `new_id` makes a request id for a request that brings none.
pub fn answer<B: Body>(
    app: &App,
    request: Request<B>,
    new_id: impl FnOnce() -> u64,
) -> Response<Vec<u8>> {
    let path = request.uri().path();
    // A setting that cannot be read is the API's to report.
    let has_dashboard = || app.settings.dashboard().unwrap_or(false);
    if routes::is_below(path) && has_dashboard() {
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
        (LOCATION, HeaderValue::from_static(routes::HOME)),
        (VARY, HeaderValue::from_static("accept")),
    ]);
    response
}

/// The pattern of a path as a label for logs and metrics; `unknown` when there is none. Never holds
/// anything that a client sent.
pub fn label(path: &str) -> &'static str {
    routes::label(path).unwrap_or_else(|| api::routes::label(path))
}

/// Whether a request needs neither a key nor the database, as far as its method and path tell.
pub fn is_open(method: &Method, path: &str) -> bool {
    match routes::is_below(path) {
        true => routes::is_open(method, path),
        false => Route::find(method, path).is_ok_and(|found| found.needs.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_label_of_its_part() {
        for (path, expected) in [
            ("/dashboard/sign-in", "/dashboard/sign-in"),
            ("/v1/projects/x/files", "/v1/projects/:id/files"),
            ("/dashboard/nope", "unknown"),
            ("/nope", "unknown"),
        ] {
            assert_eq!(label(path), expected);
        }
    }

    #[test]
    fn what_needs_the_database_is_not_open() {
        let is_open = |path| is_open(&Method::GET, path);
        assert!(is_open("/health") && is_open("/dashboard/assets/style.css"));
        assert!(!is_open("/v1/projects") && !is_open("/dashboard") && !is_open("/nope"));
    }
}
