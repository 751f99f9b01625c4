//! Somebody who follows a link from another site.
//!
//! Browsers send no strict cookie with that request, so a session would seem to be over. A page of our own that
//! leads to the same address gets it.

use askama::Template;
use http::header::HeaderName;
use http::{Method, Request, Response};

use super::frame::Frame;
use super::{reply, way};
use crate::api::Error;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[derive(Template)]
#[template(path = "arrival.html")]
struct Page {
    frame: Frame,
    address: String,
}

/// Whether the request may come without a cookie that the browser has.
pub(super) fn is_from_elsewhere(head: &Request<()>) -> bool {
    let site = head.headers().get(FETCH_SITE);
    head.method() != Method::POST && site.is_some_and(|site| site == "cross-site")
}

/// Leads to the address that was asked for.
pub(super) fn go_on(head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    let address = head.uri().path_and_query();
    reply::page(&Page {
        frame: Frame::signed_out("Opening"),
        address: address.map_or(String::new(), |address| {
            way::without_notice(address.as_str())
        }),
    })
}
