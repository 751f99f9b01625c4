//! What `watch` says: what a round changed, and each trouble once, with its end.

use std::path::Path;

use crate::commands::say::{note, say};
use crate::commands::summary;
use crate::report::Report;

/// The voice of one folder.
#[derive(Debug)]
pub struct Voice {
    folder: String,
    trouble: Option<String>,
}

impl Voice {
    /// The folder is named in each line.
    pub fn new(root: &Path) -> Self {
        Self {
            folder: root.display().to_string(),
            trouble: None,
        }
    }

    /// A round went well.
    pub fn well(&mut self, report: &Report) {
        if self.trouble.take().is_some() {
            say(format_args!("{}: It goes on.", self.folder));
        }
        if !report.is_in_step() {
            say(format_args!("{}: {}", self.folder, summary::line(report)));
        }
    }

    /// A round failed.
    pub fn badly(&mut self, error: &anyhow::Error) {
        let sentence = format!("{error:#}");
        if self.trouble.as_ref() != Some(&sentence) {
            note(format_args!("{}: {sentence}", self.folder));
            self.trouble = Some(sentence);
        }
    }

    /// Saves are not noticed.
    pub fn blind(&self, error: &notify::Error) {
        note(format_args!(
            "{}: The system tells nothing of saves ({error}), so they go up with a delay.",
            self.folder
        ));
    }
}
