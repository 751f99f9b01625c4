//! Names of conflict copies: `trip (conflict laptop 2026-11-26 1405).md` beside `trip.md`.

use std::time::SystemTime;

use crate::dates;
use crate::names::{MAX_NAME, MAX_PATH};

const MARK: &str = " (conflict ";

/// The path of a copy of an edit, which this device made at this time (milliseconds since 1970). The same
/// edit has the same name again; further ones of the same minute have a number.
pub fn copy_path(path: &str, device: &str, modified: i64, number: u32) -> String {
    let minute = dates::minute(dates::time(modified).unwrap_or(SystemTime::UNIX_EPOCH));
    let number = match number {
        ..=1 => String::new(),
        number => format!(" {number}"),
    };
    beside(path, &format!("{} {minute}{number}", plain(device)))
}

/// The path of a copy with this text between its brackets. Of a long name or path, the end of the stem is cut.
fn beside(path: &str, text: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let mark = format!("{MARK}{text})");
    let dot = if extension.is_empty() { "" } else { "." };
    let most = MAX_NAME.min(MAX_PATH.saturating_sub(folder.len() + 1));
    let room = most.saturating_sub(mark.len() + dot.len() + extension.len());
    let stem = &stem[..stem.floor_char_boundary(room)];
    format!("{folder}/{stem}{mark}{dot}{extension}")
}

/// The name of a conflict copy.
#[derive(Debug)]
pub struct CopyName<'a> {
    path: &'a str,
    /// What is between its brackets.
    text: &'a str,
    /// Its path without them.
    original: String,
}

impl<'a> CopyName<'a> {
    /// Tells a copy by the name that this program gives to one; none for other files.
    pub fn of(path: &'a str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/')?;
        let (stem, rest) = name.rsplit_once(MARK)?;
        let (text, extension) = rest.rsplit_once(')')?;
        let is_extension = extension.rfind('.').unwrap_or(0) == 0
            && (extension.is_empty() || extension.starts_with('.'));
        (is_extension && is_of_copy(text)).then(|| Self {
            path,
            text,
            original: format!("{folder}/{stem}{extension}"),
        })
    }

    /// The file that it belongs to, as its name says.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Whether it may belong to this file, whose name is longer than the copy says.
    pub fn may_be_of(&self, file: &str) -> bool {
        beside(file, self.text) == self.path && CopyName::of(file).is_none()
    }
}

/// Whether a text is a device with a day and a time, and perhaps a number.
fn is_of_copy(text: &str) -> bool {
    let mut words: Vec<&str> = text.split(' ').collect();
    if words
        .last()
        .is_some_and(|word| matches!(word.len(), 1 | 2) && is_number(word))
    {
        words.pop();
    }
    let Some([device @ .., day, time]) = words.get(..) else {
        return false;
    };
    let device = device.join(" ");
    plain(&device) == device && is_day(day) && time.len() == 4 && is_number(time)
}

fn is_day(text: &str) -> bool {
    let numbers: Vec<&str> = text.split('-').collect();
    let is_long_enough = matches!(numbers[..], [year, month, day] if year.len() >= 4 && month.len() == 2 && day.len() == 2);
    is_long_enough && numbers.into_iter().all(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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

    fn original(path: &str) -> Option<String> {
        CopyName::of(path).map(|copy| copy.original)
    }

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
            assert_eq!(original(&path), Some("ideas/a.md".to_owned()), "{path}");
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
    fn a_copy_in_a_deep_folder_fits_where_it_can() {
        let folder = format!("ideas/{}", ["e"; 9].map(|e| e.repeat(100)).join("/"));
        let path = format!("{folder}/{}.md", "f".repeat(80));
        let copy = copy_path(&path, "laptop", NOON, 1);
        assert!(names::is_sound(&copy), "{copy}");
        assert!(CopyName::of(&copy).unwrap().may_be_of(&path));
    }

    #[test]
    fn other_files_are_no_copies() {
        for path in [
            "ideas/a.md",
            "ideas/a (conflict b",
            "ideas/a (conflict b) c.md",
            "a",
            "ideas/plan (conflict with Bob).md",
            "ideas/plan (conflict of interest 2026).md",
            "ideas/plan (conflict laptop 2026-11-26).md",
            "ideas/plan (conflict 2026-11-26 1405).md",
            "ideas/plan (conflict laptop 26-11-2026 1405).md",
            "ideas/plan (conflict laptop 2026-11-26 14:05).md",
            "ideas/plan (conflict laptop 2026-11-26 1405 of Bob).md",
            "ideas/plan (conflict laptop 2026-11-26 1405) done.md",
            "ideas/plan (conflict laptop 2026-11-26 1405).old.md",
        ] {
            assert_eq!(original(path), None, "{path}");
        }
    }
}
