//! What `watch` says: what a round changed, and each trouble once, with its end.

use std::collections::BTreeMap;
use std::path::Path;

use crate::commands::say::{note, say, sentence};
use crate::commands::summary;
use crate::error::SyncError;
use crate::report::{Left, Report};

/// So many skipped files are named; of more, only the number is reported.
const LISTED: usize = 20;

/// The voice of one folder.
#[derive(Debug)]
pub struct Voice {
    folder: String,
    trouble: Option<String>,
    /// Paths that could not be synced, each with the reason.
    left: BTreeMap<String, String>,
}

impl Voice {
    /// The folder is named in each line.
    pub fn new(root: &Path) -> Self {
        Self {
            folder: root.display().to_string(),
            trouble: None,
            left: BTreeMap::new(),
        }
    }

    /// A round went well.
    pub fn well(&mut self, report: &Report) {
        if self.trouble.take().is_some() {
            say(format_args!("{}: Syncing again.", self.folder));
        }
        self.changed(report);
        for news in self.news_of(&report.left) {
            note(format_args!("{}: {news}", self.folder));
        }
    }

    fn changed(&self, report: &Report) {
        if !report.is_in_step() {
            say(format_args!("{}: {}", self.folder, summary::line(report)));
        }
    }

    /// What is skipped now and was not, or for another reason.
    fn news_of(&mut self, left: &[Left]) -> Vec<String> {
        let is_new = |left: &&Left| self.left.get(&left.path) != Some(&left.reason);
        let news: Vec<&Left> = left.iter().filter(is_new).collect();
        let listed = news.iter().take(LISTED);
        let mut lines: Vec<String> = listed
            .map(|left| {
                format!(
                    "{} is skipped: {}.",
                    left.path,
                    left.reason.trim_end_matches('.')
                )
            })
            .collect();
        if news.len() > LISTED {
            lines.push(format!("{} more files are skipped.", news.len() - LISTED));
        }
        let left = left.iter().cloned();
        self.left = left.map(|left| (left.path, left.reason)).collect();
        lines
    }

    /// A round failed.
    pub fn badly(&mut self, error: &anyhow::Error) {
        if let Some(SyncError::Question(_, report)) = error.downcast_ref() {
            self.changed(report);
        }
        let sentence = sentence(error);
        if self.trouble.as_ref() != Some(&sentence) {
            note(format_args!("{}: {sentence}", self.folder));
            self.trouble = Some(sentence);
        }
    }

    /// Saves are not noticed.
    pub fn blind(&self, error: &notify::Error) {
        note(format_args!(
            "{}: Cannot watch this folder for changes ({error}), so it is scanned every 10 seconds instead.",
            self.folder
        ));
    }
}

#[test]
fn what_is_left_is_told_once_and_again_for_another_reason() {
    let mut voice = Voice::new(Path::new("notes"));
    let left = |path: &str, reason: &str| Left {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let large = [left("a.md", "it is too large")];
    assert_eq!(voice.news_of(&large), ["a.md is skipped: it is too large."]);
    assert!(voice.news_of(&large).is_empty());
    let closed = [large[0].clone(), left("b.md", "it cannot be read")];
    assert_eq!(
        voice.news_of(&closed),
        ["b.md is skipped: it cannot be read."]
    );
    assert!(voice.news_of(&[]).is_empty());
    assert_eq!(voice.news_of(&large).len(), 1);
    let many: Vec<Left> = (0..30)
        .map(|number| left(&format!("{number}"), "no"))
        .collect();
    let lines = voice.news_of(&many);
    assert_eq!(
        (lines.len(), &*lines[LISTED]),
        (LISTED + 1, "10 more files are skipped.")
    );
}
