//! `renumber`: the way back after the clock was ahead.

use anyhow::{Context, Result, ensure};
use kamiflow_sync_component::domain::Rev;
use kamiflow_sync_component::store::{Error, Store};

use super::counted::counted;
use super::full_disk;
use super::installation::Installation;
use super::{clock, project_id};
use crate::cli::RenumberArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use crate::say::say;

/// Each project is renumbered whole or not at all, so an interrupted run is finished by the next.
pub fn run(args: &RenumberArgs) -> Result<()> {
    let database = Installation::find(&args.installation)?.database;
    drop(open::existing(&database)?);
    let _lock = DatabaseLock::exclusive(&database)?;
    let store = open::migrated(&database)?;
    let (now_us, shown) = (clock::now_us(), clock::shown(clock::now_us()));
    ensure!(
        clock::is_plausible(now_us),
        "the clock shows {shown}: set it first"
    );
    say!("The clock shows {shown}");
    let ids = match &args.what.project {
        Some(id) => vec![id.clone()],
        None => store.projects_ahead(now_us)?,
    };
    let mut count = 0;
    for id in &ids {
        let renumbered = renumber(&store, id, now_us);
        count += renumbered.map_err(|error| full_disk::explain(&database, error))?;
    }
    store.set_clock_right(now_us)?;
    match count {
        0 => say!("No change is from the future"),
        _ => say_what_follows(),
    }
    Ok(())
}

fn renumber(store: &Store, id: &str, now_us: Rev) -> Result<u64> {
    let count = match store.renumber(&project_id::parse(id)?, now_us) {
        Err(Error::NoProject) => Err(project_id::unknown(id)),
        renumbered => renumbered.with_context(|| format!("cannot renumber {id:?}")),
    }?;
    say!("{id}: {} renumbered", counted(count, "change"));
    Ok(count)
}

fn say_what_follows() {
    say!(
        "Clients of the change feed start over by themselves. The KamiFlow CLI does not, and gets these"
    );
    say!("files once more: on each device, before it pulls, run: kami sync-db push");
}
