//! `POST /v1/keys/:id/rotate`

use http::Response;

use super::{managed, with_secret};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::waiting::{Publication, with_news};
use crate::domain::key::{KeyId, KeyText};
use crate::wire::key::RotateRequest;

/// Gives a key another secret. The one before works for a while, so that a device changes over without
/// a gap.
///
/// 200 with the secret; 404 for a key that is revoked, and for none; 409 when its secret is another than the
/// client knows.
pub fn rotate_key(
    app: &App,
    caller: &Caller,
    id: &str,
    body: &[u8],
) -> Result<Response<Vec<u8>>, Error> {
    let request = RotateRequest::parse(body)?;
    let (grace_us, secret_at, now_us) = (request.grace_us()?, request.secret_at()?, now_us());
    let text = KeyText::renew(KeyId::parse(id).ok_or(Error::NoSuchKey)?, app.random);
    let until = now_us + grace_us;
    let rotated = app.database.take_away(|store| {
        let key = managed(store, caller, id)?;
        let is_other = secret_at.is_some_and(|at| at != key.secret_at);
        if is_other && key.revoked_at.is_none() {
            return Err(Error::Outdated("the key was given another secret"));
        }
        Ok(store.rotate_device_key(id, &text.hash(), now_us, until)?)
    })?;
    let response = with_secret(rotated.ok_or(Error::NoSuchKey)?, &text, Some(until));
    Ok(with_news(response, Some(&Publication::of_key(id))))
}
