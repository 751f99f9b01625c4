//! One request in, one answer out: the order of checks, and what every answer carries.

mod conditional;
mod delete;
pub mod diff;
mod file;
mod health;
mod history;
mod info;
mod manifest;
pub mod openapi;
mod pull;
pub mod push;
pub mod restore;
mod status;

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use http::{Method, Request, Response, StatusCode};
use serde::Serialize;

use crate::error::{Error, excerpt};
use crate::project::{Checksum, FilePath, Rev};
use crate::rate_limit::Client;
use crate::route::{self, Route};
use crate::{auth, cors, encoding, json, rate_limit, settings, wire};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request body that is still on its way; nobody without a key makes the server read it.
pub trait Body {
    /// Reads it whole: 413 as soon as it is longer than `limit_bytes`, 400 when it is cut short.
    fn read(self, limit_bytes: usize) -> Result<Vec<u8>, Error>;
}

/// Answers a request. `new_id` makes a request id for a request that brings none.
pub fn answer<B: Body>(request: Request<B>, new_id: impl FnOnce() -> u64) -> Response<Vec<u8>> {
    let (parts, body) = request.into_parts();
    let head = Request::from_parts(parts, ());
    let mut common = HeaderMap::new();
    common.insert(REQUEST_ID, request_id(&head, new_id));
    cors::protect(&mut common);
    let response = cors::allow(&head, &mut common)
        .and_then(|()| respond(&head, body, &mut common))
        .unwrap_or_else(Error::into_response);
    finish(&head, common, response)
}

/// The order of the protocol: preflight, route, key, rate, and the body last.
fn respond(
    head: &Request<()>,
    body: impl Body,
    common: &mut HeaderMap,
) -> Result<Response<Vec<u8>>, Error> {
    if let Some(response) = cors::preflight(head)? {
        return Ok(response);
    }
    let path = head.uri().path();
    route::admit(path, head.method())?;
    let route = Route::parse(path)?;
    if !route.is_open() {
        common.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        admit(head, &route, common)?;
    }
    match route {
        Route::Health => health::health(head),
        Route::OpenApi => openapi::openapi(head),
        Route::Info => info::info(),
        Route::Projects => status::projects(),
        Route::Project(id) => delete::delete(&id),
        Route::Sync(id) => push::push(&id, head.headers(), body),
        Route::Files(id) => pull::files(&id, head),
        Route::File(id, path) => file::file(&id, &path, head),
        Route::Changes(id) => pull::changes(&id, head),
        Route::Status(id) => status::status(&id, head),
        Route::Manifest(id) => manifest::manifest(&id, head),
        Route::Diff(id) => diff::diff(&id, head.headers(), body),
        Route::History(id) => history::history(&id, head),
        Route::Restore(id) => restore::restore(&id, head.headers(), body),
    }
}

/// Checks the key and counts the request: against the key when it is right, else against the
/// address, so that nobody without the key can use up the window of those who have it.
fn admit(head: &Request<()>, route: &Route, common: &mut HeaderMap) -> Result<(), Error> {
    let allowed = auth::check(head.headers());
    let client = match &allowed {
        Ok(()) if pull::continues(head, route)? => return Ok(()),
        Ok(()) => Client::Key,
        Err(Error::Unauthenticated | Error::Forbidden) => {
            Client::Network(auth::client_network(head.headers())?)
        }
        Err(_) => return allowed,
    };
    let usage = rate_limit::count(&client, now_us() as u64 / 1000)?;
    usage.describe(common);
    usage.check()?;
    allowed
}

/// Adds what every answer carries. The exact length matters: Spin's trigger leaves Nagle on, and
/// a chunked tail would wait 40 ms.
fn finish(head: &Request<()>, common: HeaderMap, response: Response<Vec<u8>>) -> Response<Vec<u8>> {
    let (mut parts, body) = response.into_parts();
    let own_headers = std::mem::replace(&mut parts.headers, common);
    parts.headers.extend(own_headers);
    let body = encoding::encode(head.headers(), &mut parts.headers, body);
    if parts.status != StatusCode::NOT_MODIFIED {
        parts.headers.insert(CONTENT_LENGTH, body.len().into());
    }
    match head.method() {
        &Method::HEAD => Response::from_parts(parts, Vec::new()),
        _ => Response::from_parts(parts, body),
    }
}

