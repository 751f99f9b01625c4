//! The rules on a real disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::checksum::checksum;
use crate::config::Folder;
use crate::names::Folding;
use crate::scan::Scan;
use crate::state::{Contents, Entry};

struct Place {
    _root: tempfile::TempDir,
    folder: Folder,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(".kamiflow/.sync")).unwrap();
        fs::create_dir_all(root.path().join(".kamiflow/ideas")).unwrap();
        let folder = Folder::open(root.path()).unwrap();
        Self {
            _root: root,
            folder,
        }
    }

    fn disk(&self) -> Disk<'_> {
        Disk::of(&self.folder).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.place(path), text).unwrap();
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.folder.place(path)).ok()
    }

    /// Takes a text of the server where this text is expected.
    fn take(&self, path: &str, text: &str, expected: Option<&str>, old: Old) -> Outcome {
        let expected = expected.map(|text| checksum(text.as_bytes()));
        let write = Write {
            path,
            like: path,
            content: text.as_bytes(),
            modified: 1_700_000_000_000,
            expected: expected.as_deref(),
            old,
        };
        let mut outcomes = write_all(&self.disk(), &[write]).unwrap();
        outcomes.pop().unwrap()
    }

    fn remove(&self, path: &str, expected: &str) -> Outcome {
        let expected = checksum(expected.as_bytes());
        let mut outcomes = remove_all(&self.disk(), &[(path, &expected)]).unwrap();
        outcomes.pop().unwrap()
    }

    /// The texts of all files below a folder of `.sync`.
    fn kept(&self, name: &str) -> Vec<String> {
        let mut folders: Vec<PathBuf> = vec![self.folder.state_folder().join(name)];
        let mut texts = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().into_iter().flatten() {
                let place = entry.unwrap().path();
                if place.is_dir() {
                    folders.push(place)
                } else {
                    texts.push(fs::read_to_string(place).unwrap())
                }
            }
        }
        texts.sort();
        texts
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = self.folder.place(folder).read_dir().unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

fn is_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done(_))
}

