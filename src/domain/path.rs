//! Where a file lives, in a form that every client can write to its disk.

use std::fmt;

/// The longest path, in bytes.
const MAX_PATH_BYTES: usize = 1024;
/// The longest segment of a path, in bytes; no common file system takes a longer name.
const MAX_SEGMENT_BYTES: usize = 255;

/// The path of a file below `.kamiflow/`: 1 to 1024 bytes, `/` between segments of at most 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(String);

impl FilePath {
    /// Checks the rules. The error is the broken rule, worded to follow "the path".
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

    /// Bytes of the path in pure ASCII, with six for each unit of UTF-16 beyond.
    pub fn ascii_bytes(&self) -> usize {
        let bytes = |c: char| if c.is_ascii() { 1 } else { 6 * c.len_utf16() };
        self.0.chars().map(bytes).sum()
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders above this file, outermost first: `a/b/c` gives `a`, `a/b`.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
