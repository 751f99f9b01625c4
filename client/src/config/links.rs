//! Where categories lead that are links. A link may come with a repository, and a person did not choose what is behind
//! it, so one that was not there when the folder was linked is held back.

use std::collections::BTreeMap;
use std::io;

use super::Folder;
use crate::memory::replace;

/// What the links of a folder are remembered in, in `.kamiflow/.sync`.
pub const FILE: &str = "kamisync.links";

/// Where each category leads that is a link.
pub type Links = BTreeMap<String, String>;

impl Folder {
    /// Takes the links of now for those that a person means.
    pub fn confirm_links(&self) -> io::Result<()> {
        let links = serde_json::to_string(&self.links_now())?;
        replace(&self.memory().join(FILE), &links)
    }

    /// Why a category is held back: it is a link that leads elsewhere than those that a person means.
    pub fn astray(&self, category: &str) -> Option<String> {
        let meant = self.links.as_ref()?;
        let now = self.target(category)?;
        (meant.get(category) != Some(&now)).then(|| {
            format!("it leads to {now}, which is new: run `kamisync link` again if its files are to be synced")
        })
    }

    /// Where a category leads that is a link to something.
    pub fn target(&self, category: &str) -> Option<String> {
        let place = self.place(category);
        let target = place.is_symlink().then(|| place.canonicalize().ok())?;
        target.map(|target| target.display().to_string())
    }

    /// What was confirmed; none in a folder that was linked before it was remembered. A damaged file confirms nothing.
    pub(super) fn confirmed_links(&self) -> Option<Links> {
        let text = std::fs::read(self.memory().join(FILE)).ok()?;
        Some(serde_json::from_slice(&text).unwrap_or_default())
    }

    pub(super) fn links_now(&self) -> Links {
        let categories = self.selection.categories().iter();
        let links = categories.map(|category| Some((category.clone(), self.target(category)?)));
        links.flatten().collect()
    }
}
