//! Which paths are synced: those of the CLI, `*.md` in some folders, and what `include` and
//! `.kamiflow/.kamiignore` add and leave out.

use std::io;
use std::path::Path;

use ignore::gitignore::Gitignore;

use super::ignore_file::{IgnoreFile, NAME as IGNORE};
use super::include::Include;
use super::kamirc::ConfigError;
use super::patterns::{is_elsewhere, patterns, verdict};
use crate::names;

/// Raised when the same settings select other paths than before.
const MEANING: u32 = 3;

/// The paths that are synced.
#[derive(Debug)]
pub struct Selection {
    categories: Vec<String>,
    include: Include,
    ignore: Gitignore,
    file: IgnoreFile,
    fingerprint: String,
}

impl Selection {
    /// Reads `.kamiignore` of this folder.
    pub fn new(
        kamiflow: &Path,
        categories: &[String],
        include: &[String],
    ) -> Result<Self, ConfigError> {
        let file = IgnoreFile::read(kamiflow)?;
        let selection = Self::of(categories, include, &file.text)?;
        Ok(Self { file, ..selection })
    }

    /// Remembers the patterns of `.kamiignore` for when it is gone.
    pub(super) fn remember(&self, kamiflow: &Path) -> io::Result<()> {
        self.file.remember(kamiflow)
    }

    /// `.kamiignore` where it is gone and its last patterns hold, with what to do.
    pub fn gone(&self) -> Option<(&'static str, &'static str)> {
        let reason = "it is gone, and its last patterns hold: bring it back, or leave it there empty to end them";
        self.file.is_gone.then_some((IGNORE, reason))
    }

    /// The selection of these patterns.
    pub fn of(
        categories: &[String],
        include: &[String],
        ignore: &str,
    ) -> Result<Self, ConfigError> {
        if let Some(bad) = categories.iter().find(|name| !is_category(name)) {
            let sentence =
                format!("sync.categories cannot have '{bad}': name folders of .kamiflow.");
            return Err(ConfigError::Unusable(sentence));
        }
        Ok(Self {
            categories: categories.to_vec(),
            include: Include::new(include)?,
            ignore: patterns(IGNORE, without_mark(ignore).lines())?,
            file: IgnoreFile {
                text: ignore.to_owned(),
                is_gone: false,
            },
            fingerprint: format!("{MEANING} {categories:?} {include:?} {ignore:?}"),
        })
    }

    /// The folders of `.kamiflow` that are synced.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The patterns of `include` that none of these files matches.
    pub fn idle<'a>(&'a self, paths: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.include.idle(paths)
    }

    /// Patterns of `.kamiignore` below folders that are not synced, which leave nothing out.
    pub fn idle_ignores(&self) -> impl Iterator<Item = &str> {
        let lines = without_mark(&self.file.text).lines();
        lines.filter(|line| is_elsewhere(line, &self.categories))
    }

    /// What changes when other paths are selected.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether a file with this path is synced. No path outside of the categories is, whatever a server
    /// sends.
    pub fn has_file(&self, path: &str) -> bool {
        names::is_sound(path) && self.wants(path)
    }

    /// Whether a file with this path would be synced if its name were one that servers take.
    pub fn wants(&self, path: &str) -> bool {
        let category = path.split_once('/').map(|(category, _)| category);
        category.is_some_and(|name| self.categories.iter().any(|category| category == name))
            && (path.ends_with(".md") || self.include.has(path))
            && !self.is_ignored(path, false)
    }

    /// Whether there may be files to sync below this folder.
    pub fn may_have_files(&self, folder: &str) -> bool {
        !self.is_ignored(folder, true)
    }

    fn is_ignored(&self, path: &str, is_folder: bool) -> bool {
        // A path that begins with a slash cannot be matched, and is not sound.
        path.starts_with('/') || verdict(&self.ignore, path, is_folder).is_ignore()
    }
}

fn is_category(name: &str) -> bool {
    !name.contains('/') && names::is_sound(name)
}

