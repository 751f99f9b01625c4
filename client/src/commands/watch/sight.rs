//! What a folder looks like from outside: which one it is, and how it is linked and set up.

use std::fs;
use std::path::Path;

use crate::commands::key;
use crate::config;

/// Another sight means that the folder has to be opened again.
#[derive(Debug, PartialEq, Eq)]
pub struct Sight {
    identity: String,
    settings: Vec<Option<Vec<u8>>>,
}

impl Sight {
    /// None when there is no `.kamiflow` in this folder.
    pub fn of(root: &Path) -> Option<Self> {
        let kamiflow = root.join(".kamiflow");
        let metadata = fs::metadata(&kamiflow).ok()?;
        let files = [
            root.join(".kamirc.json"),
            kamiflow.join(".kamiignore"),
            kamiflow.join(".sync").join(key::FILE),
            kamiflow.join(".sync").join(config::LINKS),
        ];
        Some(Self {
            identity: identity(&metadata),
            settings: files.iter().map(|file| fs::read(file).ok()).collect(),
        })
    }
}

/// What tells a folder from another one that takes its place.
#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;

    format!("{}-{}", metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(metadata: &fs::Metadata) -> String {
    format!("{:?}", metadata.created().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_folder_other_settings_and_another_key_look_different() {
        let root = tempfile::tempdir().unwrap();
        let kamiflow = root.path().join(".kamiflow");
        let sight = || Sight::of(root.path());
        assert_eq!(sight(), None);
        fs::create_dir_all(kamiflow.join(".sync")).unwrap();
        let mut before = sight();
        let mut is_other = || {
            let after = sight();
            let is_other = after.is_some() && after != before;
            before = after;
            is_other
        };
        fs::write(kamiflow.join("a.md"), "a").unwrap();
        assert!(!is_other());
        for file in [
            ".kamirc.json",
            ".kamiflow/.kamiignore",
            ".kamiflow/.sync/kamisync.key",
        ] {
            fs::write(root.path().join(file), "x").unwrap();
            assert!(is_other(), "{file}");
        }
        fs::rename(&kamiflow, root.path().join("old")).unwrap();
        fs::create_dir(&kamiflow).unwrap();
        assert!(is_other());
    }
}
