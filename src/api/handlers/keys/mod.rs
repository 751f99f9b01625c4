//! `/v1/keys`: the keys of devices.
//!
//! A key that manages others reaches only those that may do no more than itself: no key can make or take over
//! one that may do more, opens more projects, or outlives it.

mod create;
mod list;
mod own;
mod revoke;
mod rotate;

pub use create::new_key;
pub use list::keys;
pub use own::own_key;
pub use revoke::revoke_key;
pub use rotate::rotate_key;

use http::Response;
use http::header::{CACHE_CONTROL, HeaderValue};

use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::response::ok;
use crate::domain::Rev;
use crate::domain::key::{Grant, KeyText};
use crate::store::{DeviceKey, Store};
use crate::wire::key::{KeyView, KeyWithSecret, OwnKey};

fn covers(caller: &Caller, grant: &Grant) -> bool {
    caller.grant().is_some_and(|own| own.covers(grant))
}

/// The key with this id, if the caller manages it. 404 alike for one that it does not, and for none.
fn managed(store: &Store, caller: &Caller, id: &str) -> Result<DeviceKey, Error> {
    let found = store.device_key(id, None)?;
    found
        .filter(|key| covers(caller, &key.grant))
        .ok_or(Error::NoSuchKey)
}

fn view(key: DeviceKey) -> KeyView {
    KeyView {
        own: OwnKey::new(Some(key.id), key.name, &key.grant),
        created_at: key.created_at,
        secret_at: key.secret_at,
        last_used_at: key.last_used_at,
        revoked_at: key.revoked_at,
    }
}

/// The one answer with the secret, which nobody may keep a copy of.
fn with_secret(key: DeviceKey, text: &KeyText, previous_until: Option<Rev>) -> Response<Vec<u8>> {
    let mut response = ok(&KeyWithSecret {
        key: text.to_string(),
        view: view(key),
        previous_until,
    });
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
