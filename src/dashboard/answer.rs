//! The order of checks: address, for what changes something the origin, session, the window of requests, and the
//! token of the form.

use http::header::{CACHE_CONTROL, HeaderMap};
use http::{Method, Request, Response};

use super::done::Done;
use super::form::Form;
use super::format::Query;
use super::frame::Frame;
use super::session::{self, SIGN_IN};
use super::visit::Visit;
use super::{arrival, assets, error_page, headers, origin, pages, reply, way};
use crate::addresses::dashboard::{HOME, Route};
use crate::api::clock::now_us;
use crate::api::pattern::POST;
use crate::api::waiting::again::is_again;
use crate::api::{self, App, Body, Error, person};

/// Answers a request below [`HOME`]. `new_id` makes a request id for a request that brings none.
pub fn answer<B: Body>(
    app: &App,
    request: Request<B>,
    new_id: impl FnOnce() -> u64,
) -> Response<Vec<u8>> {
    let (parts, body) = request.into_parts();
    let head = Request::from_parts(parts, ());
    api::complete(&head, new_id, |common| {
        headers::protect(common);
        respond(app, &head, body, common)
            .unwrap_or_else(|error| error_page::of(error, &Frame::signed_out(FAILED), None))
    })
}

fn respond(
    app: &App,
    head: &Request<()>,
    body: impl Body,
    common: &mut HeaderMap,
) -> Result<Response<Vec<u8>>, Error> {
    let route = match Route::find(head.method(), head.uri().path()) {
        Ok(route) => route,
        Err(error) => return Ok(without_route(app, head, error)),
    };
    if route == Route::Asset {
        let asset = assets::asset(head.uri().path()).ok_or(Error::NotFound)?;
        common.remove(CACHE_CONTROL);
        return Ok(asset);
    }
    if head.method() == Method::POST {
        origin::require_own(head.headers())?;
    }
    if route == Route::SignIn {
        return pages::sign_in(app, head, form(head, body)?.as_ref(), common);
    }
    let Some(session) = session::find(app, head.headers(), now_us())? else {
        return if arrival::is_from_elsewhere(head) {
            arrival::go_on(head)
        } else {
            Ok(to_sign_in(head, &route))
        };
    };
    let visit = Visit::new(app, head, session);
    // Whoever has used up the window can still leave.
    let counted = if is_again(head) || route == Route::SignOut {
        Ok(())
    } else {
        person::count_page(app, head.headers(), &visit.caller, common)
    };
    let answer = counted.and_then(|()| handle(&visit, route, form(head, body)?.as_ref()));
    Ok(answer.unwrap_or_else(|error| failed(error, &visit)))
}

/// The title of the page of an error.
const FAILED: &str = "Not possible";

fn failed(error: Error, visit: &Visit) -> Response<Vec<u8>> {
    let is_form = visit.head.method() == Method::POST;
    let back = is_form.then(|| way::form(visit.head));
    error_page::of(error, &visit.frame(FAILED), back)
}

/// The page to which an address belongs that takes forms alone, as when somebody loads it again; for every other request
/// the error, with the way to the pages for who has signed in.
fn without_route(app: &App, head: &Request<()>, error: Error) -> Response<Vec<u8>> {
    if matches!(error, Error::MethodNotAllowed(POST)) && head.method() == Method::GET {
        return reply::see_other(way::wanted(head));
    }
    match session::find(app, head.headers(), now_us()) {
        Ok(Some(session)) => failed(error, &Visit::new(app, head, session)),
        _ => error_page::of(error, &Frame::signed_out(FAILED), None),
    }
}

/// What changes something comes from a form. It is read when it is known who sends it.
fn form(head: &Request<()>, body: impl Body) -> Result<Option<Form>, Error> {
    let is_post = head.method() == Method::POST;
    is_post.then(|| Form::read(body)).transpose()
}

fn handle(visit: &Visit, route: Route, form: Option<&Form>) -> Result<Response<Vec<u8>>, Error> {
    if let Some(form) = form {
        visit.require_token(form)?;
    }
    match route {
        Route::Projects => pages::projects(visit),
        Route::Project(id) => pages::files(visit, &id),
        Route::Deleted(id) => pages::deleted(visit, &id),
        Route::Replaced(id) => pages::replaced(visit, &id),
        Route::Restore(id) => match form {
            None => pages::preview(visit, &id),
            Some(form) => pages::restore(visit, &id, form),
        },
        Route::Versions(id) => pages::restore_version(visit, &id, require(form)?),
        Route::Download(id) => pages::download(visit, &id),
        Route::Parts(id) => pages::parts(visit, &id),
        Route::Delete(id) => match form {
            None => pages::ask_to_delete(visit, &id),
            Some(form) => pages::delete(visit, &id, form),
        },
        Route::File(id, path) => pages::file(visit, &id, &path),
        Route::DownloadFile(id, path) => pages::download_file(visit, &id, &path),
        Route::Activity => pages::activity(visit),
        Route::Events => pages::events(visit),
        Route::Server => pages::server(visit),
        Route::Devices => match form {
            None => pages::devices(visit),
            Some(form) => pages::add_device(visit, form),
        },
        Route::RotateDevice(id) => pages::rotate_device(visit, &id, require(form)?),
        Route::RevokeDevice(id) => pages::revoke_device(visit, &id),
        Route::SignOut => pages::sign_out(visit),
        Route::Asset | Route::SignIn => Err(Error::NotFound),
    }
}

/// The form of an address that takes POST only.
fn require(form: Option<&Form>) -> Result<&Form, Error> {
    form.ok_or(Error::NotFound)
}

/// The form, which leads back to where the request wanted to go, and says why somebody sees it who does not expect it.
fn to_sign_in(head: &Request<()>, route: &Route) -> Response<Vec<u8>> {
    let is_form = head.method() == Method::POST;
    let (next, why) = if *route == Route::SignOut {
        (HOME, None)
    } else if is_form {
        (way::form(head), Some(Done::SessionEnded))
    } else {
        // Who has just signed in comes without the cookie.
        let is_lost = origin::is_from(head.headers(), SIGN_IN);
        (way::wanted(head), is_lost.then_some(Done::CookieLost))
    };
    let next = if next == HOME { "" } else { next };
    let why = why.map_or("", Done::name);
    reply::see_other(&Query(SIGN_IN, &[("next", next), ("done", why)]).to_string())
}
