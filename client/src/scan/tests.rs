//! The scan of a real folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::checksum::checksum;
use crate::state::Entry;

fn folder(root: &std::path::Path) -> Folder {
    for name in ["ideas/sub", "tasks", ".sync"] {
        fs::create_dir_all(root.join(".kamiflow").join(name)).unwrap();
    }
    Folder::open(root).unwrap()
}

fn scan(folder: &Folder) -> Scan {
    Scan::since(folder, Contents::of(&BTreeMap::new()), SystemTime::now())
}

#[test]
fn files_of_the_selection_are_found_with_their_content() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    for path in [
        "ideas/a.md",
        "ideas/sub/é b.md",
        "tasks/c.md",
        "tasks/c.txt",
        ".sync/d.md",
    ] {
        fs::write(folder.place(path), path).unwrap();
    }
    let scan = scan(&folder);
    let paths: Vec<&String> = scan.files.keys().collect();
    assert_eq!(paths, ["ideas/a.md", "ideas/sub/é b.md", "tasks/c.md"]);
    assert_eq!(scan.checksum("tasks/c.md"), Some(&*checksum(b"tasks/c.md")));
    assert_eq!(scan.devices.len(), 2);
}

#[test]
fn a_file_that_looks_the_same_is_not_read_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    let place = folder.place("ideas/a.md");
    fs::write(&place, "one").unwrap();
    let fresh = scan(&folder).files.remove("ideas/a.md").unwrap();
    assert_eq!(fresh.stamp, "", "it was written in this moment");
    let file = fs::File::options().append(true).open(&place).unwrap();
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    file.set_modified(hour_ago).unwrap();
    let local = scan(&folder).files.remove("ideas/a.md").unwrap();
    let entry = Entry {
        stamp: local.stamp,
        ..Entry::of(1, Some("remembered".to_owned()))
    };
    let entries = BTreeMap::from([("ideas/a.md".to_owned(), entry)]);
    let again = || Scan::since(&folder, Contents::of(&entries), SystemTime::now());
    assert_eq!(again().checksum("ideas/a.md"), Some("remembered"));
    // The same size and time, but written since.
    fs::write(&place, "two").unwrap();
    file.set_modified(hour_ago).unwrap();
    assert_eq!(again().checksum("ideas/a.md"), Some(&*checksum(b"two")));
}

#[test]
fn what_cannot_be_synced_is_odd_and_not_gone() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    symlink("/", folder.place("ideas/elsewhere")).unwrap();
    symlink("sub", folder.place("ideas/link.md")).unwrap();
    fs::write(folder.place("ideas/back\\slash.md"), "").unwrap();
    fs::write(folder.place("ideas/line\nbreak.md"), "").unwrap();
    let scan = scan(&folder);
    assert!(scan.files.is_empty());
    for path in [
        "ideas/link.md",
        "ideas/elsewhere/x/y.md",
        "ideas/back\\slash.md",
    ] {
        assert!(scan.oddity(path).is_some(), "{path}");
    }
    assert!(scan.oddity("ideas/sub/a.md").is_none());
}

#[test]
fn a_file_that_cannot_be_read_again_is_none_whatever_the_system_says() {
    let root = tempfile::tempdir().unwrap();
    let endless = root.path().join("loop.md");
    symlink(&endless, &endless).unwrap();
    let long = root.path().join("x".repeat(300));
    for place in [
        endless,
        long,
        root.path().join("gone.md"),
        root.path().to_owned(),
    ] {
        assert!(read_again(&place, SystemTime::now()).is_none(), "{place:?}");
    }
}

#[test]
fn a_file_that_a_person_names_almost_like_a_temporary_one_is_told_and_stays() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    fs::create_dir(folder.place("ideas/.kamisync-old")).unwrap();
    let mine = ["ideas/.kamisync-notes.md", "ideas/.kamisync-old/a.md"];
    for path in mine.into_iter().chain(["ideas/.kamisync-1-2-3.tmp"]) {
        fs::write(folder.place(path), path).unwrap();
    }
    let scan = scan(&folder);
    assert_eq!(scan.leftovers, ["ideas/.kamisync-1-2-3.tmp"]);
    assert_eq!(scan.odd.keys().collect::<Vec<_>>(), mine);
}