#[test]
fn a_new_file_has_the_content_and_the_time_of_its_edit() {
    let place = Place::new();
    let outcome = place.take("ideas/a/b.md", "text", None, Old::Known);
    let Outcome::Done(Some(local)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(place.read("ideas/a/b.md").as_deref(), Some("text"));
    assert_eq!(local.modified, 1_700_000_000_000);
    let entry = Entry {
        stamp: local.stamp,
        ..Entry::of(1, Some("what the stamp says".to_owned()))
    };
    let entries = BTreeMap::from([("ideas/a/b.md".to_owned(), entry)]);
    let scan = Scan::since(&place.folder, Contents::of(&entries), SystemTime::now());
    assert_eq!(scan.checksum("ideas/a/b.md"), Some("what the stamp says"));
    assert_eq!(place.names("ideas/a"), ["b.md"]);
}

#[test]
fn what_was_expected_is_replaced_and_kept_for_a_while() {
    let place = Place::new();
    place.write("ideas/a.md", "old");
    assert!(is_done(&place.take(
        "ideas/a.md",
        "new",
        Some("old"),
        Old::Known
    )));
    assert_eq!(place.read("ideas/a.md").as_deref(), Some("new"));
    assert_eq!(place.kept("replaced"), ["old"]);
    assert!(is_done(&place.take(
        "ideas/a.md",
        "newer",
        Some("new"),
        Old::Trash
    )));
    assert_eq!(place.kept("trash"), ["new"]);
    assert_eq!(place.names("ideas"), ["a.md"]);
}

#[test]
fn what_was_not_expected_stays() {
    let place = Place::new();
    place.write("ideas/a.md", "edited");
    for expected in [Some("old"), None] {
        let outcome = place.take("ideas/a.md", "new", expected, Old::Known);
        assert_eq!(outcome, Outcome::Changed);
        assert_eq!(place.read("ideas/a.md").as_deref(), Some("edited"));
    }
    let outcome = place.take("ideas/gone.md", "new", Some("old"), Old::Known);
    assert_eq!(
        (outcome, place.read("ideas/gone.md")),
        (Outcome::Changed, None)
    );
    assert_eq!(place.remove("ideas/a.md", "old"), Outcome::Changed);
    assert_eq!(place.read("ideas/a.md").as_deref(), Some("edited"));
    assert_eq!(place.names("ideas"), ["a.md"]);
}

#[test]
fn a_removed_file_is_in_the_trash_and_empty_folders_go() {
    let place = Place::new();
    fs::create_dir_all(place.folder.place("ideas/a/b")).unwrap();
    place.write("ideas/a/b/c.md", "text");
    place.write("ideas/a/d.md", "text");
    assert_eq!(place.remove("ideas/a/b/c.md", "text"), Outcome::Done(None));
    assert_eq!(place.names("ideas/a"), ["d.md"]);
    assert_eq!(place.remove("ideas/a/d.md", "text"), Outcome::Done(None));
    assert_eq!(place.names("ideas"), [""; 0]);
    assert_eq!(place.kept("trash"), ["text", "text"]);
}

#[test]
fn the_trash_keeps_every_file_of_the_same_name() {
    let place = Place::new();
    for text in ["one", "two", "three"] {
        place.write("ideas/a.md", text);
        assert_eq!(place.remove("ideas/a.md", text), Outcome::Done(None));
    }
    fs::create_dir(place.folder.place("ideas/a.md")).unwrap();
    place.write("ideas/a.md/b.md", "four");
    assert_eq!(place.remove("ideas/a.md/b.md", "four"), Outcome::Done(None));
    assert_eq!(place.kept("trash"), ["four", "one", "three", "two"]);
}

/// Rounds at so many days after now, and what the trash has after the last.
fn trash_after(place: &Place, days: impl IntoIterator<Item = i64>) -> usize {
    for days in days {
        let mut disk = place.disk();
        let time = Duration::from_secs(days.unsigned_abs() * 24 * 60 * 60);
        disk.now = if days < 0 {
            disk.now - time
        } else {
            disk.now + time
        };
        sweep(&disk);
    }
    place.kept("trash").len()
}

fn place_with_trash() -> Place {
    let place = Place::new();
    place.write("ideas/a.md", "text");
    assert_eq!(place.remove("ideas/a.md", "text"), Outcome::Done(None));
    place
}

#[test]
fn the_trash_counts_days_with_rounds() {
    let place = place_with_trash();
    assert_eq!(trash_after(&place, (0..31).flat_map(|day| [day, day])), 1);
    assert_eq!(trash_after(&place, [31]), 0);
}

#[test]
fn a_clock_that_is_wrong_once_empties_no_trash() {
    let ahead = place_with_trash();
    assert_eq!(trash_after(&ahead, [0, 40, 0, 40, 1, 400, 2]), 1);
    let behind = place_with_trash();
    fs::rename(
        behind
            .folder
            .trash()
            .join(crate::dates::day(behind.disk().now)),
        behind.folder.trash().join("1980-01-01"),
    )
    .unwrap();
    assert_eq!(trash_after(&behind, [-40, 0, 1]), 1);
    assert_eq!(trash_after(&behind, 2..32), 0);
}

#[test]
fn a_place_that_is_taken_is_told() {
    let place = Place::new();
    place.write("ideas/file", "text");
    fs::create_dir_all(place.folder.place("ideas/folder.md/with a folder")).unwrap();
    for path in ["ideas/file/a.md", "ideas/folder.md"] {
        let outcome = place.take(path, "new", None, Old::Known);
        assert!(matches!(outcome, Outcome::Blocked(_)), "{path} {outcome:?}");
        assert!(
            obstacle(&place.disk(), "ideas/file/a.md")
                .unwrap()
                .is_some()
        );
    }
    assert_eq!(place.read("ideas/file").as_deref(), Some("text"));
}

#[test]
fn nothing_is_written_outside_of_the_categories() {
    let place = Place::new();
    let outside = place.folder.root.join("outside.md");
    for path in [
        "../outside.md",
        "ideas/../../outside.md",
        "outside.md",
        "other/a.md",
        ".sync/kamisync.key",
        "ideas/.kamisync-1-2-3.tmp",
        outside.to_str().unwrap(),
    ] {
        let outcome = place.take(path, "new", None, Old::Known);
        assert!(matches!(outcome, Outcome::Blocked(_)), "{path} {outcome:?}");
    }
    assert!(!outside.exists());
    assert_eq!(place.names("."), [".sync", "ideas"]);
    assert_eq!(place.names("ideas"), [""; 0]);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let place = Place::new();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), place.folder.place("ideas/link")).unwrap();
    let target = outside.path().join("b.md");
    fs::write(&target, "outside").unwrap();
    std::os::unix::fs::symlink(&target, place.folder.place("ideas/b.md")).unwrap();
    for path in ["ideas/link/a.md", "ideas/b.md"] {
        let outcome = place.take(path, "new", None, Old::Known);
        assert!(matches!(outcome, Outcome::Blocked(_)), "{path} {outcome:?}");
    }
    assert_eq!(outside.path().read_dir().unwrap().count(), 1);
    assert_eq!(fs::read_to_string(target).unwrap(), "outside");
}

