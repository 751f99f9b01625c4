//! `move-in`: takes in a project that another server has moved out.

use anyhow::{Context, Result};
use kamiflow_sync_component::store::Store;

use super::check;
use super::full_disk;
use super::installation::Installation;
use crate::cli::MoveInArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use crate::say::say;

/// All of the project is stored or nothing, whatever the limits of this server are: it is what the other one
/// has stored.
pub fn run(args: &MoveInArgs) -> Result<()> {
    let database = Installation::find(&args.installation)?.database;
    open::require_file(&args.file)?;
    let file = open::untrusted(&args.file)?;
    let examination = check::examine(&file)?;
    examination.require_sound(&args.file)?;
    // An older version may have written it.
    let from = Store::open(file)?;
    let id = from.project_to_move()?;
    let id = id.with_context(|| {
        let shown = args.file.display();
        format!("{shown} was not written by 'move-out'")
    })?;
    let _lock = DatabaseLock::shared(&database)?;
    let store = open::migrated(&database)?;
    let moved = store.write(|store| store.move_in(&id, &from));
    let moved = moved.with_context(|| format!("{} was not moved in", id.as_str()));
    moved.map_err(|error| full_disk::explain(&database, error))?;
    say!("Moved {} in as {}", examination.totals, id.as_str());
    Ok(())
}
