//! A folder that is synced: where its parts are, and what its settings say.
//!
//! * `kamirc` — `.kamirc.json`, which the KamiFlow CLI reads and writes too
//! * `selection`, `include`, `patterns` — which paths are synced

mod include;
mod kamirc;
mod patterns;
mod selection;

pub use kamirc::{ConfigError, Kamirc};
pub use selection::Selection;

use std::path::{Path, PathBuf};

/// A folder with a `.kamiflow` in it.
#[derive(Debug)]
pub struct Folder {
    /// The folder that has `.kamirc.json` and `.kamiflow`.
    pub root: PathBuf,
    /// What `.kamirc.json` says.
    pub settings: Kamirc,
    /// Which paths are synced.
    pub selection: Selection,
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
        })
    }

    /// The folder that paths are relative to.
    pub fn kamiflow(&self) -> PathBuf {
        self.root.join(".kamiflow")
    }

    /// The folder with what the programs remember; it is never synced.
    pub fn memory(&self) -> PathBuf {
        self.kamiflow().join(".sync")
    }

    /// The database of what was synced.
    pub fn database(&self) -> PathBuf {
        self.memory().join("kamisync.db")
    }

    /// Where removed files are kept for 30 days.
    pub fn trash(&self) -> PathBuf {
        self.memory().join("trash")
    }

    /// Where a path of the wire is on the disk.
    pub fn place(&self, path: &str) -> PathBuf {
        let kamiflow = self.kamiflow();
        path.split('/')
            .fold(kamiflow, |place, segment| place.join(segment))
    }
}
