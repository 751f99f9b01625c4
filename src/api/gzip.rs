//! gzip, both ways.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};

use super::error::Error;
use crate::wire::excerpt::brief_excerpt;

/// Answers shorter than this, in bytes, are not worth the processor time.
const WORTH_COMPRESSING: usize = 1024;

/// Undoes the request's `content-encoding`. The result is at most `limit_bytes` long, whatever the
/// compressed body claims to hold.
pub fn decode(headers: &HeaderMap, body: Vec<u8>, limit_bytes: usize) -> Result<Vec<u8>, Error> {
    match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None => Ok(body),
        Some(name) if name.eq_ignore_ascii_case(b"identity") => Ok(body),
        Some(name) if name.eq_ignore_ascii_case(b"gzip") => inflate(&body, limit_bytes),
        Some(name) => Err(Error::UnsupportedEncoding(brief_excerpt(
            &String::from_utf8_lossy(name),
        ))),
    }
}

fn inflate(body: &[u8], limit_bytes: usize) -> Result<Vec<u8>, Error> {
    let mut inflated = Vec::new();
    let mut decoder = MultiGzDecoder::new(body).take(limit_bytes as u64 + 1);
    decoder
        .read_to_end(&mut inflated)
        .map_err(|_| Error::BadGzip)?;
    if inflated.len() > limit_bytes {
        Err(Error::BodyTooLarge { limit_bytes })
    } else {
        Ok(inflated)
    }
}

/// What this server writes itself, by its `content-type`.
const WRITTEN_HERE: [&str; 4] = [
    "application/json",
    "text/css; charset=utf-8",
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
];

/// Compresses an answer when the client asks for gzip and the answer is long enough. Raw files stay as
/// they are: their tag is that of their bytes.
pub fn encode(request: &HeaderMap, headers: &mut HeaderMap, body: Vec<u8>) -> Vec<u8> {
    let kind = headers.get(CONTENT_TYPE);
    if !kind.is_some_and(|kind| WRITTEN_HERE.iter().any(|ours| kind == ours)) {
        return body;
    }
    headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    let is_done = headers.contains_key(CONTENT_ENCODING);
    if is_done || body.len() < WORTH_COMPRESSING || !is_accepted(request) {
        return body;
    }
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    compress(&body)
}

pub(super) fn compress(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.expect("a Vec takes every byte")
}

/// Whether `accept-encoding` gives gzip a weight above zero, or, if it does not name it, `*`.
pub(super) fn is_accepted(request: &HeaderMap) -> bool {
    accepts(request, "gzip")
        .or_else(|| accepts(request, "*"))
        .unwrap_or(false)
}

fn accepts(request: &HeaderMap, encoding: &str) -> Option<bool> {
    let values = request.get_all(ACCEPT_ENCODING).iter();
    let entries = values.filter_map(|value| value.to_str().ok());
    entries
        .flat_map(|value| value.split(','))
        .find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(encoding);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            named.then_some(weight != Some(0.0))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut answer = headers(CONTENT_TYPE, "application/json");
        encode(
            &headers(ACCEPT_ENCODING, "gzip"),
            &mut answer,
            body.to_vec(),
        )
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let body = b"abcdefgh".repeat(1000);
        let encoded = gzip(&body);
        assert!(encoded.len() < body.len());
        assert_eq!(
            decode(&headers(CONTENT_ENCODING, "GZIP"), encoded, 8000).unwrap(),
            body
        );
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 10 << 20]);
        let error = decode(&headers(CONTENT_ENCODING, "gzip"), bomb, 1 << 20);
        assert!(matches!(
            error,
            Err(Error::BodyTooLarge {
                limit_bytes: 0x10_0000
            })
        ));
    }

    #[test]
    fn other_encodings_and_broken_gzip_are_refused() {
        assert!(matches!(
            decode(&headers(CONTENT_ENCODING, "br"), vec![], 9),
            Err(Error::UnsupportedEncoding(_))
        ));
        assert!(matches!(
            decode(&headers(CONTENT_ENCODING, "gzip"), b"x".to_vec(), 9),
            Err(Error::BadGzip)
        ));
    }

    #[test]
    fn gzip_is_used_only_when_asked_for() {
        for (value, expected) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("gzip;q=0, *", false),
            ("*, gzip;q=0", false),
            ("*;q=0, gzip", true),
            ("br, *;q=0", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(
                is_accepted(&headers(ACCEPT_ENCODING, value)),
                expected,
                "{value}"
            );
        }
    }
}
