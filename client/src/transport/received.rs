//! Bodies of answers: read to the end, and decompressed, up to a limit in either form.

use std::io::{Error, ErrorKind, Read, Result};

use flate2::read::GzDecoder;
use ureq::Body;
use ureq::http::header::CONTENT_ENCODING;
use ureq::http::{HeaderMap, Response};

/// Bytes of an answer: more than the largest page or file.
const MAX_ANSWER: u64 = 1 << 30;

/// The body, as the server made it before it compressed it.
pub fn read(response: &mut Response<Body>) -> Result<Vec<u8>> {
    let is_gzip = is_gzip(response.headers());
    unpack(response.body_mut().as_reader(), is_gzip, MAX_ANSWER)
}

// ureq would decompress with its feature `gzip`, but then also for the tests of the server, which are
// built with it, and look at what is on the wire.
fn unpack(body: impl Read, is_gzip: bool, limit: u64) -> Result<Vec<u8>> {
    if is_gzip {
        read_up_to(limit, GzDecoder::new(body))
    } else {
        read_up_to(limit, body)
    }
}

fn read_up_to(limit: u64, body: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = body.take(limit + 1).read_to_end(&mut bytes)?;
    if length as u64 > limit {
        let reason = format!("the answer has more than {limit} bytes");
        return Err(Error::new(ErrorKind::InvalidData, reason));
    }
    Ok(bytes)
}

fn is_gzip(headers: &HeaderMap) -> bool {
    let encoding = headers.get(CONTENT_ENCODING);
    encoding.is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn an_answer_is_the_same_compressed_or_not() {
        let text = "ghi chú ".repeat(100);
        let plain = unpack(text.as_bytes(), false, 1000).unwrap();
        assert_eq!(plain, text.as_bytes());
        assert_eq!(unpack(&packed(&text)[..], true, 1000).unwrap(), plain);
    }

    #[test]
    fn an_answer_has_a_limit_compressed_or_not() {
        let text = "a".repeat(1001);
        assert!(unpack(text.as_bytes(), false, 1000).is_err());
        assert!(unpack(&packed(&text)[..], true, 1000).is_err());
    }

    #[test]
    fn an_answer_that_is_cut_is_an_error() {
        let packed = packed(&"ghi chú ".repeat(100));
        assert!(unpack(&packed[..packed.len() - 9], true, 1000).is_err());
    }
}
