//! What the database that is replaced knows, and a backup from before does not.

use std::path::Path;

use anyhow::Result;
use kamiflow_sync_component::store::{DeviceKey, Error, LastRev, MovedProject, Store};

use crate::database::log_check::require_own_log;
use crate::database::{files, open};

/// `None` for what cannot be read.
pub struct Known {
    /// Projects that were moved to another server: a backup from before does not open them here again.
    pub moved: Option<Vec<MovedProject>>,
    /// The highest number that each project has given out.
    pub last_revs: Option<Vec<LastRev>>,
    /// So that no key opens more than it does now.
    pub keys: Option<Vec<DeviceKey>>,
    /// Why something cannot be read.
    pub reason: Option<String>,
}

impl Known {
    pub fn of(database: &Path) -> Self {
        let mut reason = None;
        let store = readable(store(database), &mut reason);
        Self {
            moved: ask(store.as_ref(), Store::moved_projects, &mut reason),
            last_revs: ask(store.as_ref(), Store::last_revs, &mut reason),
            keys: ask(store.as_ref(), keys, &mut reason),
            reason,
        }
    }

    /// What a person has to look at instead, a line for each.
    pub fn to_check(&self) -> Vec<&'static str> {
        let moved =
            "was a project moved out since the backup? Move it out again, and delete that file";
        let keys = "was a key revoked since? 'kamiflow-sync key list' shows whether it works again";
        let clock = "is the clock right? The numbers of changes continue from it";
        let lines = [
            self.moved.is_none().then_some(moved),
            self.keys.is_none().then_some(keys),
            self.last_revs.is_none().then_some(clock),
        ];
        lines.into_iter().flatten().collect()
    }
}

/// `None` when nothing was stored yet.
fn store(database: &Path) -> Result<Option<Store>> {
    if files::length(database) == 0 {
        require_own_log(database)?;
        return Ok(None);
    }
    open::existing_store(database).map(Some)
}

fn ask<T>(
    store: Option<&Option<Store>>,
    question: impl Fn(&Store) -> Result<Vec<T>, Error>,
    reason: &mut Option<String>,
) -> Option<Vec<T>> {
    match store?.as_ref() {
        Some(store) => readable(question(store), reason),
        None => Some(Vec::new()),
    }
}

/// Keeps the first reason for which something is not.
fn readable<T, E: Into<anyhow::Error>>(
    read: Result<T, E>,
    reason: &mut Option<String>,
) -> Option<T> {
    let error = |error: E| _ = reason.get_or_insert_with(|| format!("{:#}", error.into()));
    read.map_err(error).ok()
}

fn keys(store: &Store) -> Result<Vec<DeviceKey>, Error> {
    if store.has_device_keys()? {
        store.every_device_key()
    } else {
        Ok(Vec::new())
    }
}
