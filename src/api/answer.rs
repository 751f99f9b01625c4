//! The order of checks, and what every answer carries.

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};

use super::admission::{Admitted, admit, settle};
use super::app::App;
use super::caller::Caller;
use super::error::Error;
use super::request::{Body, device, read_body, require_text};
use super::request_id::{REQUEST_ID, request_id};
use super::routes::Route;
use super::waiting::event_stream;
use super::{cors, for_log, gzip, handlers};
use crate::wire::failure::MALFORMED;

/// Answers a request. `new_id` makes a request id for a request that brings none.
pub fn answer<B: Body>(
    app: &App,
    request: Request<B>,
    new_id: impl FnOnce() -> u64,
) -> Response<Vec<u8>> {
    let (parts, body) = request.into_parts();
    let head = Request::from_parts(parts, ());
    complete(&head, new_id, |common| {
        let response = cors::allow(&app.settings, &head, common)
            .and_then(|()| respond(app, &head, body, common));
        response.unwrap_or_else(Error::into_response)
    })
}

/// Answers a request whose head cannot be read.
pub fn refuse_malformed(app: &App, new_id: impl FnOnce() -> u64) -> Response<Vec<u8>> {
    let head = Request::new(());
    complete(&head, new_id, |common| {
        let allowed = cors::allow(&app.settings, &head, common);
        let error = allowed
            .err()
            .unwrap_or(Error::BadRequest(MALFORMED.to_owned()));
        error.into_response()
    })
}

/// Adds what every answer of this server carries to what `respond` makes, which may replace it.
pub fn complete(
    head: &Request<()>,
    new_id: impl FnOnce() -> u64,
    respond: impl FnOnce(&mut HeaderMap) -> Response<Vec<u8>>,
) -> Response<Vec<u8>> {
    let mut common = HeaderMap::new();
    common.insert(REQUEST_ID, request_id(head, new_id));
    cors::protect(&mut common);
    let response = respond(&mut common);
    finish(head, common, response)
}

/// The order of the protocol: preflight, route, key, rate, and the body last.
fn respond(
    app: &App,
    head: &Request<()>,
    body: impl Body,
    common: &mut HeaderMap,
) -> Result<Response<Vec<u8>>, Error> {
    if let Some(response) = cors::preflight(&app.settings, head)? {
        return Ok(response);
    }
    let found = Route::find(head.method(), head.uri().path())?;
    require_text(head)?;
    if found.needs.is_some() {
        let caching = if found.route.is_stream() {
            "no-store"
        } else {
            "private, no-cache"
        };
        common.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    }
    let Admitted { caller, counted } = admit(app, head, &found, common)?;
    let answer = handle(app, head, found.route, &caller, body);
    if matches!(answer, Err(Error::Moved)) {
        common.extend(for_log::moved(head.headers()));
    }
    settle(app, counted, answer, common)
}

/// Answers a request that was let in.
pub(super) fn handle(
    app: &App,
    head: &Request<()>,
    route: Route,
    caller: &Caller,
    body: impl Body,
) -> Result<Response<Vec<u8>>, Error> {
    let body = || read_body(&app.settings, head.headers(), body);
    let device = || device(caller, head.headers());
    match route {
        Route::Root => handlers::root(),
        Route::Health => handlers::health(app, head),
        Route::OpenApi => handlers::openapi(head),
        Route::Info => handlers::info(app),
        Route::Projects => handlers::projects(app, head, caller),
        Route::Project(id) => handlers::delete(app, &id),
        Route::Sync(id) => handlers::push(app, head, caller, &id, body()?),
        Route::Files(id) => handlers::files(app, head, caller, &id),
        Route::File(id, path) => handlers::file(app, head, &id, &path),
        Route::Changes(id) => handlers::changes(app, head, caller, &id),
        Route::Events(id) => handlers::events(app, head, caller, &id),
        Route::AllEvents => handlers::all_events(app, head, caller),
        Route::Status(id) => handlers::status(app, head, &id),
        Route::Manifest(id) => handlers::manifest(app, head, &id),
        Route::Portability(id) => handlers::portability(app, head, &id),
        Route::Diff(id) => handlers::diff(app, &id, body()?),
        Route::History(id) => handlers::history(app, head, &id),
        Route::Restore(id) => handlers::restore(app, &id, device(), &body()?),
        Route::Purge(id) => handlers::purge(app, &id, device(), &body()?),
        Route::Keys => handlers::keys(app, caller),
        Route::NewKey => handlers::new_key(app, caller, &body()?),
        Route::OwnKey => handlers::own_key(caller),
        Route::Key(id) => handlers::revoke_key(app, caller, &id),
        Route::RotateKey(id) => handlers::rotate_key(app, caller, &id, &body()?),
    }
}

/// Joins the headers, compresses and counts. The exact length matters: Spin's trigger leaves Nagle on, and
/// a chunked tail would wait 40 ms.
fn finish(head: &Request<()>, common: HeaderMap, response: Response<Vec<u8>>) -> Response<Vec<u8>> {
    let (mut parts, body) = response.into_parts();
    let own_headers = std::mem::replace(&mut parts.headers, common);
    for (name, value) in &own_headers {
        // Not `extend`, which would replace a `vary` of both.
        parts.headers.append(name, value.clone());
    }
    let body = gzip::encode(head.headers(), &mut parts.headers, body);
    // What GET would send after this head has no end.
    let is_endless = head.method() == Method::HEAD && event_stream::is_stream(&parts.headers);
    if parts.status != StatusCode::NOT_MODIFIED && !is_endless {
        parts.headers.insert(CONTENT_LENGTH, body.len().into());
    }
    match head.method() {
        &Method::HEAD => Response::from_parts(parts, Vec::new()),
        _ => Response::from_parts(parts, body),
    }
}

#[cfg(test)]
mod tests {
    use super::super::response::ok;
    use super::*;
    use crate::api::test_support;

    #[test]
    fn the_answer_to_a_malformed_head_is_like_any_other() {
        let response = refuse_malformed(&test_support::app(), || 0xab);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        for (name, value) in [
            ("x-request-id", "00000000000000ab"),
            ("x-content-type-options", "nosniff"),
            ("content-type", "application/json"),
            ("access-control-allow-origin", "*"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        let length = response.body().len();
        assert_eq!(response.headers()[CONTENT_LENGTH], length.to_string());
    }

    #[test]
    fn head_has_the_length_of_get_and_no_body() {
        let head = Request::head("/").body(()).unwrap();
        let response = finish(&head, HeaderMap::new(), ok(&"x"));
        assert_eq!(response.headers()[CONTENT_LENGTH], "3");
        assert!(response.body().is_empty());
    }
}
