//! `POST /v1/keys`

use http::{Response, StatusCode};

use super::{covers, with_secret};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::domain::key::KeyText;
use crate::store::NewKey;
use crate::wire::key::KeyRequest;

/// Makes a key and answers it with its secret, which is not stored and never shown again.
///
/// 201; 400 for a field that breaks a rule, 403 for a key that may do more than the one that asks, 409
/// when there are too many.
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
    let key = app
        .database
        .write(|store| store.add_device_key(&key, now_us))?;
    let mut response = with_secret(key, &text, None);
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}
