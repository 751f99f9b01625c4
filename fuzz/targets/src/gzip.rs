//! Compressed bodies never exceed the limit when decompressed, and survive a round trip.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use kamiflow_sync_component::api::Error;
use kamiflow_sync_component::api::gzip::{decode, encode};

use super::refused;

/// The first two bytes are the limit, the rest a body with `content-encoding: gzip`.
pub fn gzip(data: &[u8]) {
    let Some((limit, body)) = data.split_first_chunk() else {
        return;
    };
    inflates_up_to(u16::from_le_bytes(*limit).into(), body);
    comes_back(body);
}

fn inflates_up_to(limit: usize, body: &[u8]) {
    let headers = header(CONTENT_ENCODING, "gzip");
    match decode(&headers, body.to_vec(), limit) {
        Ok(inflated) => {
            assert!(inflated.len() <= limit);
            assert_eq!(inflated, inflate(body, limit));
        }
        Err(error) => {
            if matches!(error, Error::BodyTooLarge { .. }) {
                assert!(inflate(body, limit + 1).len() > limit);
            }
            refused(error);
        }
    }
}

/// The first bytes of what a body holds.
fn inflate(body: &[u8], bytes: usize) -> Vec<u8> {
    let mut inflated = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(bytes as u64);
    reader.read_to_end(&mut inflated).expect("gzip");
    inflated
}

fn comes_back(body: &[u8]) {
    let answer = body.repeat(1 + 2048 / body.len().max(1));
    let mut headers = header(CONTENT_TYPE, "application/json");
    let encoded = encode(
        &header(ACCEPT_ENCODING, "gzip"),
        &mut headers,
        answer.clone(),
    );
    let limit = answer.len();
    assert_eq!(decode(&headers, encoded, limit).expect("an answer"), answer);
}

fn header(name: HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
}
