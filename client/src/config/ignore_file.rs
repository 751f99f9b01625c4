//! `.kamiignore`, and what it said last. When it is away, as between two steps of an editor, in another branch, or on
//! a disk that is not there, what it left out still stays back.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::kamirc::ConfigError;
use crate::private_file;

/// The file with patterns of what is not synced, in `.kamiflow`.
pub(super) const NAME: &str = ".kamiignore";
/// Its last text, in `.kamiflow/.sync`.
const LAST: &str = "kamisync.ignore";

/// What it says, or said last.
#[derive(Debug, Default)]
pub(super) struct IgnoreFile {
    pub text: String,
    /// Whether it had something to say and is gone.
    pub is_gone: bool,
}

impl IgnoreFile {
    pub fn read(kamiflow: &Path) -> Result<Self, ConfigError> {
        let file = kamiflow.join(NAME);
        let read = |file: &Path| match std::fs::read_to_string(file) {
            // A link to what is not there is no missing file.
            Err(error) if error.kind() == ErrorKind::NotFound && !file.is_symlink() => Ok(None),
            text => text
                .map(Some)
                .map_err(|error| ConfigError::Unreadable(file.to_owned(), error)),
        };
        if let Some(text) = read(&file)? {
            return Ok(Self {
                text,
                is_gone: false,
            });
        }
        let text = read(&last(kamiflow))?.unwrap_or_default();
        let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        let is_gone = !text.trim().is_empty();
        Ok(Self { text, is_gone })
    }

    /// Remembers what it says.
    pub fn remember(&self, kamiflow: &Path) -> io::Result<()> {
        let last = last(kamiflow);
        let before = std::fs::read_to_string(&last).unwrap_or_default();
        match before.strip_suffix('\n').unwrap_or(&before) == self.text {
            true => Ok(()),
            false => private_file::write(&last, &self.text),
        }
    }
}

fn last(kamiflow: &Path) -> PathBuf {
    kamiflow.join(".sync").join(LAST)
}
