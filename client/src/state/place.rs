//! Where a database is: one that a file sync has brought from another folder says nothing of the files of this one.

use std::fs;
use std::path::Path;

/// What is known of the place of a database: the number of its file, the machine, and its path there.
pub(super) fn of(database: &Path) -> String {
    let path = database.canonicalize().unwrap_or_default();
    format!(
        "{}\n{}\n{}",
        number(database),
        machine(),
        path.to_string_lossy()
    )
}

/// Whether two places are one. A folder may be moved, or its disk be used on another machine; and some disks number their files
/// anew whenever they are mounted. Where nothing is known, nothing tells them apart.
pub(super) fn is_same(before: &str, now: &str) -> bool {
    let (number, path) = parts(now);
    let (number_before, path_before) = parts(before);
    match (number, path) {
        (None, None) => true,
        (number, path) => {
            number.is_some() && number == number_before || path.is_some() && path == path_before
        }
    }
}

/// The number of a file, and its path where the machine has a name.
fn parts(place: &str) -> (Option<&str>, Option<&str>) {
    let (number, path) = place.split_once('\n').unwrap_or_default();
    let number = Some(number).filter(|number| !number.is_empty());
    let path = Some(path).filter(|path| !path.is_empty() && !path.starts_with('\n'));
    (number, path)
}

#[cfg(unix)]
fn number(file: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata();
    found.map_or(String::new(), |found| found.ino().to_string())
}

/// It is not known here.
#[cfg(not(unix))]
fn number(_: &Path) -> String {
    String::new()
}

/// A name of this machine that stays; nothing where it has none.
fn machine() -> String {
    let id = fs::read_to_string("/etc/machine-id").ok();
    let id = id.or_else(|| std::env::var("COMPUTERNAME").ok());
    id.map_or(String::new(), |id| id.trim().to_owned())
}

#[test]
fn a_place_is_known_by_its_file_or_by_its_machine_and_path() {
    let here = "7\nm\n/notes/kamisync.db";
    for (before, is_one) in [
        (here, true),
        ("7\nm\n/moved/kamisync.db", true),
        ("7\nother\n/media/notes/kamisync.db", true),
        ("8\nm\n/notes/kamisync.db", true),
        ("8\nother\n/notes/kamisync.db", false),
        ("8\nm\n/copy/kamisync.db", false),
        ("", false),
    ] {
        assert_eq!(is_same(before, here), is_one, "{before}");
    }
    let nameless = ["7", "8"].map(|number| format!("{number}\n\n/notes/kamisync.db"));
    assert!(!is_same(&nameless[0], &nameless[1]), "many have that path");
    assert!(is_same(here, "\n\n/notes/kamisync.db"), "nothing is known");
}

#[cfg(unix)]
#[test]
fn a_copy_of_a_database_is_in_another_place() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (root.path().join("one.db"), root.path().join("two.db"));
    fs::write(&one, "").unwrap();
    fs::copy(&one, &two).unwrap();
    assert!(is_same(&of(&one), &of(&one)) && !is_same(&of(&one), &of(&two)));
}
