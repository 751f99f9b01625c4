//! What an examination counts and finds.

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use crate::commands::counted::counted;
use crate::commands::printable::printable;
use crate::commands::progress;

/// What a database holds in total.
#[derive(Debug, Default)]
pub struct Totals {
    pub projects: u64,
    pub files: u64,
    pub versions: u64,
    pub bytes: u64,
}

#[derive(Debug, Default)]
pub struct Examination {
    pub totals: Totals,
    /// One line for each damage.
    pub findings: Vec<String>,
}

impl Examination {
    pub fn add(&mut self, finding: String) {
        self.findings.push(printable(&finding));
    }

    /// Fails with the first finding, for a file that is examined to be used.
    pub fn require_sound(&self, file: &Path) -> Result<()> {
        match self.findings.as_slice() {
            [] => Ok(()),
            [first, ..] => bail!("{} is damaged: {first}", file.display()),
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let projects = counted(self.projects, "project");
        let files = counted(self.files, "file");
        let versions = counted(self.versions, "version");
        let bytes = progress::bytes(self.bytes);
        write!(f, "{projects}, {files}, {versions}, {bytes} of content")
    }
}
