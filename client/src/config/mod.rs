//! A folder that is synced: where its parts are, and what its settings say.
//!
//! * `kamirc` — `.kamirc.json`, which the KamiFlow CLI reads and writes too
//! * `selection`, `include`, `ignore_file`, `patterns` — which paths are synced
//! * `links` — where folders lead that are links

mod ignore_file;
mod include;
mod kamirc;
mod links;
mod patterns;
mod selection;

pub use kamirc::{ConfigError, Kamirc};
pub use links::FILE as LINKS;
pub use selection::Selection;

use std::io;
use std::path::{Path, PathBuf};

use links::Links;

/// A folder with a `.kamiflow` in it.
#[derive(Debug)]
pub struct Folder {
    /// The folder that has `.kamirc.json` and `.kamiflow`.
    pub root: PathBuf,
    /// What `.kamirc.json` says.
    pub settings: Kamirc,
    /// Which paths are synced.
    pub selection: Selection,
    /// Where links lead that a person means; none where that is not known yet.
    links: Option<Links>,
}

impl Folder {
    /// Reads the settings of a folder; one without `.kamirc.json` has the defaults.
    pub fn open(root: &Path) -> Result<Self, ConfigError> {
        let settings = Kamirc::read(root)?;
        let kamiflow = root.join(".kamiflow");
        let selection = Selection::new(&kamiflow, &settings.categories, &settings.include)?;
        Ok(Self {
            root: root.to_owned(),
            settings,
            selection,
            links: Links::confirmed(&kamiflow)?,
        })
    }

    /// Remembers what must not change by itself, before a round: the patterns of `.kamiignore`, and where links lead.
    pub fn remember(&mut self) -> io::Result<()> {
        self.selection.remember(&self.kamiflow())?;
        if self.links.is_none() {
            self.links = Some(self.confirmed_links()?);
        }
        Ok(())
    }

    /// Takes the links of now for those that a person means.
    pub fn confirm_links(&self) -> io::Result<()> {
        self.confirmed_links().map(drop)
    }

    fn confirmed_links(&self) -> io::Result<Links> {
        Links::confirm(&self.kamiflow(), self.selection.categories())
    }

    /// Why a category is held back: it is a link that leads elsewhere than those that a person means.
    pub fn astray(&self, category: &str) -> Option<String> {
        let links = self.links.as_ref()?;
        links.astray(category, &self.place(category))
    }

    /// Where a category leads that is a link to something.
    pub fn target(&self, category: &str) -> Option<String> {
        links::target(&self.place(category))
    }

    /// The folder that paths are relative to.
    pub fn kamiflow(&self) -> PathBuf {
        self.root.join(".kamiflow")
    }

    /// The folder with what the programs remember; it is never synced.
    pub fn state_folder(&self) -> PathBuf {
        self.kamiflow().join(".sync")
    }

    /// The database of what was synced.
    pub fn database(&self) -> PathBuf {
        self.state_folder().join("kamisync.db")
    }

    /// Where removed files are kept for 30 days.
    pub fn trash(&self) -> PathBuf {
        self.state_folder().join("trash")
    }

    /// Where a path of the wire is on the disk.
    pub fn place(&self, path: &str) -> PathBuf {
        let kamiflow = self.kamiflow();
        path.split('/')
            .fold(kamiflow, |place, segment| place.join(segment))
    }
}

#[test]
fn links_that_cannot_be_read_are_not_confirmed_again() {
    let root = tempfile::tempdir().unwrap();
    let links = root.path().join(".kamiflow/.sync").join(LINKS);
    // Unreadable also for root, whom no permission stops.
    std::fs::create_dir_all(&links).unwrap();
    let refusal = Folder::open(root.path()).unwrap_err().to_string();
    assert!(refusal.contains(LINKS), "{refusal}");
    std::fs::remove_dir(&links).unwrap();
    Folder::open(root.path()).unwrap().remember().unwrap();
    assert!(links.is_file());
}
