//! Headers for browsers: CORS, and the security headers that helmet sends.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};

use super::error::Error;
use crate::settings::{CorsOrigins, Settings};

/// Headers a page of another origin may read from an answer.
const EXPOSED: &str = "etag, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, \
                       x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, x-request-id, x-rev";

/// Headers of the protocol, for a preflight that asks for none.
const KNOWN: &str =
    "Content-Type,Authorization,X-API-Key,If-None-Match,Content-Encoding,X-Device,X-Request-Id";
/// Bytes of `access-control-request-headers` that an answer repeats.
const MAX_ASKED: usize = 1024;

/// The fixed headers of every answer: those of helmet 7, which the original sends, that do not only
/// concern documents. A strict transport policy is the proxy's to send: over plain HTTP it means nothing.
const SECURITY: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
];

/// Adds the security headers.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.extend(SECURITY.map(|(name, value)| (name, HeaderValue::from_static(value))));
}

/// Adds what lets the page of an allowed origin read the answer.
pub(super) fn allow(
    settings: &Settings,
    request: &Request<()>,
    headers: &mut HeaderMap,
) -> Result<(), Error> {
    let origins = settings.cors_origins()?;
    if matches!(origins, CorsOrigins::List(_)) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = allowed_origin(&origins, request.headers().get(header::ORIGIN)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
    Ok(())
}

fn allowed_origin(origins: &CorsOrigins, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    match origins {
        CorsOrigins::None => None,
        CorsOrigins::Any => Some(HeaderValue::from_static("*")),
        CorsOrigins::List(list) => origin
            .filter(|origin| {
                let sent = origin.as_bytes();
                list.iter()
                    .any(|known| known.as_bytes().eq_ignore_ascii_case(sent))
            })
            .cloned(),
    }
}

/// The answer to `OPTIONS`, which needs no key and counts against nobody; `None` for any other
/// method, and when no origin is allowed at all.
pub(super) fn preflight(
    settings: &Settings,
    request: &Request<()>,
) -> Result<Option<Response<Vec<u8>>>, Error> {
    if request.method() != Method::OPTIONS || settings.cors_origins()? == CorsOrigins::None {
        return Ok(None);
    }
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().extend([
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET,HEAD,POST,DELETE"),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            allowed_headers(request.headers()),
        ),
        (
            header::VARY,
            HeaderValue::from_static("access-control-request-headers"),
        ),
        (
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("600"),
        ),
    ]);
    Ok(Some(response))
}

/// Any headers that a page asks for: they have no effect that it could not have without them, and
/// libraries and proxies add their own. [`KNOWN`] when it asks for none, or for no list of names.
fn allowed_headers(request: &HeaderMap) -> HeaderValue {
    let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    asked
        .filter(|names| names.len() <= MAX_ASKED && names.as_bytes().split(is_comma).all(is_name))
        .cloned()
        .unwrap_or(HeaderValue::from_static(KNOWN))
}

fn is_comma(byte: &u8) -> bool {
    *byte == b','
}

fn is_name(text: &[u8]) -> bool {
    HeaderName::from_bytes(text.trim_ascii()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_send_what_it_asks_for_if_these_are_names() {
        let long = format!("x-{}", "y".repeat(MAX_ASKED));
        for (asked, allowed) in [
            ("authorization,x-trace-id", "authorization,x-trace-id"),
            ("Content-Type, X-API-Key", "Content-Type, X-API-Key"),
            ("a b", KNOWN),
            ("authorization,,x", KNOWN),
            ("", KNOWN),
            (&long, KNOWN),
        ] {
            let name = header::ACCESS_CONTROL_REQUEST_HEADERS;
            let request = HeaderMap::from_iter([(name, asked.parse().unwrap())]);
            assert_eq!(allowed_headers(&request), allowed, "{asked}");
        }
        assert_eq!(allowed_headers(&HeaderMap::new()), KNOWN);
    }

    #[test]
    fn an_origin_is_echoed_only_when_it_is_listed() {
        let list = CorsOrigins::List(vec!["https://a".into()]);
        let origin = |text: &'static str| Some(HeaderValue::from_static(text));
        for (origins, sent, expected) in [
            (&list, origin("https://a"), origin("https://a")),
            (&list, origin("https://b"), None),
            (&list, None, None),
            (&CorsOrigins::Any, None, origin("*")),
            (&CorsOrigins::None, origin("https://a"), None),
        ] {
            assert_eq!(
                allowed_origin(origins, sent.as_ref()),
                expected,
                "{origins:?} {sent:?}"
            );
        }
    }
}
