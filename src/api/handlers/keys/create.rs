//! `POST /v1/keys`

use http::{Response, StatusCode};

use super::{covers, with_secret};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::domain::Rev;
use crate::domain::key::KeyText;
use crate::store::{NewKey, Store};
use crate::wire::key::KeyRequest;

/// Makes a key and answers it with its secret, which is not stored and never shown again.
///
/// 201; 400 for a field that breaks a rule, 403 for a key that may do more than the one that asks, 409
/// when there are too many, and when one of this name was made since a moment.
pub fn new_key(app: &App, caller: &Caller, body: &[u8]) -> Result<Response<Vec<u8>>, Error> {
    let request = KeyRequest::parse(body)?;
    let (text, now_us) = (KeyText::generate(app.random), now_us());
    let key = NewKey {
        id: text.id.clone(),
        name: request.name()?,
        grant: request.grant(now_us)?,
        hash: text.hash(),
    };
    if !covers(caller, &key.grant) {
        return Err(Error::WiderKey);
    }
    let since = request.unless_made_since()?;
    let key = app.database.write(|store| {
        if let Some(since) = since {
            require_new(store, caller, key.name.as_str(), since)?;
        }
        Ok::<_, Error>(store.add_device_key(&key, now_us)?)
    })?;
    let mut response = with_secret(key, &text, None);
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// 409 when the caller manages a key with this name that was made at the moment or later, revoked or not. A request
/// that is sent again makes no second key.
fn require_new(store: &Store, caller: &Caller, name: &str, since: Rev) -> Result<(), Error> {
    let keys = store.every_device_key()?;
    let mut managed = keys.iter().filter(|key| covers(caller, &key.grant));
    if managed.any(|key| key.name == name && key.created_at >= since) {
        Err(Error::Outdated("a key with this name was made since then"))
    } else {
        Ok(())
    }
}
