//! The way back to a page: after signing in, and from a form that was not taken.

use http::header::REFERER;
use http::{Method, Request};

use super::format::Query;
use crate::addresses::dashboard::{HOME, Route};

/// An address, if it is that of a page of the dashboard and nothing else. A download opens no page.
pub(super) fn page(address: &str) -> Option<&str> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let is_page = match Route::find(&Method::GET, path) {
        Ok(
            Route::SignIn
            | Route::Asset
            | Route::Events
            | Route::Download(_)
            | Route::DownloadFile(..),
        )
        | Err(_) => false,
        Ok(_) => true,
    };
    // A browser goes up at `..` before it asks, and leaves out a line break.
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    let goes_up = path.split('/').any(|part| matches!(part, "." | ".."));
    let is_own = is_page && is_plain && !goes_up && !path.contains('\\');
    is_own.then_some(address)
}

/// An address that somebody else may have written, without what this server alone makes a page say.
pub(super) fn without_notice(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let all = form_urlencoded::parse(query.as_bytes());
    let fields: Vec<_> = all.filter(|(name, _)| name != "done").collect();
    if fields.len() == all.count() {
        return address.to_owned();
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    Query(path, &fields).to_string()
}

/// The page that a request asks for, or the one to which it belongs.
pub(super) fn wanted(head: &Request<()>) -> &str {
    let asked = head.uri().path_and_query().map(|asked| asked.as_str());
    let asked = asked.and_then(page);
    asked.unwrap_or(above(head.uri().path()))
}

/// The page with the form that was sent: as the browser says, or else the one that takes it.
pub(super) fn form(head: &Request<()>) -> &str {
    let from = head.headers().get(REFERER);
    let from = from.and_then(|from| path(from.to_str().ok()?));
    from.and_then(page).unwrap_or(above(head.uri().path()))
}

/// The path and the query of an address.
fn path(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    rest.find('/').map(|start| &rest[start..])
}

/// The page at a path, or the nearest one above it.
fn above(path: &str) -> &str {
    let ends = path.rmatch_indices('/').map(|(end, _)| end);
    let mut paths = [path.len()].into_iter().chain(ends);
    let found = paths.find_map(|end| page(&path[..end]));
    found.unwrap_or(HOME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_one_of_this_server_only() {
        for own in ["/dashboard", "/dashboard/projects/x?in=a%2F#b"] {
            assert_eq!(page(own), Some(own));
        }
        for other in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/dashboard",
            "/dashboard.evil.example",
            "/dashboard/\\evil.example",
            "/dashboardé",
            "/dashboard/sign-in?next=/dashboard",
            "/dashboard/sign-out",
            "/dashboard/events",
            "/dashboard/nope",
            "/dashboard/../v1/projects",
            "/dashboard/projects/..",
            "/dashboard/projects/%2e%2e",
            "/dashboard/projects/x/files/../../y",
            "/dashboard/projects/x/download",
            "/dashboard/projects/x/download/a.md",
            "/dashboard?a=\r\nset-cookie: x",
            "/dashboard\n",
            "/dashboard?a b",
        ] {
            assert_eq!(page(other), None, "{other}");
        }
    }

    #[test]
    fn a_notice_is_left_out() {
        for (address, expected) in [
            ("/dashboard", "/dashboard"),
            ("/dashboard?a=b%20c#d", "/dashboard?a=b%20c#d"),
            ("/dashboard?done=x", "/dashboard"),
            ("/dashboard?a=b%20c&d%6fne=x&done=y", "/dashboard?a=b+c"),
        ] {
            assert_eq!(without_notice(address), expected);
        }
    }

    #[test]
    fn what_is_no_page_belongs_to_one() {
        for (path, page) in [
            ("/dashboard/devices", "/dashboard/devices"),
            ("/dashboard/devices/x/rotate", "/dashboard/devices"),
            ("/dashboard/projects/x/versions", "/dashboard/projects/x"),
            (
                "/dashboard/projects/x/download/a/b.md",
                "/dashboard/projects/x",
            ),
            ("/dashboard/sign-out", "/dashboard"),
            ("/dashboard/nope", "/dashboard"),
        ] {
            assert_eq!(above(path), page);
        }
    }

    #[test]
    fn a_form_is_on_the_page_that_the_browser_names_or_on_the_one_that_takes_it() {
        for (referer, expected) in [
            (
                "http://a/dashboard/projects/x/deleted?q=1",
                "/dashboard/projects/x/deleted?q=1",
            ),
            ("http://a/elsewhere", "/dashboard/projects/x"),
            ("http://a", "/dashboard/projects/x"),
            ("", "/dashboard/projects/x"),
        ] {
            let head = Request::post("/dashboard/projects/x/versions");
            let head = head.header(REFERER, referer).body(()).unwrap();
            assert_eq!(form(&head), expected);
        }
    }
}
