//! The words of the domain and what makes them valid: project ids, file paths, checksums.
//!
//! Everything here is pure. A value of one of these types has passed its rules, so the rest of
//! the program need not ask again.

use std::fmt;

use sha2::{Digest, Sha256};

/// Microseconds since 1970 and, inside its project, the identity of one version.
///
/// Revs of a project are unique and strictly increasing; none is given out twice.
pub type Rev = i64;

/// The `:id` of a project: 1 to 200 bytes of UTF-8 without `/`, `\` and control characters,
/// and neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectId(String);

impl ProjectId {
    /// Takes the percent-decoded path segment; `None` when it breaks a rule.
    pub fn parse(text: String) -> Option<Self> {
        let sound = (1..=200).contains(&text.len())
            && !matches!(text.as_str(), "." | "..")
            && !text.contains(['/', '\\'])
            && !text.contains(char::is_control);
        sound.then_some(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest path, in bytes.
const MAX_PATH_BYTES: usize = 1024;
/// The longest segment of a path, in bytes; no common file system takes a longer name.
const MAX_SEGMENT_BYTES: usize = 255;

/// Where a file lives below `.kamiflow/`, in the form that every client can write to its disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(String);

impl FilePath {
    /// Checks the rules of the protocol; `Err` is the broken one, ready to follow "the path".
    ///
    /// The client writes every path it pulls without looking, so one bad path would reach
    /// outside the folder or make every pull of the project fail.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text.len() > MAX_PATH_BYTES {
            return Err("must have 1 to 1024 bytes");
        }
        if text.contains('\\') || text.contains(char::is_control) {
            return Err("must not contain a backslash or a control character");
        }
        if text.starts_with('/') || has_drive_letter(text) {
            return Err("must be relative, without a leading slash or a drive letter");
        }
        if text.starts_with('.') {
            return Err("must not begin with a dot");
        }
        text.split('/').try_for_each(check_segment)?;
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders above this file, nearest last: `a/b/c` gives `a`, `a/b`.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn has_drive_letter(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

fn check_segment(segment: &str) -> Result<(), &'static str> {
    match segment {
        "" | "." | ".." => Err("must not have an empty, '.' or '..' segment"),
        long if long.len() > MAX_SEGMENT_BYTES => Err("must not have a segment over 255 bytes"),
        _ => Ok(()),
    }
}

/// The SHA-256 of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The checksum of these bytes.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
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

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_hex(&self.0, f)
    }
}

/// A fingerprint of all live files of a project: two sides with equal digests hold the same
/// paths with the same content.
///
/// It is the XOR of SHA-256(`path`, a zero byte, the checksum in lower-case hex) over all live
/// files, so that a change costs two hashes whatever the size of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeDigest([u8; 32]);

impl TreeDigest {
    /// Adds a file, or takes it out again: the operation is its own inverse.
    pub fn toggle(&mut self, path: &str, checksum: &Checksum) {
        let entry = Sha256::new()
            .chain_update(path)
            .chain_update([0])
            .chain_update(checksum.to_string())
            .finalize();
        self.0
            .iter_mut()
            .zip(entry)
            .for_each(|(byte, other)| *byte ^= other);
    }

    /// A stored digest; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TreeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_hex(&self.0, f)
    }
}

fn fmt_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    fn a_project_id_is_a_short_plain_name() {
        let long = "x".repeat(201);
        for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0", &long] {
            assert_eq!(ProjectId::parse(bad.to_owned()), None, "{bad:?}");
        }
        for good in [
            "0123456789abcdef",
            "my notes",
            "ghi chú",
            "...",
            &"x".repeat(200),
        ] {
            assert!(ProjectId::parse(good.to_owned()).is_some(), "{good:?}");
        }
    }

    #[test]
    fn a_path_that_could_leave_the_folder_or_fail_on_a_disk_is_refused() {
        let long_path = format!("{}/x", "abcdefg/".repeat(128));
        let long_name = "n".repeat(256);
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "ideas\\..\\x",
            "a\0b",
            "a\nb",
            "C:x",
            "c:/x",
            ".sync/state.json",
            ".git",
            ".",
            "..",
            &long_path,
            &long_name,
        ] {
            assert!(FilePath::parse(bad).is_err(), "{bad:?}");
        }
        for good in [
            "a",
            "ideas/x.md",
            "ideas/.hidden",
            "a b/ghi chú.md",
            "ab:c",
            "a/...",
            "x..md",
            &"n".repeat(255),
        ] {
            assert!(FilePath::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn folders_are_listed_from_the_top() {
        let path = FilePath::parse("a/b/c.md").unwrap();
        assert_eq!(path.folders().collect::<Vec<_>>(), ["a", "a/b"]);
    }

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

    #[test]
    fn a_digest_depends_on_the_files_and_not_on_their_order() {
        let (one, two) = (Checksum::of(b"1"), Checksum::of(b"2"));
        let (mut left, mut right) = (TreeDigest::default(), TreeDigest::default());
        left.toggle("a", &one);
        left.toggle("b", &two);
        right.toggle("b", &two);
        right.toggle("a", &one);
        assert_eq!(left, right);
        right.toggle("b", &two);
        assert_ne!(left, right);
        right.toggle("a", &one);
        assert_eq!(right, TreeDigest::default());
    }
}
