//! Absence is not deletion: when so much is gone that it may be a mistake, a person has to say that it
//! was meant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Up to so many files may be deleted without a question, whatever their share.
const FEW: usize = 20;

/// What looks like a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// So many of so many files are gone here.
    GoneHere(usize, usize),
    /// So many of so many files were deleted elsewhere.
    GoneThere(usize, usize),
    /// This folder is on another file system than before, and files are missing in it.
    OtherDisk(String),
    /// This folder is not there, and so many files were in it: several, or all that there were.
    NoFolder(String, usize),
}

impl Question {
    /// Whether a file that is gone is one of those that are asked about.
    pub fn is_about(&self, path: &str) -> bool {
        match self {
            Self::GoneHere(..) | Self::GoneThere(..) => true,
            Self::OtherDisk(folder) | Self::NoFolder(folder, _) => {
                let below = path.strip_prefix(folder.as_str());
                below.is_some_and(|below| below.starts_with('/'))
            }
        }
    }
}

/// What a person has said about files that are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: when they are many, a question is asked.
    None,
    /// They were meant to be deleted.
    Delete,
    /// They were not.
    BringBack,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoneHere(gone, all) => {
                write!(f, "{gone} of {all} files are gone from this folder")
            }
            Self::GoneThere(gone, all) => {
                write!(f, "{gone} of {all} files were deleted on other devices")
            }
            Self::OtherDisk(category) => write!(
                f,
                "Files are missing in .kamiflow/{category}, which is on another disk than before"
            ),
            Self::NoFolder(category, 1) => {
                write!(
                    f,
                    "The only file is gone with the folder .kamiflow/{category}"
                )
            }
            Self::NoFolder(category, gone) => {
                write!(
                    f,
                    "{gone} files are gone with the folder .kamiflow/{category}"
                )
            }
        }?;
        f.write_str(
            ": nothing more is deleted until you decide. Sync with --accept-deletions to delete them, or with \
             --bring-back to restore them.",
        )
    }
}

/// Whether so many deletions out of so many files need a word: of several nothing would be left, or more
/// than half and more than a few would go.
pub fn is_much(gone: usize, all: usize) -> bool {
    gone > 1 && gone == all || gone > FEW && gone * 2 > all
}

/// What was deleted on one side within the last hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deletions {
    /// The paths.
    pub paths: BTreeSet<String>,
    /// The most files that there were before.
    pub files: usize,
}

/// What is gone with the deletions of the last hour out of the files that there were, when this is gone of so many files now.
/// Files that came meanwhile take the place of others: who makes and deletes one after the other does not lose them all.
pub fn together(now: &[&str], files: usize, recent: &Deletions) -> (usize, usize) {
    let all = files.max(recent.files);
    let again = now.iter().filter(|path| recent.paths.contains(**path));
    let gone = now.len() + recent.paths.len() - again.count();
    let left = files.saturating_sub(now.len());
    (gone.min(all - left), all)
}