#[test]
fn a_disk_that_folds_names_never_writes_one_file_over_another() {
    let place = Place::new();
    let mut disk = place.disk();
    // As such a disk looks: the name is there, and the folder does not list it like this.
    disk.folding = Folding::Folded;
    place.write("ideas/a.md", "a");
    assert!(way::is_listed(&place.folder.place("ideas/a.md")));
    assert!(!way::is_listed(&place.folder.place("ideas/A.md")));
    assert!(is_absent(&disk, "ideas/A.md"));
    assert!(!is_absent(&disk, "ideas/a.md"));
    assert_eq!(obstacle(&disk, "ideas/a.md").unwrap(), None);
}

#[cfg(unix)]
#[test]
fn of_a_category_on_another_disk_it_is_not_known_whether_names_fold() {
    let (place, other) = (Place::new(), tempfile::tempdir_in("/dev/shm"));
    let disk = place.disk();
    assert!(disk.elsewhere.is_empty());
    assert_eq!(disk.may_fold("ideas/a.md"), disk.folding == Folding::Folded);
    let Ok(other) = other else {
        return eprintln!("skipped: there is no second disk");
    };
    std::os::unix::fs::symlink(other.path(), place.folder.place("tasks")).unwrap();
    let device = |path: &std::path::Path| crate::scan::device(&path.metadata().unwrap());
    let is_other = device(other.path()) != device(&place.folder.state_folder());
    let disk = place.disk();
    assert_eq!(disk.may_fold("tasks/a.md"), is_other);
    assert_eq!(disk.may_fold("ideas/a.md"), disk.folding == Folding::Folded);
}

#[test]
fn what_a_killed_round_left_goes_to_the_trash() {
    let place = Place::new();
    place.write("ideas/.kamisync-1-2-3.tmp", "perhaps the only text");
    let scan = Scan::of(&place.folder, Contents::of(&BTreeMap::new()));
    assert!(rescue(&place.disk(), &scan.leftovers).is_empty());
    assert_eq!(place.kept("trash"), ["perhaps the only text"]);
    assert_eq!(place.names("ideas"), [""; 0]);
}

