//! `GET /v1/keys`

use std::collections::{BTreeMap, HashMap};

use http::Response;

use super::{covers, view};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::response::ok;
use crate::store::KeyCursor;
use crate::wire::key::{KeyList, ListedKey};

/// Lists the keys that are not revoked, the newest first, without their secrets.
pub fn keys(app: &App, caller: &Caller) -> Result<Response<Vec<u8>>, Error> {
    let (keys, cursors) = app.database.read(|store| {
        let keys = store.device_keys()?;
        Ok::<_, Error>((keys, store.key_cursors()?))
    })?;
    let mut cursors = by_key(cursors);
    let managed = keys.into_iter().filter(|key| covers(caller, &key.grant));
    let listed = managed.map(|key| ListedKey {
        cursors: cursors.remove(&key.number).unwrap_or_default(),
        view: view(key),
    });
    Ok(ok(&KeyList {
        keys: listed.collect(),
    }))
}

/// The cursors of each key, by project.
fn by_key(cursors: Vec<KeyCursor>) -> HashMap<i64, BTreeMap<String, String>> {
    let mut by_key = HashMap::<_, BTreeMap<_, _>>::new();
    for cursor in cursors {
        let of_key = by_key.entry(cursor.key).or_default();
        of_key.insert(cursor.project, cursor.cursor);
    }
    by_key
}
