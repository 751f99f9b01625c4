//! JSON as this server writes it: pure ASCII.
//!
//! The KamiFlow client splits multi-byte characters at chunk edges and so damages paths; with
//! everything else written as `\uXXXX` there is nothing to split.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The value as ASCII JSON.
pub fn to_vec(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    append(&mut out, value);
    out
}

/// A large value as ASCII JSON, which is written twice: a buffer that grows needs three times its size while it is moved.
pub fn to_vec_exact(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length(value));
    append(&mut out, value);
    out
}

/// Bytes of the value as JSON.
pub fn length(value: &impl Serialize) -> usize {
    let mut length = Length(0);
    write(&mut length, value);
    length.0
}

/// Writes the value behind what `out` already holds.
pub fn append(out: &mut Vec<u8>, value: &impl Serialize) {
    write(out, value);
}

fn write(out: impl io::Write, value: &impl Serialize) {
    value
        .serialize(&mut Serializer::with_formatter(out, Ascii))
        .expect("wire types have string keys and memory takes every byte");
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        if text.is_ascii() {
            return out.write_all(text.as_bytes());
        }
        let mut units = [0; 2];
        for character in text.chars() {
            match character {
                '\0'..='\x7f' => out.write_all(&[character as u8])?,
                _ => character
                    .encode_utf16(&mut units)
                    .iter()
                    .try_for_each(|unit| write!(out, "\\u{unit:04x}"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_beyond_ascii_is_escaped_and_comes_back() {
        let text = "ghi chú \"🔒\" \n\u{7f}\u{80}\u{ffff}";
        let json = to_vec(&text);
        assert!(json.is_ascii());
        assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
        assert_eq!(to_vec(&"é🔒"), br#""\u00e9\ud83d\udd12""#);
        let exact = to_vec_exact(&text);
        assert!(exact == json && exact.capacity() == json.len());
    }
}
