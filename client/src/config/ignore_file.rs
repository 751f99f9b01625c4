//! `.kamiignore`, and what it said last. When it is away, as between two steps of an editor, in another branch, or on
//! a disk that is not there, what it left out still stays back.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::kamirc::ConfigError;
use crate::private_file;

/// The file with patterns of what is not synced, in `.kamiflow`.
pub(super) const NAME: &str = ".kamiignore";
/// Its last text, in `.kamiflow/.sync`.
const LAST: &str = "kamisync.ignore";
/// What an editor takes to empty a file and write it.
const SAVED: Duration = Duration::from_millis(200);

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
        let last = text_of(&last(kamiflow))?.unwrap_or_default();
        let last = last.strip_suffix('\n').unwrap_or(&last);
        let has_last = !last.trim().is_empty();
        let mut text = text_of(&file)?;
        if has_last && text.as_deref() == Some("") {
            sleep(SAVED);
            text = text_of(&file)?;
        }
        Ok(Self {
            is_gone: has_last && text.is_none(),
            text: text.unwrap_or_else(|| last.to_owned()),
        })
    }

    /// Remembers what it says.
    pub fn remember(&self, kamiflow: &Path) -> io::Result<()> {
        let last = last(kamiflow);
        let before = std::fs::read_to_string(&last).unwrap_or_default();
        if before.strip_suffix('\n').unwrap_or(&before) == self.text {
            Ok(())
        } else {
            private_file::write(&last, &self.text)
        }
    }
}

/// None of a file that is not there. A link to what is not there is no missing file.
fn text_of(file: &Path) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound && !file.is_symlink() => Ok(None),
        text => text
            .map(Some)
            .map_err(|error| ConfigError::Unreadable(file.to_owned(), error)),
    }
}

fn last(kamiflow: &Path) -> PathBuf {
    kamiflow.join(".sync").join(LAST)
}

#[test]
fn a_file_that_an_editor_has_just_emptied_is_read_when_it_is_saved() {
    let kamiflow = tempfile::tempdir().unwrap();
    std::fs::create_dir(kamiflow.path().join(".sync")).unwrap();
    let file = kamiflow.path().join(NAME);
    std::fs::write(&file, "private/").unwrap();
    let read = || IgnoreFile::read(kamiflow.path()).unwrap();
    read().remember(kamiflow.path()).unwrap();
    std::fs::write(&file, "").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(SAVED / 4);
            std::fs::write(&file, "private/\n*.tmp.md").unwrap();
        });
        assert_eq!(read().text, "private/\n*.tmp.md");
    });
    std::fs::write(&file, "").unwrap();
    assert_eq!((read().text.as_str(), read().is_gone), ("", false));
}
