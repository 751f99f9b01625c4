//! `move-out`: writes a project with its whole history into a file for another server, and closes it here.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use kamiflow_sync_component::domain::{ProjectId, Rev};
use kamiflow_sync_component::store::{Error, Store};
use rusqlite::Connection;

use super::atomic_file::AtomicFile;
use super::check::{self, Totals};
use super::full_disk;
use super::installation::Installation;
use super::{clock, output, project_id};
use crate::cli::MoveOutArgs;
use crate::database::lock::DatabaseLock;
use crate::database::{one_file, open};
use crate::say::say;

/// What is pushed before is in the file, and what comes later is refused: writers wait meanwhile. On a full
/// disk too, which has more space afterwards.
pub fn run(args: &MoveOutArgs) -> Result<()> {
    let database = Installation::find(&args.installation)?.database;
    let (id, shown) = (project_id::parse(&args.project)?, args.file.display());
    drop(open::existing(&database)?);
    let _lock = DatabaseLock::shared(&database)?;
    output::require_other(&args.file, &database)?;
    let unfinished = AtomicFile::create(&args.file, false)?;
    let store = open::migrated(&database)?;
    let mut is_written = false;
    let moved = store.write_alone(|store| {
        let now_us = store.read_clock(clock::now_us(), 0)?.latest;
        let written = write(store, &id, now_us, unfinished);
        let totals = written.map_err(|error| full_disk::explain(&args.file, error))?;
        // The file is whole before the project is closed. Interrupted in between, both exist.
        is_written = true;
        store.close_moved(&id, now_us)?;
        Ok::<_, anyhow::Error>(totals)
    });
    // What ended the transaction may have ended it behind its commit.
    if moved.is_err() && is_written && matches!(store.project(&id), Ok(Some(_))) {
        _ = std::fs::remove_file(&args.file);
    }
    let totals = moved.map_err(|error| explain(args, &database, error))?;
    // The server continues with a removal that fails.
    store.remove_deleted(Duration::MAX).ok();
    say!("Moved {totals} out to {shown}");
    say!(
        "This server refuses {} from now on: run 'kamiflow-sync move-in' with the file on the other",
        args.project
    );
    Ok(())
}

fn explain(args: &MoveOutArgs, database: &Path, error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(Error::NoProject) => project_id::unknown(&args.project),
        Some(Error::Moved) => anyhow!(
            "{:?} was moved to another server before: this one has nothing of it to move",
            args.project
        ),
        _ => full_disk::explain(database, error.context(stays(args))),
    }
}

/// Nothing but this run can have made the file.
fn stays(args: &MoveOutArgs) -> String {
    if args.file.exists() {
        format!(
            "{} was not closed: delete {} and try again",
            args.project,
            args.file.display()
        )
    } else {
        format!("{} stays on this server", args.project)
    }
}

fn write(store: &Store, id: &ProjectId, now_us: Rev, unfinished: AtomicFile) -> Result<Totals> {
    let file = unfinished.path();
    let target = Store::open(Connection::open(file)?)?;
    target.write(|target| store.copy_to_move(id, now_us, target))?;
    drop(target);
    one_file::move_log_into(file)?;
    // So that it can be read from a disk on which nothing can be written.
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    drop(connection);
    let examination = check::examine(&open::untrusted(file)?)?;
    examination.require_sound(file)?;
    unfinished.finish()?;
    Ok(examination.totals)
}
