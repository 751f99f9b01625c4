//! Which files are synced although they are no `*.md`: those that `sync.include` names.

use ignore::Match;
use ignore::gitignore::Gitignore;

use super::kamirc::ConfigError;
use super::patterns::{is_comment, patterns, refusal, verdict};
use crate::conflict::CopyName;

const ORIGIN: &str = "sync.include";

/// The patterns of `sync.include`.
#[derive(Debug)]
pub(super) struct Include {
    patterns: Gitignore,
    lines: Vec<String>,
}

impl Include {
    pub fn new(lines: &[String]) -> Result<Self, ConfigError> {
        if let Some(idle) = lines.iter().find(|line| is_comment(line)) {
            return Err(refusal(ORIGIN, idle));
        }
        Ok(Self {
            patterns: patterns(ORIGIN, lines.iter().map(String::as_str))?,
            lines: lines.to_vec(),
        })
    }

    /// Whether a pattern names this file, or a folder above it, or the file that it is a conflict copy of.
    pub fn has(&self, path: &str) -> bool {
        let named = |path: &str| verdict(&self.patterns, path, false);
        match named(path) {
            Match::None => {
                CopyName::of(path).is_some_and(|copy| named(copy.original()).is_ignore())
            }
            named => named.is_ignore(),
        }
    }

    /// The patterns that none of these files matches, but for those that leave files out.
    pub fn idle<'a>(&'a self, paths: &'a [String]) -> impl Iterator<Item = &'a str> {
        let included = self.lines.iter().map(String::as_str);
        included.filter(|line| {
            let pattern =
                patterns(ORIGIN, [*line].into_iter()).unwrap_or_else(|_| Gitignore::empty());
            let matches = |path: &String| !verdict(&pattern, path, false).is_none();
            !line.starts_with('!') && !paths.iter().any(matches)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_can_match_nothing_is_refused() {
        let refusal = |pattern: &str| {
            let include = Include::new(&[pattern.to_owned()]);
            include.err().map(|error| error.to_string())
        };
        for idle in [
            "",
            " ",
            "/",
            "!",
            "#notes.txt",
            "./ideas/*.png",
            "ideas/../a.png",
            "ideas//a.png",
            ".kamiflow/ideas/*.png",
            "/.kamiflow/ideas/",
            r"ideas\img\*.png",
        ] {
            let refusal = refusal(idle).unwrap_or_else(|| panic!("{idle} is taken"));
            assert!(
                refusal.contains(idle) && refusal.contains("sync.include"),
                "{refusal}"
            );
        }
        for sound in [
            "*",
            "**",
            "img/",
            "/ideas/",
            "ideas/**/a.png",
            ".hidden",
            r"\#a.png",
            "tasks/*.png",
            "!a.png",
        ] {
            assert_eq!(refusal(sound), None, "{sound}");
        }
    }

    #[test]
    fn patterns_that_no_file_matches_are_known() {
        let patterns = ["*.png", "img/", "/a.txt", "!b.txt"].map(str::to_owned);
        let include = Include::new(&patterns).unwrap();
        let idle = |files: &[&str]| -> Vec<String> {
            let files: Vec<String> = files.iter().map(|path| (*path).to_owned()).collect();
            include.idle(&files).map(str::to_owned).collect()
        };
        assert_eq!(idle(&["ideas/a.md"]), ["*.png", "img/", "/a.txt"]);
        assert_eq!(idle(&["ideas/img/a.png"]), ["/a.txt"]);
    }
}