/// Some editors begin a file with a mark of its encoding. As for git, it is no part of the first pattern.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(include: &[&str], ignore: &str) -> Selection {
        let categories = ["ideas", "tasks"].map(str::to_owned);
        let include: Vec<String> = include.iter().map(|text| (*text).to_owned()).collect();
        Selection::of(&categories, &include, ignore).unwrap()
    }

    #[test]
    fn markdown_in_the_categories_is_synced() {
        let selection = selection(&[], "");
        for path in ["ideas/a.md", "tasks/b/c d.md", "ideas/.hidden/é.md"] {
            assert!(selection.has_file(path), "{path}");
        }
        for path in ["a.md", "archive/a.md", "ideas/a.txt", ".sync/a.md", "ideas"] {
            assert!(!selection.has_file(path), "{path}");
        }
    }

    #[test]
    fn no_path_leads_out_of_the_categories() {
        let selection = selection(&["*"], "");
        for path in [
            "ideas/../../a.md",
            "/ideas/a.md",
            "ideas//a.md",
            "ideas/./a.md",
            "ideas\\a.md",
            "ideas/a\n.md",
            "C:/a.md",
            "../ideas/a.md",
            "ideas/.kamisync-1.tmp",
        ] {
            assert!(!selection.has_file(path), "{path}");
        }
    }

    #[test]
    fn patterns_add_and_leave_out() {
        let selection = selection(&["*.txt", "/ideas/img/*.png"], "private/\nideas/*.tmp.md\n");
        for path in ["tasks/a.txt", "ideas/img/a.png", "ideas/a.md"] {
            assert!(selection.has_file(path), "{path}");
        }
        for path in ["ideas/private/a.md", "ideas/x.tmp.md", "tasks/img/a.png"] {
            assert!(!selection.has_file(path), "{path}");
        }
        assert!(!selection.may_have_files("ideas/private"));
        assert!(selection.may_have_files("ideas/other"));
    }

    #[test]
    fn a_pattern_of_a_folder_is_for_all_files_in_it() {
        let selection = selection(&["img/", "/ideas/scans", "!*.tmp"], "");
        for path in [
            "ideas/img/a.png",
            "tasks/x/img/y/a.png",
            "ideas/scans/a.pdf",
        ] {
            assert!(selection.has_file(path), "{path}");
        }
        for path in [
            "ideas/img.png",
            "tasks/scans/a.pdf",
            "ideas/img/a.tmp",
            "/ideas/img/a.png",
        ] {
            assert!(!selection.has_file(path), "{path}");
        }
    }

    #[test]
    fn a_conflict_copy_is_synced_like_its_file() {
        let copy = |file: &str| crate::conflict::copy_path(file, "laptop", 0, 1);
        let selection = selection(&["ideas/plan.txt", "*.png", "!*conflict*.png"], "no*.md\n");
        assert!(selection.has_file(&copy("ideas/plan.txt")));
        for file in [
            "ideas/a.png",
            "ideas/no.md",
            "ideas/other.txt",
            "tasks/plan.txt",
        ] {
            assert!(!selection.has_file(&copy(file)), "{file}");
        }
    }

    #[test]
    fn a_category_is_one_folder() {
        for bad in ["../x", "a/b", "", ".sync", "/"] {
            assert!(Selection::of(&[bad.to_owned()], &[], "").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_that_would_leave_nothing_out_is_refused() {
        let refusal = |ignore: &str| {
            let selection = Selection::of(&["ideas".to_owned()], &[], ignore);
            selection.err().map(|error| error.to_string())
        };
        for idle in [
            ".kamiflow/ideas/private/",
            "./ideas/private",
            r"ideas\private\",
            "!/.kamiflow/a.md",
            "/home/me/notes/.kamiflow/ideas/private/",
            "~/notes/private/",
            "C:/notes/private/",
        ] {
            let refusal = refusal(&format!("fine\n{idle}\n")).unwrap_or_default();
            assert!(
                refusal.contains(idle) && refusal.contains(IGNORE),
                "{idle} {refusal}"
            );
        }
        let fine = "# a comment, such as ./a\n\n  \nprivate/\n.obsidian/workspace.json\n\\#a.md\n";
        assert_eq!(refusal(fine), None);
    }

    #[test]
    fn a_pattern_holds_however_an_accent_is_written() {
        let (composed, decomposed) = ("priv\u{e9}", "prive\u{301}");
        for (pattern, folder) in [(composed, decomposed), (decomposed, composed)] {
            let selection = selection(&[&format!("{pattern}.txt")], &format!("{pattern}/\n"));
            assert!(
                !selection.has_file(&format!("ideas/{folder}/a.md")),
                "{pattern}"
            );
            assert!(
                !selection.may_have_files(&format!("ideas/{folder}")),
                "{pattern}"
            );
            assert!(
                selection.has_file(&format!("ideas/{folder}.txt")),
                "{pattern}"
            );
        }
    }

    #[test]
    fn patterns_below_folders_that_are_not_synced_are_known() {
        let selection = selection(
            &[],
            "# notes/a\nprivate/\n/Ideas/b/\nideas/c\n*/d\n!x/e\nnotes/f.md\n/g\n",
        );
        let idle: Vec<&str> = selection.idle_ignores().collect();
        assert_eq!(idle, ["/Ideas/b/", "notes/f.md", "/g"]);
    }

    #[test]
    fn the_first_pattern_holds_behind_the_mark_that_some_editors_write() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(IGNORE), "\u{feff}private/\n*.tmp.md\n").unwrap();
        let selection = Selection::new(folder.path(), &["ideas".to_owned()], &[]).unwrap();
        for path in ["ideas/private/a.md", "ideas/x.tmp.md"] {
            assert!(!selection.has_file(path), "{path}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_used_is_blamed_on_its_file() {
        let bad = |include: &[String], ignore: &str| {
            let selection = Selection::of(&["ideas".to_owned()], include, ignore);
            selection.unwrap_err().to_string()
        };
        let (include, ignore) = (bad(&["[z-a]".to_owned()], ""), bad(&[], "fine\n[z-a]"));
        assert!(include.contains("sync.include"), "{include}");
        assert!(!include.contains(IGNORE), "{include}");
        assert!(ignore.contains(IGNORE), "{ignore}");
    }
}
