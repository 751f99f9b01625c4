//! Streams of events: what both have in common.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response};

use super::again::{LAST_EVENT_ID, is_again};
use super::hold::Hold;
use crate::api::clock::now_us;
use crate::api::request::parameter;

const KIND: HeaderValue = HeaderValue::from_static("text/event-stream");
/// How long a stream lasts; then the client comes back.
pub(in crate::api) const LENGTH: Duration = Duration::from_secs(5 * 60);
/// Milliseconds after which a client comes back, and up to how many more, so that not all come at once.
const RETRY_MS: i64 = 1000;
const JITTER_MS: i64 = 500;
/// nginx collects an answer otherwise before it sends any of it.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where the client continues: after the event of this id; `None` for a client that comes for the first
/// time.
pub(in crate::api) fn position(head: &Request<()>) -> Option<String> {
    let last = head.headers().get(LAST_EVENT_ID);
    let last = last.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    last.or_else(|| parameter(head, "since"))
}

/// A stream that begins with these events, and continues as `hold` says.
pub(in crate::api) fn open(head: &Request<()>, events: String, hold: &Hold) -> Response<Vec<u8>> {
    let body = match (is_again(head), events.is_empty()) {
        (true, _) => events,
        // A client that reconnects before the first event continues from here.
        (false, true) => format!(
            "{}id: {}\n\n",
            retry(),
            hold.last_id.as_deref().unwrap_or("0")
        ),
        (false, false) => format!("{}\n{events}", retry()),
    };
    let mut response = end_after(body);
    if head.method() == Method::GET {
        hold.write(response.headers_mut());
    }
    response
}

/// A stream of these events alone.
pub(in crate::api) fn end_after(events: String) -> Response<Vec<u8>> {
    let mut response = Response::new(events.into_bytes());
    response.headers_mut().extend([
        (CONTENT_TYPE, KIND),
        (BUFFERING, HeaderValue::from_static("no")),
    ]);
    response
}

/// Whether an answer with these headers is a stream.
pub(in crate::api) fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE) == Some(&KIND)
}

fn retry() -> String {
    format!("retry: {}\n", RETRY_MS + now_us() % JITTER_MS)
}
