//! SHA-256 of a file's content.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The checksum of these bytes.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// The checksum of each of these contents. As WebAssembly, several are computed at a time.
    pub fn of_each(contents: &[Vec<u8>]) -> Vec<Self> {
        #[cfg(target_family = "wasm")]
        return lanes::checksums(contents);
        #[cfg(not(target_family = "wasm"))]
        contents.iter().map(|content| Self::of(content)).collect()
    }

    /// Reads 64 hex digits of either case.
    pub fn parse(hex: &str) -> Option<Self> {
        let digits = hex.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// A stored checksum; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Each step of SHA-256 waits for the one before, and WebAssembly has no instructions for it. But a vector has four
/// numbers, and each can belong to another content.
#[cfg(target_family = "wasm")]
mod lanes {
    use super::Checksum;

    /// Numbers of a vector.
    const LANES: usize = 4;

    /// Contents of about the same length go together, since all wait for the longest.
    pub(super) fn checksums(contents: &[Vec<u8>]) -> Vec<Checksum> {
        let mut order: Vec<usize> = (0..contents.len()).collect();
        order.sort_unstable_by_key(|&index| contents[index].len());
        let mut checksums = vec![Checksum([0; 32]); contents.len()];
        for group in order.chunks(LANES) {
            let mut hashes = [[0; 32]; LANES];
            let group_contents: Vec<&[u8]> = group.iter().map(|&index| &*contents[index]).collect();
            hash(&group_contents, &mut hashes[..group.len()]);
            for (&index, hash) in group.iter().zip(hashes) {
                checksums[index] = Checksum(hash);
            }
        }
        checksums
    }

    fn hash(contents: &[&[u8]], hashes: &mut [[u8; 32]]) {
        if are_faster_together(contents) {
            return tape_sha256::hash_many(contents, hashes);
        }
        for (content, hash) in contents.iter().zip(hashes) {
            *hash = Checksum::of(content).0;
        }
    }

    /// Together they take about two and a half times as long as the longest alone.
    fn are_faster_together(contents: &[&[u8]]) -> bool {
        let lengths = || contents.iter().map(|content| content.len());
        lengths().sum::<usize>() > lengths().max().unwrap_or_default().saturating_mul(5) / 2
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

/// Writes 64 hex digits in lower case.
pub(super) fn write_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    f.write_str(str::from_utf8(&hex).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_64_hex_digits_of_either_case() {
        let sum = Checksum::of(b"hello");
        let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(sum.to_string(), hex);
        assert_eq!(Checksum::parse(&hex.to_uppercase()), Some(sum));
        for bad in ["", &hex[1..], &format!("{hex}0"), &hex.replace('2', "g")] {
            assert_eq!(Checksum::parse(bad), None, "{bad:?}");
        }
    }
}
