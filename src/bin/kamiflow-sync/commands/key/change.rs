//! What the commands that change keys share.

use anyhow::{Context, Result};
use kamiflow_sync_component::domain::key::KeyText;
use kamiflow_sync_component::store::Store;

use crate::cli::InstallationArgs;
use crate::commands::full_disk;
use crate::commands::installation::Installation;
use crate::database::lock::DatabaseLock;
use crate::database::open;

/// Runs `work` in a transaction on the database, which is made if it does not exist.
pub(super) fn write<T>(
    args: &InstallationArgs,
    work: impl FnOnce(&Store) -> Result<T>,
) -> Result<T> {
    on_store(args, |store| store.write(work))
}

/// As [`write`], also on a full disk.
pub(super) fn take_away<T>(
    args: &InstallationArgs,
    work: impl Fn(&Store) -> Result<T>,
) -> Result<T> {
    on_store(args, |store| store.take_away(work))
}

fn on_store<T>(args: &InstallationArgs, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
    let installation = Installation::find(args)?;
    let _lock = DatabaseLock::shared(&installation.database)?;
    let written = open::migrated(&installation.database).and_then(|store| work(&store));
    written.map_err(|error| full_disk::explain(&installation.database, error))
}

pub(super) fn unknown(id: &str) -> String {
    format!("there is no key {id:?}: 'kamiflow-sync key list' shows those that work")
}

/// Makes a key with random numbers of the system.
pub(super) fn secret(make: impl FnOnce(&mut dyn FnMut() -> u64) -> KeyText) -> Result<KeyText> {
    let mut failure = None;
    let text = make(&mut || {
        getrandom::u64().unwrap_or_else(|error| {
            failure = Some(error);
            0
        })
    });
    match failure {
        None => Ok(text),
        Some(error) => Err(error).context("the system has no random numbers"),
    }
}