#[test]
fn what_a_killed_round_left_is_in_the_trash_under_the_name_of_its_file() {
    let place = Place::new();
    let long = "é".repeat(120) + " the end.md";
    for name in ["plan.md", "a-1.kept.md", "no extension", &long] {
        let file = place.folder.place(&format!("ideas/{name}"));
        let aside = super::temporary::free_name(&file);
        fs::write(&aside, name).unwrap();
        fs::write(aside.with_extension("kept.tmp"), name).unwrap();
    }
    let scan = Scan::of(&place.folder, Contents::of(&BTreeMap::new()));
    assert_eq!(scan.leftovers.len(), 8);
    assert!(rescue(&place.disk(), &scan.leftovers).is_empty());
    let today = crate::dates::day(place.disk().now);
    let names = place.names(&format!(".sync/trash/{today}/ideas"));
    let (ends, names): (Vec<&String>, Vec<&String>) =
        names.iter().partition(|name| name.contains('é'));
    let expected = [
        "a-1.kept.md",
        "a-1.kept.md (2)",
        "no extension",
        "no extension (2)",
        "plan.md",
        "plan.md (2)",
    ];
    assert_eq!(names, expected);
    assert!(
        ends.iter().any(|name| name.ends_with("é the end.md")),
        "{ends:?}"
    );
    assert_eq!(place.kept("trash").len(), 8);
}

#[test]
fn what_was_kept_is_forgotten_in_time_and_a_late_text_is_not() {
    let place = Place::new();
    for (path, late) in [("ideas/a.md", false), ("ideas/b.md", true)] {
        place.write(path, path);
        let mut open = fs::File::options()
            .append(true)
            .open(place.folder.place(path))
            .unwrap();
        assert!(is_done(&place.take(path, "new", Some(path), Old::Known)));
        if late {
            std::io::Write::write_all(&mut open, b" and a late line").unwrap();
        }
    }
    let mut disk = place.disk();
    sweep(&disk);
    assert_eq!(place.kept("replaced").len(), 2);
    disk.now = SystemTime::now() + Duration::from_secs(60 * 60 + 1);
    sweep(&disk);
    assert_eq!(place.kept("replaced").len(), 0);
    assert_eq!(place.kept("trash"), ["ideas/b.md and a late line"]);
    // What the system or a person puts there is in nobody's way, and stays.
    fs::create_dir(place.folder.trash().join("0 mine")).unwrap();
    fs::create_dir(place.folder.state_folder().join("replaced/folder")).unwrap();
    for file in [".DS_Store", "0 mine/a.md", "2020-01-01"] {
        fs::write(place.folder.trash().join(file), file).unwrap();
    }
    for _ in 0..31 {
        disk.now += Duration::from_secs(24 * 60 * 60);
        sweep(&disk);
    }
    assert_eq!(
        place.kept("trash"),
        [".DS_Store", "0 mine/a.md", "2020-01-01"]
    );
}

/// An editor saves the same file again and again, while texts of the server arrive. What each save replaces
/// is known, so every text is accounted for.
#[test]
fn no_text_is_lost_in_a_race() {
    let place = Place::new();
    let target = place.folder.place("ideas/a.md");
    fs::write(&target, "edit 0").unwrap();
    let is_over = AtomicBool::new(false);
    let (saved, mut seen) = std::thread::scope(|scope| {
        let editor = scope.spawn(|| save_until(&is_over, &target));
        let until = Instant::now() + Duration::from_millis(500);
        while Instant::now() < until {
            let now = fs::read_to_string(&target).unwrap();
            place.take("ideas/a.md", "server", Some(&now), Old::Trash);
        }
        is_over.store(true, Ordering::Relaxed);
        editor.join().unwrap()
    });
    assert!(saved > 10, "the editor had no chance");
    seen.extend(place.kept("trash"));
    seen.extend(place.read("ideas/a.md"));
    for number in 0..=saved {
        let text = format!("edit {number}");
        assert!(seen.contains(&text), "{text} of {saved} is lost");
    }
    assert_eq!(place.names("ideas"), ["a.md"]);
}

/// Returns how often it saved, and every text that its saves replaced.
fn save_until(is_over: &AtomicBool, target: &std::path::Path) -> (usize, Vec<String>) {
    let beside = target.with_extension("editor");
    let mut replaced = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        fs::write(&beside, format!("edit {}", replaced.len() + 1)).unwrap();
        exchange::exchange(&beside, target).unwrap();
        replaced.push(fs::read_to_string(&beside).unwrap());
        fs::remove_file(&beside).unwrap();
        std::thread::sleep(Duration::from_micros(replaced.len() as u64 * 37 % 3000));
    }
    (replaced.len(), replaced)
}