#[test]
fn a_folder_of_the_name_of_a_file_means_that_the_file_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    fs::create_dir(folder.place("ideas/a.md")).unwrap();
    fs::write(folder.place("ideas/a.md/b.md"), "").unwrap();
    let mut scan = scan(&folder);
    assert_eq!((scan.files.len(), scan.oddity("ideas/a.md")), (1, None));
    scan.again(&folder, "ideas/a.md");
    assert_eq!((scan.files.len(), scan.oddity("ideas/a.md")), (1, None));
}

#[test]
fn a_folder_that_cannot_be_read_is_odd_with_all_in_it() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    symlink("nowhere", folder.place("archive")).unwrap();
    let sub = folder.place("ideas/sub");
    fs::set_permissions(&sub, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads everything.
    let is_closed = fs::read_dir(&sub).is_err();
    let scan = scan(&folder);
    fs::set_permissions(&sub, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(scan.oddity("archive/a.md").is_some() && scan.closed.contains("archive"));
    assert_eq!(scan.oddity("ideas/sub/a.md").is_some(), is_closed);
    assert_eq!(scan.closed.contains("ideas/sub"), is_closed);
}

/// What a look at these paths finds, after a look at everything as it was before `change`.
fn next(folder: &Folder, change: impl FnOnce(), paths: &[&str]) -> Scan {
    let before = scan(folder);
    change();
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let now = SystemTime::now();
    before.next(folder, Contents::of(&BTreeMap::new()), now, &paths)
}

#[test]
fn only_what_was_touched_is_looked_at_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    for path in ["ideas/a.md", "ideas/b.md", "ideas/gone.md"] {
        fs::write(folder.place(path), "1").unwrap();
    }
    let change = || {
        for path in ["ideas/a.md", "ideas/b.md", "ideas/new.md", "ideas/new.txt"] {
            fs::write(folder.place(path), "2").unwrap();
        }
        fs::remove_file(folder.place("ideas/gone.md")).unwrap();
    };
    let touched = [
        "ideas/a.md",
        "ideas/gone.md",
        "ideas/new.md",
        "ideas/new.txt",
    ];
    let scan = next(&folder, change, &touched);
    let found: Vec<_> = scan
        .files
        .iter()
        .map(|(path, local)| (&**path, &*local.checksum))
        .collect();
    let (one, two) = (checksum(b"1"), checksum(b"2"));
    assert_eq!(
        found,
        [
            ("ideas/a.md", &*two),
            ("ideas/b.md", &one),
            ("ideas/new.md", &two)
        ]
    );
}

#[test]
fn everything_is_looked_at_again_when_more_than_a_file_came_or_went() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    let place = |path: &str| folder.place(path);
    let write = |path: &str| fs::write(place(path), "").unwrap();
    let files = |change: &dyn Fn(), touched: &str| -> Vec<String> {
        next(&folder, change, &[touched])
            .files
            .into_keys()
            .collect()
    };
    let make = || {
        fs::create_dir(place("ideas/new")).unwrap();
        write("ideas/new/a.md");
    };
    assert_eq!(files(&make, "ideas/new"), ["ideas/new/a.md"]);
    let rename = || fs::rename(place("ideas/new"), place("tasks/moved")).unwrap();
    assert_eq!(files(&rename, "ideas/new"), ["tasks/moved/a.md"]);
    let remove = || fs::remove_dir_all(place("tasks")).unwrap();
    assert!(
        files(&remove, "ideas/a.md").is_empty(),
        "a category is gone"
    );
    symlink("/", place("ideas/link.md")).unwrap();
    let replace = || {
        fs::remove_file(place("ideas/link.md")).unwrap();
        write("ideas/link.md");
    };
    let scan = next(&folder, replace, &["ideas/link.md"]);
    assert!(scan.odd.is_empty() && scan.files.contains_key("ideas/link.md"));
    let unsound = "ideas/back\\slash.md";
    let scan = next(&folder, || write(unsound), &[unsound]);
    assert!(scan.oddity(unsound).is_some());
}

#[test]
fn a_temporary_file_of_this_program_is_no_reason_to_look_at_everything() {
    let root = tempfile::tempdir().unwrap();
    let everything = r#"{"sync": {"include": ["*"]}}"#;
    fs::write(root.path().join(".kamirc.json"), everything).unwrap();
    let folder = folder(root.path());
    let temporary = "ideas/.kamisync-1-2-3.tmp";
    let change = || {
        for path in [temporary, "ideas/not told.md"] {
            fs::write(folder.place(path), "").unwrap();
        }
    };
    assert!(next(&folder, change, &[temporary]).files.is_empty());
}
