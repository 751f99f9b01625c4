//! `ETag` and `If-None-Match`: asking again costs one look-up when nothing changed.

use http::header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY};
use http::{Request, Response, StatusCode};

use super::error::Error;
use crate::domain::Checksum;

/// Answers 304 when the client has the answer to this very request in this state, else what
/// `build` makes, with its tag. `state` changes with everything that the answer depends on.
///
/// The tag is weak, since the answer may be compressed.
pub(super) fn respond_by_state(
    head: &Request<()>,
    state: &str,
    build: impl FnOnce() -> Result<Response<Vec<u8>>, Error>,
) -> Result<Response<Vec<u8>>, Error> {
    let tag = weak_tag(&[&head.uri().to_string(), state]);
    respond_by_tag(head.headers(), &tag, build)
}

/// Answers 304 when the client says that it has answers, and one of them is that of the state that `look`
/// finds: for answers of which the state is read faster than the rest.
pub(super) fn not_modified_by_state(
    head: &Request<()>,
    look: impl FnOnce() -> Result<Option<String>, Error>,
) -> Result<Option<Response<Vec<u8>>>, Error> {
    if !head.headers().contains_key(IF_NONE_MATCH) {
        return Ok(None);
    }
    let tag = look()?.map(|state| weak_tag(&[&head.uri().to_string(), &state]));
    let known = tag.filter(|tag| matches(head.headers(), tag));
    known
        .map(|tag| with_tag(not_modified(&tag), &tag))
        .transpose()
}

/// The tag of an answer that depends on these texts alone.
pub(super) fn weak_tag(parts: &[&str]) -> String {
    let digits = Checksum::of(parts.join("\0").as_bytes()).to_string();
    format!("W/\"{}\"", &digits[..24])
}

/// Builds an answer whose tag is known before, unless the client says that it has it.
pub(super) fn respond_by_tag(
    request: &HeaderMap,
    tag: &str,
    build: impl FnOnce() -> Result<Response<Vec<u8>>, Error>,
) -> Result<Response<Vec<u8>>, Error> {
    let response = if matches(request, tag) {
        not_modified(tag)
    } else {
        build()?
    };
    with_tag(response, tag)
}

fn with_tag(mut response: Response<Vec<u8>>, tag: &str) -> Result<Response<Vec<u8>>, Error> {
    let tag = HeaderValue::from_str(tag).map_err(|error| Error::Internal(error.into()))?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// It carries what 200 would of the headers that caches go by (RFC 9110, 15.4.5).
fn not_modified(tag: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    if tag.starts_with("W/") {
        let accept_encoding = HeaderValue::from_static("accept-encoding");
        response.headers_mut().insert(VARY, accept_encoding);
    }
    response
}

/// What proxies append to a tag when they compress the answer, behind `-`, `;` or `+`.
const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

/// Whether `if-none-match` lists the tag or is `*`; weak and strong tags compare equal here, and so
/// do those of the same answer as proxies compress it.
fn matches(request: &HeaderMap, tag: &str) -> bool {
    let values = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || bare(known) == bare(tag))
}

/// The tag without quotes, weakness and the mark of a coding; our own tags are hex digits.
fn bare(tag: &str) -> Option<&str> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    let marked = |coding: &&'static str| tag.strip_suffix(coding)?.strip_suffix(['-', ';', '+']);
    Some(CODINGS.iter().find_map(marked).unwrap_or(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_request_in_the_same_state_is_known() {
        let ask = |uri: &str, state: &str, known: Option<&HeaderValue>| {
            let mut head = Request::get(uri).body(()).unwrap();
            head.headers_mut()
                .extend(known.map(|tag| (IF_NONE_MATCH, tag.clone())));
            respond_by_state(&head, state, || Ok(Response::new(vec![1]))).unwrap()
        };
        let tag = ask("/a?since=1", "7", None).headers()[ETAG].clone();
        for (uri, state, status) in [
            ("/a?since=1", "7", 304),
            ("/a?since=1", "8", 200),
            ("/a?since=2", "7", 200),
        ] {
            assert_eq!(
                ask(uri, state, Some(&tag)).status(),
                status,
                "{uri} {state}"
            );
        }
    }

    #[test]
    fn a_tag_is_found_in_a_list_in_either_strength() {
        let matches = |value: &'static str| {
            matches(
                &HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]),
                "\"abc\"",
            )
        };
        assert!(matches("\"abc\"") && matches("\"x\", W/\"abc\"") && matches("*"));
        assert!(!matches("\"abcd\"") && !matches("abc"));
        for compressed in [
            "\"abc-gzip\"",
            "\"abc;gzip\"",
            "W/\"abc-br\"",
            "\"abc+zstd\"",
        ] {
            assert!(matches(compressed), "{compressed}");
        }
        assert!(!matches("\"abcgzip\"") && !matches("\"abc-x\"") && !matches("\"abcd-gzip\""));
    }
}
