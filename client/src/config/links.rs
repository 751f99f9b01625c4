//! Where categories lead that are links. A link may come with a repository, and a person did not choose what is behind
//! it, so one that was not there when the folder was linked is held back.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::kamirc::ConfigError;
use crate::private_file;

/// What the links of a folder are remembered in, in `.kamiflow/.sync`.
pub const FILE: &str = "kamisync.links";

/// Where each category leads that is a link, and that a person means.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<String, String>);

impl Links {
    /// What was confirmed; none in a folder that was linked before it was remembered. A damaged file confirms nothing, and
    /// one that cannot be read is no missing one, after which the links of now would be confirmed.
    pub fn confirmed(kamiflow: &Path) -> Result<Option<Self>, ConfigError> {
        let file = file(kamiflow);
        match std::fs::read(&file) {
            Ok(text) => Ok(Some(Self(
                serde_json::from_slice(&text).unwrap_or_default(),
            ))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ConfigError::Unreadable(file, error)),
        }
    }

    /// Confirms those of now.
    pub fn confirm(kamiflow: &Path, categories: &[String]) -> io::Result<Self> {
        let target = |name: &String| Some((name.clone(), target(&kamiflow.join(name))?));
        let links = Self(categories.iter().filter_map(target).collect());
        private_file::write(&file(kamiflow), &serde_json::to_string(&links.0)?)?;
        Ok(links)
    }

    /// Why a category is held back whose folder is here: it is a link, and leads elsewhere than a person means.
    pub fn astray(&self, category: &str, place: &Path) -> Option<String> {
        let now = target(place)?;
        (self.0.get(category) != Some(&now)).then(|| {
            format!("it leads to {now}, which is new: run `kamisync link` again if its files are to be synced")
        })
    }
}

/// Where a place leads that is a link to something.
pub(super) fn target(place: &Path) -> Option<String> {
    let target = place.is_symlink().then(|| place.canonicalize().ok())?;
    target.map(|target| target.display().to_string())
}

fn file(kamiflow: &Path) -> PathBuf {
    kamiflow.join(".sync").join(FILE)
}
