//! `import-legacy`: takes over all projects of the original server's database.
//!
//! A file's rev is derived from the time at which the original stored it, so that a device that
//! pulled the file there does not pull it again here and overwrite what was edited since then.

mod exposure;
mod original;
mod tally;

use anyhow::{Result, anyhow, bail};
use kamiflow_sync_component::domain::{ProjectId, Status};
use kamiflow_sync_component::store::{self, Import, Store};
use rusqlite::{Connection, Row};

use super::counted::counted;
use super::full_disk;
use super::installation::{Installation, Limits};
use super::printable::printable;
use super::{clock, progress, project_id};
use crate::cli::ImportLegacyArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use crate::say::{note, say};
use tally::Tally;

/// What the history shows as the device.
const DEVICE: &str = "import-legacy";

/// Imports each project as a whole, except for the files that are refused, or not at all. Stops when
/// the new database fails, for example because the disk is full.
pub fn run(args: &ImportLegacyArgs) -> Result<()> {
    let installation = Installation::find(&args.installation)?;
    let limits = installation.limits()?;
    let original = original::open(&args.file)?;
    let _lock = DatabaseLock::shared(&installation.database)?;
    let new = open::migrated(&installation.database)?;
    let mut tally = Tally::default();
    for id in original::project_ids(&original)? {
        match import_project(&original, &new, &id, &limits) {
            Ok(of_project) => tally.add(&of_project),
            Err(error) if is_storage(&error) => {
                let shown = printable(&id);
                let error = error.context(format!("{shown}: nothing of it was stored"));
                return Err(full_disk::explain(&installation.database, error));
            }
            Err(error) => {
                let files = original::count_files(&original, &id)?;
                let its = counted(files, "file");
                let refused = format!("{id}: refused with its {its}: {error:#}");
                say!("{}", printable(&refused));
                tally.refused += files.max(1);
            }
        }
    }
    say!("{}", tally.summary());
    if let Some(advice) = exposure::advice(&args.file) {
        note!("kamiflow-sync: {advice}");
    }
    if tally.refused > 0 {
        bail!("refused: {}", counted(tally.refused, "file"));
    }
    Ok(())
}

/// Whether the new database failed. `SQLite` may have rolled back the transaction by then, and each
/// further statement would be stored by itself.
fn is_storage(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref();
    error.is_some_and(|error| !matches!(error, store::Error::Rejected(_) | store::Error::Moved))
}

/// A failure of the original database is a reason to refuse a project, not to stop.
fn unreadable(error: rusqlite::Error) -> anyhow::Error {
    anyhow!("the original database cannot be read: {error}")
}

fn import_project(original: &Connection, new: &Store, id: &str, limits: &Limits) -> Result<Tally> {
    let id = project_id::parse(id)?;
    new.write(|new| {
        let mut import = new.import(id.clone(), DEVICE, clock::now_us())?;
        let tally = store_files(original, &mut import, &id, limits)?;
        let about = original::name_and_repo(original, id.as_str()).map_err(unreadable)?;
        import.finish(about.0.as_deref(), about.1.as_deref())?;
        Ok(tally)
    })
}

fn store_files(
    original: &Connection,
    import: &mut Import,
    id: &ProjectId,
    limits: &Limits,
) -> Result<Tally> {
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
        match store(import, row, limits) {
            Ok(Stored::New) => tally.stored += 1,
            Ok(Stored::Unchanged) => tally.unchanged += 1,
            Ok(Stored::NewerHere) => tally.newer_here += 1,
            Err(error) if is_storage(&error) => return Err(error),
            Err(error) => {
                let path = original::path(row).unwrap_or("a path that is not text");
                let refused = format!("{}: {path}: {error:#}", id.as_str());
                bar.suspend(|| say!("{}", printable(&refused)));
                tally.refused += 1;
            }
        }
    }
    bar.finish_and_clear();
    Ok(tally)
}

enum Stored {
    New,
    Unchanged,
    NewerHere,
}

/// Stores the file in a row, unless a version was stored here after the original stored the row.
fn store(import: &mut Import, row: &Row, limits: &Limits) -> Result<Stored> {
    let put = original::put(row, limits.max_file_size)?;
    let at_us = original::stored_at(row)?;
    let is_newer_here = import.newest(&put)?.is_some_and(|newest| {
        newest.rev / 1000 > at_us / 1000 && newest.checksum != Some(put.checksum)
    });
    if is_newer_here {
        return Ok(Stored::NewerHere);
    }
    Ok(match import.put(put, at_us, &limits.rules)? {
        Status::Unchanged => Stored::Unchanged,
        _ => Stored::New,
    })
}
