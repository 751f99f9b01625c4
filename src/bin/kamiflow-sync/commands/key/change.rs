//! What the commands that change keys share.

use std::cell::Cell;

use anyhow::{Context, Result, ensure};
use kamiflow_sync_component::domain::key::KeyText;
use kamiflow_sync_component::store::Store;

use crate::cli::InstallationArgs;
use crate::commands::full_disk;
use crate::commands::installation::Installation;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use crate::say;

/// Runs `work` in a transaction on the database, which is made if it does not exist. Also on a full disk: the key that is
/// changed may be a stolen one.
pub(super) fn take_away<T>(
    args: &InstallationArgs,
    work: impl Fn(&Store) -> Result<T>,
) -> Result<T> {
    let installation = Installation::find(args)?;
    let _lock = DatabaseLock::shared(&installation.database)?;
    let store = open::migrated(&installation.database);
    let written = store.and_then(|store| store.take_away(work));
    written.map_err(|error| full_disk::explain(&installation.database, error))
}

/// Makes or changes a key in a transaction that ends when its text is printed: nobody could ever see it later.
pub(super) fn reveal<T>(
    args: &InstallationArgs,
    text: &KeyText,
    work: impl Fn(&Store) -> Result<T>,
) -> Result<T> {
    ensure!(
        !say::is_nowhere(),
        "standard output is closed, and the key is shown there only: nothing was changed"
    );
    let is_printed = Cell::new(false);
    let done = take_away(args, |store| {
        let done = work(store)?;
        if !is_printed.get() {
            say::print(text).context("the key cannot be printed, so nothing was changed")?;
            is_printed.set(true);
        }
        Ok(done)
    });
    done.map_err(|error| {
        if is_printed.get() {
            error.context("the printed key does not work")
        } else {
            error
        }
    })
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
