//! `compact`: gives the space of deleted data back to the disk.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::full_disk;
use super::installation::Installation;
use super::progress;
use crate::cli::InstallationArgs;
use crate::database::files::length;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use crate::say::say;

pub fn run(args: &InstallationArgs) -> Result<()> {
    let database = Installation::find(args)?.database;
    let connection = open::existing(&database)?;
    let _lock = DatabaseLock::exclusive(&database)?;
    let before = length(&database);
    let done = compact(&connection, &database);
    done.map_err(|error| full_disk::explain(&database, error))?;
    let (before, after) = (progress::bytes(before), progress::bytes(length(&database)));
    say!("{} had {before} and has {after}", database.display());
    Ok(())
}

/// `SQLite` writes the database anew into its log, and then over the old one: wherever that ends, the
/// database is whole.
fn compact(connection: &Connection, database: &Path) -> Result<()> {
    let shown = database.display();
    // So that from now on the server gives pages back by itself.
    let compact = "PRAGMA auto_vacuum = INCREMENTAL; VACUUM";
    connection.execute_batch(compact).with_context(|| {
        format!(
            "cannot compact {shown}, which needs as much free space as its data has beside it, and as much again \
             in the folder for temporary files, which SQLITE_TMPDIR names"
        )
    })?;
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .with_context(|| format!("cannot move the log into {shown}"))
}
