//! Files as the API sends and receives them.

use std::io::Write;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::KEY;
use crate::client::Answer;

/// A file as an entry of a push.
pub fn file(path: &str, content: &[u8]) -> Value {
    json!({
        "path": path,
        "content": BASE64_STANDARD.encode(content),
        "checksum": sha256(content),
        "modified": 1_760_000_000_000_i64,
        "size": content.len(),
    })
}

/// The decoded content of a pulled file.
pub fn content(file: &Value) -> Vec<u8> {
    let content = file["content"].as_str().expect("content");
    BASE64_STANDARD.decode(content).expect("base64")
}

/// Compresses a body.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("a Vec takes every byte")
}

/// The checksum of a content, in hex.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The paths of pulled files, in order.
pub fn paths(files: &Value) -> Vec<&str> {
    files
        .as_array()
        .expect("files")
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect()
}

/// The rev of the first result of a push.
pub fn first_rev(answer: Answer) -> i64 {
    answer.good()["results"][0]["rev"].as_i64().expect("a rev")
}

/// Percent-encodes everything but letters and digits.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The request head of a push with a body of `length` bytes, for raw sockets.
pub fn push_head(project: &str, length: usize) -> String {
    format!(
        "POST /v1/projects/{project}/sync HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\
         content-length: {length}\r\n\r\n"
    )
}
