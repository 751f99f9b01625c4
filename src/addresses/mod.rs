//! What follows from the address of a request, without what answers it: the program that runs the component needs no more.

pub mod dashboard;

use http::Method;

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
