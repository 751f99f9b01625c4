//! `purge`: removes a path, or one version of it, for good.

use anyhow::{Result, anyhow, ensure};
use kamiflow_sync_component::domain::FilePath;
use kamiflow_sync_component::store::{Error, Purge};

use super::counted::counted;
use super::full_disk;
use super::installation::Installation;
use super::printable::printable;
use super::{clock, project_id};
use crate::cli::PurgeArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use crate::say::say;

/// What the history shows as the device of the deletion.
const DEVICE: &str = "purge";

/// May run beside a server, and again after an interruption.
pub fn run(args: &PurgeArgs) -> Result<()> {
    let database = Installation::find(&args.installation)?.database;
    let id = project_id::parse(&args.project)?;
    let purge = Purge {
        path: FilePath::parse(&args.path).map_err(|rule| anyhow!("the path {rule}"))?,
        rev: args.rev,
        device: Some(DEVICE.to_owned()),
    };
    drop(open::existing(&database)?);
    let _lock = DatabaseLock::shared(&database)?;
    let store = open::migrated(&database)?;
    let now_us = store
        .take_away(|store| store.read_clock(clock::now_us(), 0))?
        .latest;
    let purged = match store.purge(&id, &purge, now_us) {
        Err(Error::NoProject) => Err(project_id::unknown(&args.project)),
        Err(Error::NeverStored { path }) => Err(anyhow!(
            "{path:?} was never stored: give the path below .kamiflow/, such as ideas/secret.md"
        )),
        purged => purged.map_err(|error| full_disk::explain(&database, error.into())),
    }?;
    let path = printable(&args.path);
    say!("Purged {} of {path}", counted(purged.versions, "version"));
    for other in &purged.elsewhere {
        say!("The same content is still in {}", printable(other));
    }
    ensure!(
        purged.erased,
        "a reader, such as a backup, keeps the bytes in the log: when it has ended, run this again"
    );
    say!("Backups and exports that were made before still have it");
    Ok(())
}
