//! Names of files: which are sound, and which this system cannot write.

/// Temporary files of this program; they are never synced.
pub const TEMPORARY: &str = ".kamisync-";

/// The longest name of a file, in bytes.
pub const MAX_NAME: usize = 255;

/// What a file system takes for the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// Only the same bytes.
    Exact,
    /// Names that differ in case, or in how an accent is written.
    Folded,
}

/// Whether a path stays in its folder on every system, and is a path that a server takes.
pub fn is_sound(path: &str) -> bool {
    let has_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let is_sound = |segment: &str| !matches!(segment, "" | "." | "..") && segment.len() <= MAX_NAME;
    path.len() <= 1024
        && !is_temporary(path)
        && !has_drive
        && !path.starts_with('.')
        && !path.contains(|c: char| c == '\\' || c.is_control())
        && path.split('/').all(is_sound)
}

/// Whether a file is a temporary one that a killed round has left, by the whole of its name: what a person
/// calls like the beginning of it is theirs.
pub fn is_leftover(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let numbers = name.strip_prefix(TEMPORARY);
    let numbers = numbers.and_then(|rest| rest.strip_suffix(".tmp"));
    let numbers = numbers.map(|rest| rest.strip_suffix(".kept").unwrap_or(rest));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|rest| rest.split('-').count() == 3 && rest.split('-').all(is_number))
}

/// Whether a path has a name that this program keeps for its temporary files.
pub fn is_temporary(path: &str) -> bool {
    path.split('/').any(|name| name.starts_with(TEMPORARY))
}

/// Why Windows cannot write this path.
pub fn windows_fault(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|name| {
        let stem = name.split('.').next().unwrap_or_default().trim_end();
        if name.contains(['<', '>', ':', '"', '|', '?', '*']) {
            Some("Windows has no names with < > : \" | ? *")
        } else if name.ends_with(['.', ' ']) {
            Some("Windows has no names that end with a dot or a blank")
        } else if is_device(&stem.to_ascii_uppercase()) {
            Some("Windows has a device of this name")
        } else {
            None
        }
    })
}

fn is_device(stem: &str) -> bool {
    let numbered = |prefix| {
        let number = stem.strip_prefix(prefix);
        number.is_some_and(|number| {
            matches!(
                number,
                "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
            )
        })
    };
    matches!(stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_program_names_is_left_by_it() {
        for path in ["a/.kamisync-1-2-3.tmp", "a/.kamisync-1-2-3.kept.tmp"] {
            assert!(is_leftover(path) && is_temporary(path), "{path}");
        }
        for path in [
            "a/.kamisync-notes.md",
            "a/.kamisync-1-2-3.tmp/b.md",
            "a/.kamisync-1-2.tmp",
            "a/.kamisync-1-2-x.tmp",
            "a/.kamisync---.tmp",
        ] {
            assert!(!is_leftover(path) && is_temporary(path), "{path}");
        }
    }

    #[test]
    fn names_that_windows_cannot_write_are_known() {
        for path in [
            "a/con.md", "a?.md", "a/b.", "LPT1", "nul .md", "com²/x", "a /b",
        ] {
            assert!(windows_fault(path).is_some(), "{path}");
        }
        for path in ["a/console.md", "a b.md", "com.md", "é.md", ".a"] {
            assert!(windows_fault(path).is_none(), "{path}");
        }
    }
}