/// The client's own id when it is a short word, so that its log and the server's can be matched.
fn request_id(head: &Request<()>, new_id: impl FnOnce() -> u64) -> HeaderValue {
    let is_word = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
    };
    let sent = head.headers().get(REQUEST_ID).filter(is_word).cloned();
    sent.unwrap_or_else(|| {
        HeaderValue::from_maybe_shared(format!("{:016x}", new_id())).expect("hex digits")
    })
}

fn ok(value: &impl Serialize) -> Response<Vec<u8>> {
    ok_json(json::to_vec(value))
}

fn ok_json(json: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(json);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The first value of a query parameter, percent-decoded.
pub fn parameter(head: &Request<()>, name: &str) -> Option<String> {
    let query = head.uri().query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The `limit` of a page of files, changes or versions, 1 to 1000.
pub fn limit(head: &Request<()>) -> u32 {
    limit_of(head, wire::PAGE_FILES, wire::MAX_PAGE_FILES)
}

/// The `limit` of a page, 1 to `most`; `usual` where none is asked for.
pub fn limit_of(head: &Request<()>, usual: u32, most: u32) -> u32 {
    let limit = parameter(head, "limit").unwrap_or_default();
    wire::parse_limit(&limit, usual, most)
}

/// A path in a body or a query.
fn file_path(path: &str) -> Result<FilePath, Error> {
    FilePath::parse(path).map_err(|rule| Error::BadPath {
        path: excerpt(path),
        rule: rule.to_owned(),
    })
}

/// What a version is called in a list of changes.
fn op(checksum: Option<&Checksum>) -> &'static str {
    checksum.map_or("delete", |_| "put")
}

/// Who asks, for the history: `x-device`, or else the program.
fn device(headers: &HeaderMap) -> Option<String> {
    let value = headers
        .get("x-device")
        .or_else(|| headers.get(USER_AGENT))?;
    Some(value.to_str().ok()?.chars().take(100).collect())
}

/// Reads a request body under the limits of the settings, and inflates it.
fn read(headers: &HeaderMap, body: impl Body) -> Result<Vec<u8>, Error> {
    let limit_bytes = settings::max_body_size()?;
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit_bytes as u64) {
        return Err(Error::BodyTooLarge { limit_bytes });
    }
    encoding::decode(headers, body.read(limit_bytes)?, limit_bytes)
}

/// Microseconds since 1970.
fn now_us() -> Rev {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_micros() as Rev)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_taken_over_only_when_it_is_a_short_word() {
        let id = |sent: &str| {
            let head = Request::get("/")
                .header("x-request-id", sent)
                .body(())
                .unwrap();
            request_id(&head, || 0xab)
        };
        assert_eq!(id("device-1.42_x"), "device-1.42_x");
        for bad in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert_eq!(id(bad), "00000000000000ab", "{bad:?}");
        }
    }

    #[test]
    fn head_has_the_length_of_get_and_no_body() {
        let head = Request::head("/").body(()).unwrap();
        let response = finish(&head, HeaderMap::new(), ok(&"x"));
        assert_eq!(response.headers()[CONTENT_LENGTH], "3");
        assert!(response.body().is_empty());
    }

    #[test]
    fn the_first_of_a_repeated_parameter_counts() {
        let head = Request::get("/?limit=3&limit=5&since=a%20b")
            .body(())
            .unwrap();
        assert_eq!(parameter(&head, "limit").as_deref(), Some("3"));
        assert_eq!(parameter(&head, "since").as_deref(), Some("a b"));
        assert_eq!(parameter(&head, "other"), None);
    }
}
