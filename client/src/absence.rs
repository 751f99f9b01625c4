//! Absence is not deletion: when so much is gone that it may be a mistake, a person has to say that it
//! was meant.

use std::collections::BTreeMap;
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
    /// This folder is not there, and so many files were in it.
    NoFolder(String, usize),
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
            Self::NoFolder(category, gone) => {
                write!(
                    f,
                    "{gone} files are gone with the folder .kamiflow/{category}"
                )
            }
        }?;
        f.write_str(": nothing was changed; if they were meant to be deleted, sync with --accept-deletions.")
    }
}

/// Whether so many deletions out of so many files need a word: of several nothing would be left, or more
/// than half and more than a few would go.
pub fn is_much(gone: usize, all: usize) -> bool {
    gone > 1 && gone == all || gone > FEW && gone * 2 > all
}

fn category(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

/// The first category that is not there at all and had several files. Who deletes files leaves the folder.
pub fn no_folder<'a>(
    now: &BTreeMap<String, u64>,
    gone: impl Iterator<Item = &'a str>,
) -> Option<Question> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for category in gone.map(category).filter(|name| !now.contains_key(*name)) {
        *counts.entry(category).or_default() += 1;
    }
    let several = counts.into_iter().find(|(_, count)| *count > 1);
    several.map(|(category, count)| Question::NoFolder(category.to_owned(), count))
}

/// The first category that is on another file system than before and lacks files.
pub fn other_disk<'a>(
    before: &BTreeMap<String, u64>,
    now: &BTreeMap<String, u64>,
    mut gone: impl Iterator<Item = &'a str>,
) -> Option<Question> {
    let moved = |category: &str| {
        let (before, now) = (before.get(category), now.get(category));
        before.is_some() && now.is_some() && before != now
    };
    let path = gone.find(|path| moved(category(path)))?;
    Some(Question::OtherDisk(category(path).to_owned()))
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
    fn a_folder_that_is_not_there_matters_when_it_had_several_files() {
        let now = BTreeMap::from([("ideas".to_owned(), 1)]);
        let ask = |gone: &[&str]| no_folder(&now, gone.iter().copied());
        assert_eq!(ask(&["ideas/a.md", "ideas/b.md", "tasks/a.md"]), None);
        let question = ask(&["ideas/a.md", "tasks/a.md", "tasks/b/c.md"]);
        assert_eq!(question, Some(Question::NoFolder("tasks".to_owned(), 2)));
    }
}