fn category(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

/// The first category that is not there at all and had several of the files that are gone now or lately, or all that
/// there were. Who deletes files leaves the folder.
pub fn no_folder(
    there: &BTreeMap<String, u64>,
    now: &[&str],
    files: usize,
    recent: &Deletions,
) -> Option<Question> {
    let is_gone = |category: &&str| !there.contains_key(*category);
    let gone: BTreeSet<&str> = now
        .iter()
        .map(|path| category(path))
        .filter(is_gone)
        .collect();
    let paths: BTreeSet<&str> = now
        .iter()
        .copied()
        .chain(recent.paths.iter().map(String::as_str))
        .collect();
    let count = |name: &str| paths.iter().filter(|path| category(path) == name).count();
    let mut counts = gone.into_iter().map(|name| (name, count(name)));
    let (name, count) = counts.find(|(_, count)| *count > 1 || *count >= files)?;
    Some(Question::NoFolder(name.to_owned(), count))
}

/// The first folder that is on another file system than before and lacks files: a category that is there, or one below,
/// where a disk is, or was, in its place.
pub fn other_disk<'a>(
    before: &BTreeMap<String, u64>,
    now: &BTreeMap<String, u64>,
    mut gone: impl Iterator<Item = &'a str>,
) -> Option<Question> {
    let moved = |folder: &&str| {
        let (before, now) = (before.get(*folder), now.get(*folder));
        before != now && (folder.contains('/') || before.is_some() && now.is_some())
    };
    let folders = |path: &'a str| path.match_indices('/').map(|(end, _)| &path[..end]);
    let folder = gone.find_map(|path| folders(path).find(moved))?;
    Some(Question::OtherDisk(folder.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_and_more_than_a_few_or_everything_is_much() {
        for (gone, all, much) in [
            (0, 0, false),
            (0, 100, false),
            (1, 1, false),
            (2, 2, true),
            (1, 2, false),
            (20, 21, false),
            (21, 22, true),
            (21, 42, false),
            (21, 41, true),
            (100, 1000, false),
        ] {
            assert_eq!(is_much(gone, all), much, "{gone} of {all}");
        }
    }

    #[test]
    fn another_disk_matters_where_files_are_missing() {
        let disks =
            |ideas: u64| BTreeMap::from([("ideas".to_owned(), ideas), ("tasks".to_owned(), 1)]);
        let ask =
            |now: u64, gone: &[&str]| other_disk(&disks(1), &disks(now), gone.iter().copied());
        assert_eq!(ask(1, &["ideas/a.md"]), None);
        assert_eq!(ask(2, &["tasks/a.md"]), None);
        let question = ask(2, &["tasks/a.md", "ideas/a.md"]);
        assert_eq!(question, Some(Question::OtherDisk("ideas".to_owned())));
    }

    #[test]
    fn a_disk_that_came_or_went_below_a_category_matters_where_files_are_missing() {
        let without = BTreeMap::from([("ideas".to_owned(), 1)]);
        let with = BTreeMap::from([("ideas".to_owned(), 1), ("ideas/a".to_owned(), 2)]);
        let of_disk = Some(Question::OtherDisk("ideas/a".to_owned()));
        let ask = |before, now, path| other_disk(before, now, [path].into_iter());
        for (before, now) in [(&with, &without), (&without, &with)] {
            assert_eq!(ask(before, now, "ideas/a/b/c.md"), of_disk);
            assert_eq!(ask(before, now, "ideas/ab/c.md"), None);
            assert_eq!(ask(before, now, "ideas/a"), None);
        }
        assert_eq!(ask(&with, &with, "ideas/a/b/c.md"), None);
    }

    #[test]
    fn a_folder_that_is_not_there_matters_when_it_had_several_files() {
        let now = BTreeMap::from([("ideas".to_owned(), 1)]);
        let recent = Deletions {
            paths: BTreeSet::from(["tasks/before.md".to_owned(), "archive/a.md".to_owned()]),
            files: 10,
        };
        let ask = |gone: &[&str], files| no_folder(&now, gone, files, &Deletions::default());
        assert_eq!(ask(&["ideas/a.md", "ideas/b.md", "tasks/a.md"], 10), None);
        let of_tasks = |count| Some(Question::NoFolder("tasks".to_owned(), count));
        let question = ask(&["ideas/a.md", "tasks/a.md", "tasks/b/c.md"], 10);
        assert_eq!(question, of_tasks(2));
        assert_eq!(ask(&["tasks/a.md"], 1), of_tasks(1));
        assert_eq!(ask(&["ideas/a.md"], 1), None);
        assert_eq!(no_folder(&now, &["tasks/a.md"], 10, &recent), of_tasks(2));
        assert_eq!(no_folder(&now, &["ideas/a.md"], 10, &recent), None);
    }

    #[test]
    fn portions_add_up_and_files_that_come_and_go_do_not() {
        let names: Vec<String> = (0..100)
            .map(|number| format!("ideas/{number}.md"))
            .collect();
        let recent = |gone: &[String], files| Deletions {
            paths: gone.iter().cloned().collect(),
            files,
        };
        let sum = |now: &[String], files, recent| {
            let now: Vec<&str> = now.iter().map(String::as_str).collect();
            together(&now, files, &recent)
        };
        assert_eq!(sum(&names[..3], 40, Deletions::default()), (3, 40));
        // 25 of 40 in two portions, also when the first did not go up and is gone still.
        assert_eq!(sum(&names[20..25], 20, recent(&names[..20], 40)), (25, 40));
        assert_eq!(sum(&names[..25], 40, recent(&names[..20], 40)), (25, 40));
        // Of 30 files, 50 were made and deleted one after the other.
        assert_eq!(sum(&names[50..51], 31, recent(&names[..50], 31)), (1, 31));
    }
}
