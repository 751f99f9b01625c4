//! Projects that were moved to another server: a backup from before does not open them here again.

use std::path::Path;

use anyhow::Result;
use kamiflow_sync_component::store::MovedProject;

use crate::database::{files, open};
use crate::say::note;

/// Those that `database` has closed.
pub fn of(database: &Path) -> Vec<MovedProject> {
    read(database).unwrap_or_else(|error| {
        note!(
            "kamiflow-sync: the previous database cannot be read ({error:#}): a project that was moved to another server since the backup is open again; move it out again, and delete that file"
        );
        Vec::new()
    })
}

fn read(database: &Path) -> Result<Vec<MovedProject>> {
    if files::length(database) == 0 {
        return Ok(Vec::new());
    }
    Ok(open::existing_store(database)?.moved_projects()?)
}
