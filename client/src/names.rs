//! Names of files: which are sound, and which this system cannot write.

/// Temporary files of this program; they are never synced.
pub const TEMPORARY: &str = ".kamisync-";

/// The longest name of a file, in bytes.
pub const MAX_NAME: usize = 255;

/// The longest path that a server takes, in bytes.
pub const MAX_PATH: usize = 1024;

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
    path.len() <= MAX_PATH
        && !is_temporary(path)
        && !has_drive
        && !path.starts_with('.')
        && !path.contains(|c: char| c == '\\' || c.is_control())
        && path.split('/').all(is_sound)
}

/// Whether a file is a temporary one that a killed round has left, by the whole of its name: what a person
/// calls like the beginning of it is theirs.
pub fn is_leftover(path: &str) -> bool {
    name_in_leftover(path).is_some()
}

/// The path of the file that a leftover belongs to, or that of the leftover where its name does not say.
pub fn file_of_leftover(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = name_in_leftover(path).map(|name| format!("{folder}/{name}"));
    file.filter(|file| is_sound(file))
        .unwrap_or_else(|| path.to_owned())
}

/// What is behind the three numbers in the name of a leftover.
fn name_in_leftover(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    let text = name.strip_prefix(TEMPORARY)?.strip_suffix(".tmp")?;
    let text = text.strip_suffix(".kept").unwrap_or(text);
    let mut parts = text.splitn(4, '-');
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_numbers = (0..3).all(|_| parts.next().is_some_and(is_number));
    has_numbers.then(|| parts.next().unwrap_or_default())
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
        for path in [
            "a/.kamisync-1-2-3.tmp",
            "a/.kamisync-1-2-3.kept.tmp",
            "a/.kamisync-1-2-3-b-c.md.tmp",
        ] {
            assert!(is_leftover(path) && is_temporary(path), "{path}");
        }
        for path in [
            "a/.kamisync-notes.md",
            "a/.kamisync-1-2-3.tmp/b.md",
            "a/.kamisync-1-2.tmp",
            "a/.kamisync-1-2-x.tmp",
            "a/.kamisync---.tmp",
            "a/.kamisync-1-2-b.md.tmp",
        ] {
            assert!(!is_leftover(path) && is_temporary(path), "{path}");
        }
    }

    #[test]
    fn a_leftover_leads_to_its_file_and_nowhere_else() {
        for (leftover, file) in [
            ("a/.kamisync-1-2-3-b-c.md.tmp", "a/b-c.md"),
            ("a/.kamisync-1-2-3-b.md.kept.tmp", "a/b.md"),
            ("a/.kamisync-1-2-3.tmp", "a/.kamisync-1-2-3.tmp"),
            ("a/.kamisync-1-2-3-...tmp", "a/.kamisync-1-2-3-...tmp"),
        ] {
            assert_eq!(file_of_leftover(leftover), file);
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
