//! The file that a command writes where it was told to, which must not cost another one.

use std::path::Path;

use anyhow::{Result, bail, ensure};

use super::atomic_file::{AtomicFile, PART};
use crate::cli::TargetArgs;
use crate::config::api_key;
use crate::database::files::with_suffix;
use crate::database::own_files;

/// Creates the file that was asked for.
pub fn create(target: &TargetArgs, database: &Path) -> Result<AtomicFile> {
    let file = &target.file;
    require_other(file, database)?;
    AtomicFile::require_replaceable(file)?;
    ensure!(
        target.force || !file.exists(),
        "{} exists: choose another name, or give --force",
        file.display()
    );
    AtomicFile::create(file, target.force)
}

/// Fails when `file`, or what it is called until it is finished, belongs to the installation of `database`.
pub fn require_other(file: &Path, database: &Path) -> Result<()> {
    let shown = file.display();
    for written in [file, &with_suffix(file, PART)] {
        match own_files::find(database, written) {
            Some(own) if own == database => {
                bail!("{shown} is the database itself: choose another name")
            }
            Some(_) => bail!("{shown} belongs to the database: choose another name"),
            None => {}
        }
        ensure!(
            !own_files::is_same(written, &api_key::file_beside(database)),
            "{shown} is where the server keeps its key: choose another name"
        );
    }
    Ok(())
}
