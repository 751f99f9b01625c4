//! `GET /v1/keys`

use http::Response;

use super::{covers, view};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::response::ok;
use crate::wire::key::KeyList;

/// Lists the keys that are not revoked, the newest first, without their secrets.
pub fn keys(app: &App, caller: &Caller) -> Result<Response<Vec<u8>>, Error> {
    let keys = app.database.with(|store| store.device_keys())?;
    let managed = keys.into_iter().filter(|key| covers(caller, &key.grant));
    Ok(ok(&KeyList {
        keys: managed.map(view).collect(),
    }))
}
