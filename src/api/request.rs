//! What handlers read out of a request: parameters, paths, the device, the body.

use std::time::Duration;

use http::Request;
use http::header::{AsHeaderName, CONTENT_LENGTH, HeaderMap, USER_AGENT};
use percent_encoding::percent_decode_str;

use super::caller::Caller;
use super::error::Error;
use super::gzip;
use crate::domain::FilePath;
use crate::settings::Settings;
use crate::wire::excerpt::excerpt;
use crate::wire::numbers;

/// How long a client may pause in the middle of a request or of an answer. A device that fell asleep pauses for ever.
pub const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A request body that has not been read; nobody without a key makes the server read it.
pub trait Body {
    /// Reads it whole: 413 as soon as it is longer than `limit_bytes`, 400 when it is cut short. `declared` is
    /// its length as the client says, 0 where it does not.
    fn read(self, declared: usize, limit_bytes: usize) -> Result<Vec<u8>, Error>;
}

/// Reads a body under the limit of the settings, and inflates it.
pub(super) fn read_body(
    settings: &Settings,
    headers: &HeaderMap,
    body: impl Body,
) -> Result<Vec<u8>, Error> {
    let limit_bytes = settings.max_body_size()?;
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let declared = declared.unwrap_or(0);
    if declared > limit_bytes as u64 {
        return Err(Error::BodyTooLarge { limit_bytes });
    }
    let body = body.read(declared as usize, limit_bytes)?;
    gzip::decode(headers, body, limit_bytes)
}

/// 400 for a query that is no text: with other characters in their place, its bytes would mean something else.
pub(super) fn require_text(head: &Request<()>) -> Result<(), Error> {
    let query = head.uri().query().unwrap_or_default();
    let text = percent_decode_str(query).decode_utf8();
    let rule = |_| Error::BadRequest("The query is not percent-encoded UTF-8.".to_owned());
    text.map(drop).map_err(rule)
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
    limit_up_to(head, numbers::PAGE_FILES, numbers::MAX_PAGE_FILES)
}

/// The `limit` of a page of entries without contents or versions, 1 to 10,000.
pub fn limit_of_entries(head: &Request<()>) -> u32 {
    limit_up_to(head, numbers::PAGE_ENTRIES, numbers::MAX_PAGE_ENTRIES)
}

/// Ends a page at its limit. Returns whether it had one more than that, so that more follow.
pub fn cut<T>(page: &mut Vec<T>, limit: u32) -> bool {
    let has_more = page.len() > limit as usize;
    page.truncate(limit as usize);
    has_more
}

/// The `limit` of a page, 1 to `most`; `usual` where none is asked for.
fn limit_up_to(head: &Request<()>, usual: u32, most: u32) -> u32 {
    let limit = parameter(head, "limit").unwrap_or_default();
    numbers::parse_limit(&limit, usual, most)
}

/// A path in a body or a query.
pub(super) fn file_path(path: &str) -> Result<FilePath, Error> {
    FilePath::parse(path).map_err(|rule| Error::BadPath {
        path: excerpt(path),
        rule,
    })
}

/// The device for the history: the name of the key, with `x-device` behind it if it is sent; with the
/// owner's key `x-device`, else the program.
pub(super) fn device(caller: &Caller, headers: &HeaderMap) -> Option<String> {
    let sent = header_text(headers, "x-device");
    match (caller.device_key(), sent) {
        (Some(key), Some(sent)) if !sent.is_empty() => Some(format!("{} ({sent})", key.name)),
        (Some(key), _) => Some(key.name.clone()),
        (None, sent) => sent.or_else(|| header_text(headers, USER_AGENT)),
    }
}

/// The first 100 characters of a header. Bytes that are not UTF-8 are replaced.
fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    Some(text.chars().take(100).collect())
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_device_is_named_in_any_language() {
        let long = "é".repeat(200);
        for (sent, stored) in [
            ("Bob’s iPhone".as_bytes(), "Bob’s iPhone"),
            ("máy tính".as_bytes(), "máy tính"),
            (b"caf\xe9", "caf\u{fffd}"),
            (long.as_bytes(), &long[..200]),
        ] {
            let value = HeaderValue::from_bytes(sent).unwrap();
            let headers = HeaderMap::from_iter([("x-device".parse().unwrap(), value)]);
            assert_eq!(device(&Caller::Owner, &headers).as_deref(), Some(stored));
        }
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
