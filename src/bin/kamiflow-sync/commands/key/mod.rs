//! `key`: makes, lists, rotates and revokes keys of devices, in the database itself. A server that runs
//! beside it knows of every change with its next request.

mod add;
mod expiry;
mod list;
mod revoke;
mod rotate;

use anyhow::{Context, Result};
use kamiflow_sync_component::domain::key::KeyText;
use kamiflow_sync_component::store::Store;

use super::installation::Installation;
use crate::cli::{InstallationArgs, KeyCommand};
use crate::database::lock::DatabaseLock;
use crate::database::open;

pub fn run(command: &KeyCommand) -> Result<()> {
    match command {
        KeyCommand::Add(args) => add::run(args),
        KeyCommand::List(args) => list::run(args),
        KeyCommand::Rotate(args) => rotate::run(args),
        KeyCommand::Revoke(args) => revoke::run(args),
    }
}

/// Runs `work` in a transaction on the database, which is made if it does not exist.
fn write<T>(args: &InstallationArgs, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
    let installation = Installation::find(args)?;
    let _lock = DatabaseLock::shared(&installation.database)?;
    open::migrated(&installation.database)?.write(work)
}

fn unknown(id: &str) -> String {
    format!("there is no key {id:?}: 'kamiflow-sync key list' shows those that work")
}

/// Makes a key with random numbers of the system.
fn secret(make: impl FnOnce(&mut dyn FnMut() -> u64) -> KeyText) -> Result<KeyText> {
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
