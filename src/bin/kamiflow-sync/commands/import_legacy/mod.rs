//! `import-legacy`: takes over all projects of the original server's database.
//!
//! A file's rev is derived from the time at which the original stored it, so that a device that
//! pulled the file there does not pull it again here and overwrite what was edited since then.

mod original;
mod tally;

use anyhow::{Result, anyhow, bail, ensure};
use kamiflow_sync_component::wire::push::Status;
use rusqlite::{Connection, Row, TransactionBehavior};

use super::installation::Installation;
use super::progress;
use super::project_writer::{self, ProjectWriter};
use crate::cli::ImportLegacyArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use tally::Tally;

/// What the history shows as the device.
const DEVICE: &str = "import-legacy";

struct Limits {
    max_file_size: u64,
    max_files: u64,
}

/// Imports each project as a whole, except for the files that are refused, or not at all. Stops when
/// the new database fails, for example because the disk is full.
pub fn run(args: &ImportLegacyArgs) -> Result<()> {
    let installation = Installation::find(&args.installation)?;
    let limits = Limits {
        max_file_size: installation.max_file_size()?,
        max_files: installation.max_files()?,
    };
    let original = original::open(&args.file)?;
    let _lock = DatabaseLock::shared(&installation.database)?;
    let mut new = open::migrated(&installation.database)?;
    let mut tally = Tally::default();
    for id in original::project_ids(&original)? {
        match import_project(&original, &mut new, &id, &limits) {
            Ok(of_project) => tally.add(&of_project),
            Err(error) if is_storage(&error) => {
                return Err(error.context(format!("{id}: nothing of it was stored")));
            }
            Err(error) => {
                let files = original::count_files(&original, &id)?;
                println!("{id}: refused with its {files} files: {error:#}");
                tally.refused += files.max(1);
            }
        }
    }
    println!("{}", tally.summary());
    if tally.refused > 0 {
        bail!("{} files were refused", tally.refused);
    }
    Ok(())
}

/// Whether the new database failed. `SQLite` may have rolled back the transaction by then, and each
/// further statement would be stored by itself.
fn is_storage(error: &anyhow::Error) -> bool {
    error.is::<rusqlite::Error>()
}

/// Hides that the error is one of `SQLite`: a failure of the original database is a reason to refuse
/// a project, not to stop.
fn unreadable(error: rusqlite::Error) -> anyhow::Error {
    anyhow!("the original database cannot be read: {error}")
}

fn import_project(
    original: &Connection,
    new: &mut Connection,
    id: &str,
    limits: &Limits,
) -> Result<Tally> {
    let transaction = new.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let id = project_writer::project_id(id)?;
    let mut writer = ProjectWriter::open(&transaction, &id, DEVICE)?;
    let files = original::file_ids(original, id.as_str()).map_err(unreadable)?;
    let bar = progress::bar("importing", files.len() as u64);
    let mut tally = Tally {
        projects: 1,
        ..Tally::default()
    };
    let mut select = original
        .prepare(original::SELECT_FILE)
        .map_err(unreadable)?;
    for file in files {
        bar.inc(1);
        let mut rows = select.query([file]).map_err(unreadable)?;
        let Some(row) = rows.next().map_err(unreadable)? else {
            continue;
        };
        match store(&mut writer, row, limits) {
            Ok(Stored::New) => tally.stored += 1,
            Ok(Stored::Unchanged) => tally.unchanged += 1,
            Ok(Stored::NewerHere) => tally.newer_here += 1,
            Err(error) if is_storage(&error) => return Err(error),
            Err(error) => {
                let path = original::path(row).unwrap_or("a path that is not text");
                bar.suspend(|| println!("{}: {path}: {error:#}", id.as_str()));
                tally.refused += 1;
            }
        }
    }
    bar.finish_and_clear();
    let (name, git_repo) = original::name_and_repo(original, id.as_str()).map_err(unreadable)?;
    writer.close(name.as_deref(), git_repo.as_deref())?;
    transaction.commit()?;
    Ok(tally)
}

enum Stored {
    New,
    Unchanged,
    NewerHere,
}

/// Stores the file in a row, unless a version was stored here after the original stored the row.
fn store(writer: &mut ProjectWriter, row: &Row, limits: &Limits) -> Result<Stored> {
    let put = original::put(row, limits.max_file_size)?;
    let at_us = original::stored_at(row)?;
    let newest = writer.newest(put.path.as_str())?;
    if newest.is_some_and(|newest| {
        newest.rev / 1000 > at_us / 1000 && newest.checksum != Some(put.checksum)
    }) {
        return Ok(Stored::NewerHere);
    }
    let is_new = newest.is_none_or(|newest| newest.checksum.is_none());
    ensure!(
        !is_new || writer.file_count() < limits.max_files,
        "the project already has {} files, the limit of MAX_FILES_PER_PROJECT",
        limits.max_files
    );
    Ok(match writer.put(put, at_us)? {
        Status::Unchanged => Stored::Unchanged,
        _ => Stored::New,
    })
}
