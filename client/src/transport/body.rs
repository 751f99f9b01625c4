//! Bodies of requests: JSON, compressed as it is written, so that a large push is in memory only once.
//! And the base64 in them.

use std::borrow::Cow;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// A body, ready to be sent as often as needed.
pub struct Body {
    /// What is sent.
    pub bytes: Vec<u8>,
    /// Whether it is compressed with gzip.
    pub is_gzip: bool,
}

impl Body {
    /// The JSON of a value. On the way to this machine itself, compression would only take time.
    pub fn new(value: &impl Serialize, is_loopback: bool) -> Self {
        let (bytes, is_gzip) = if is_loopback {
            (written(Vec::new(), value), false)
        } else {
            let packer = written(GzEncoder::new(Vec::new(), Compression::fast()), value);
            (packer.finish().expect("a Vec takes every byte"), true)
        };
        Self { bytes, is_gzip }
    }
}

fn written<W: Write>(mut writer: W, value: &impl Serialize) -> W {
    serde_json::to_writer(&mut writer, value).expect("wire types have string keys");
    writer
}

/// Writes bytes as base64; for `serialize_with`.
pub fn base64<S: Serializer>(content: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(content))
}

/// Reads bytes from base64; for `deserialize_with`.
pub fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<Cow<str>>::deserialize(deserializer)?;
    let bytes = text.map(|text| STANDARD.decode(text.as_bytes()));
    bytes.transpose().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[derive(Serialize)]
    struct File<'a> {
        #[serde(serialize_with = "base64")]
        content: &'a [u8],
    }

    #[test]
    fn a_body_is_compressed_unless_it_stays_on_this_machine() {
        let text = "ghi chú ".repeat(1000);
        let file = File {
            content: text.as_bytes(),
        };
        let plain = Body::new(&file, true);
        assert!(!plain.is_gzip);
        let packed = Body::new(&file, false);
        assert!(packed.is_gzip && packed.bytes.len() * 4 < plain.bytes.len());
        let mut unpacked = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(&packed.bytes[..]);
        reader.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.bytes);
    }

    #[test]
    fn content_comes_back_as_it_was() {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "content")]
            content: Option<Vec<u8>>,
        }
        let bytes: Vec<u8> = (0..=255).collect();
        let body = Body::new(&File { content: &bytes }, true).bytes;
        let answer: Answer = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer.content, Some(bytes));
        let answer: Answer = serde_json::from_str("{}").unwrap();
        assert_eq!(answer.content, None);
        assert!(serde_json::from_str::<Answer>(r#"{"content":"?"}"#).is_err());
    }
}
