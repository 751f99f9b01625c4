//! What follows from the address of a request, without what answers it: the program that runs the component needs no more.

pub mod dashboard;

use http::{Method, Request};

use crate::api;
use crate::api::routes::Route;

/// The pattern of a path as a label for logs and metrics; `unknown` when there is none. Never holds
/// anything that a client sent.
pub fn label(path: &str) -> &'static str {
    dashboard::label(path).unwrap_or_else(|| api::routes::label(path))
}

/// Whether a request needs neither a key nor the database, as far as its method and path tell.
pub fn is_open(method: &Method, path: &str) -> bool {
    if dashboard::is_below(path) {
        dashboard::is_open(method, path)
    } else {
        Route::find(method, path).is_ok_and(|found| found.needs.is_none())
    }
}

/// Whether the answer to this request may be one to hold; its head is needed again then.
pub fn may_be_held<B>(request: &Request<B>) -> bool {
    let uri = request.uri();
    let waits = uri.query().is_some_and(|query| query.contains("wait="));
    request.method() == Method::GET && (waits || is_stream(uri.path()))
}

fn is_stream(path: &str) -> bool {
    if dashboard::is_below(path) {
        let found = dashboard::Route::find(&Method::GET, path);
        matches!(found, Ok(dashboard::Route::Events))
    } else {
        let found = Route::find(&Method::GET, path);
        found.is_ok_and(|found| found.route.is_stream())
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
    fn a_stream_and_a_wait_may_be_held() {
        let may_be_held = |method: Method, uri: &str| {
            let request = Request::builder().method(method).uri(uri);
            may_be_held(&request.body(()).unwrap())
        };
        for uri in [
            "/v1/events",
            "/V1/Projects/x/Events/",
            "/dashboard/events?after=1",
            "/v1/projects/x/changes?wait=5",
        ] {
            assert!(may_be_held(Method::GET, uri), "{uri}");
            assert!(!may_be_held(Method::POST, uri), "{uri}");
        }
        for uri in [
            "/v1/projects/x/changes",
            "/v1/projects/x/files/ideas/events",
        ] {
            assert!(!may_be_held(Method::GET, uri), "{uri}");
        }
    }

    #[test]
    fn what_needs_the_database_is_not_open() {
        let is_open = |path| is_open(&Method::GET, path);
        assert!(is_open("/health") && is_open("/dashboard/assets/style.css"));
        assert!(!is_open("/v1/projects") && !is_open("/dashboard") && !is_open("/nope"));
    }
}
