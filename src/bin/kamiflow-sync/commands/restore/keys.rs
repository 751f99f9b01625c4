//! Keys of devices in a restored backup: none opens anything that it did not open in the database
//! before.

use std::path::Path;

use anyhow::Result;
use kamiflow_sync_component::store::{DeviceKey, Store};

use crate::database::{files, open};
use crate::say::note;

/// Lets the keys of the copy follow those of `database`. Returns those that work in the backup and had
/// been revoked since.
pub fn follow(copy: &Store, database: &Path) -> Result<Vec<DeviceKey>> {
    if !copy.has_device_keys()? {
        return Ok(Vec::new());
    }
    match keys(database) {
        Ok(keys) => copy.follow_device_keys(&keys).map_err(Into::into),
        Err(error) => {
            note!(
                "kamiflow-sync: the previous database cannot be read ({error:#}): a key that was revoked since the backup works again; see 'kamiflow-sync key list'"
            );
            Ok(Vec::new())
        }
    }
}

fn keys(database: &Path) -> Result<Vec<DeviceKey>> {
    if files::length(database) == 0 {
        return Ok(Vec::new());
    }
    let store = open::existing_store(database)?;
    match store.has_device_keys()? {
        true => Ok(store.every_device_key()?),
        false => Ok(Vec::new()),
    }
}
