//! Names of conflict copies: `trip (conflict laptop 2026-11-26 1405).md` beside `trip.md`.

use std::time::SystemTime;

use crate::dates;
use crate::names::MAX_NAME;

const MARK: &str = " (conflict ";

/// The path of a copy of an edit, which this device made at this time (milliseconds since 1970). The same
/// edit has the same name again; further ones of the same minute have a number.
pub fn copy_path(path: &str, device: &str, modified: i64, number: u32) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let minute = dates::minute(dates::time(modified).unwrap_or(SystemTime::UNIX_EPOCH));
    let number = match number {
        ..=1 => String::new(),
        number => format!(" {number}"),
    };
    let mark = format!("{MARK}{} {minute}{number})", plain(device));
    let dot = if extension.is_empty() { "" } else { "." };
    let room = MAX_NAME.saturating_sub(mark.len() + dot.len() + extension.len());
    let stem = &stem[..stem.floor_char_boundary(room)];
    format!("{folder}/{stem}{mark}{dot}{extension}")
}

/// The path that a conflict copy belongs to; none for other files.
pub fn original(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let (stem, rest) = name.rsplit_once(MARK)?;
    let (_, extension) = rest.rsplit_once(')')?;
    let is_extension = extension.is_empty() || extension.starts_with('.');
    is_extension.then(|| format!("{folder}/{stem}{extension}"))
}

/// The name of a device without what some system forbids in names of files.
fn plain(device: &str) -> String {
    let is_plain = |c: &char| !c.is_control() && !"/\\<>:\"|?*()".contains(*c);
    let name: String = device.chars().filter(is_plain).take(32).collect();
    match name.trim() {
        "" => "device".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    const NOON: i64 = 1_764_158_400_000;

    #[test]
    fn the_copy_is_beside_its_file() {
        let path = copy_path("ideas/a.b.md", "my/laptop", NOON, 1);
        assert_eq!(path, "ideas/a.b (conflict mylaptop 2025-11-26 1200).md");
        assert_eq!(original(&path).as_deref(), Some("ideas/a.b.md"));
        let second = copy_path("ideas/a.b.md", "my/laptop", NOON, 2);
        assert_eq!(second, "ideas/a.b (conflict mylaptop 2025-11-26 1200 2).md");
        assert_eq!(original(&second).as_deref(), Some("ideas/a.b.md"));
    }

    #[test]
    fn a_time_beyond_what_the_system_knows_has_a_name_too() {
        for modified in [i64::MIN, -1, i64::MAX] {
            let path = copy_path("ideas/a.md", "laptop", modified, 1);
            assert_eq!(original(&path).as_deref(), Some("ideas/a.md"), "{path}");
        }
    }

    #[test]
    fn a_long_name_still_fits_and_is_sound() {
        for device in ["laptop", "", "é".repeat(200).as_str(), "<:>"] {
            let path = copy_path(&format!("ideas/{}.md", "ü".repeat(120)), device, 0, 99);
            assert!(
                names::is_sound(&path) && names::windows_fault(&path).is_none(),
                "{path}"
            );
        }
    }

    #[test]
    fn other_files_are_no_copies() {
        for path in [
            "ideas/a.md",
            "ideas/a (conflict b",
            "ideas/a (conflict b) c.md",
            "a",
        ] {
            assert_eq!(original(path), None, "{path}");
        }
    }
}
