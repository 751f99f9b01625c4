//! The headers of a page, in place of those of the API.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// A page loads its stylesheet and its script, asks this server, and sends forms to it. It is in no frame, and
/// no cache keeps it. The referrer stays on this server, but it must go with a form: without it
/// browsers do not say where the form came from.
const PAGE: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; img-src 'self'; script-src 'self'; style-src 'self'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Replaces what the API says to browsers.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in PAGE {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
