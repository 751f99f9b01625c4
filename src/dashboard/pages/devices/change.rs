//! `POST /dashboard/devices/:id/rotate` and `/revoke`

use http::{Method, Response};

use super::secret;
use crate::addresses::dashboard::DEVICES;
use crate::api::Error;
use crate::dashboard::done::Done;
use crate::dashboard::form::Form;
use crate::dashboard::format::api_key_address;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::key::Scope;

/// Gives a key another secret, and shows it once. The one before works for another day; the one before that does not,
/// so a form is good for one rotation: it names when the secret was made that it replaces.
pub fn rotate_device(visit: &Visit, id: &str, form: &Form) -> Result<Response<Vec<u8>>, Error> {
    visit.caller.require(Scope::Manage)?;
    if is_rotated(visit, id, form.text("secret"))? {
        return Ok(reply::not_done(DEVICES, &[], Done::AlreadyRotated));
    }
    let address = format!("{}/rotate", api_key_address(id));
    let answer = visit.ask(Method::POST, &address, &serde_json::json!({}))?;
    secret::show(visit, &answer, "Give the device its new key")
}

/// Whether a key has another secret than the one that was made then. What the API refuses has not.
fn is_rotated(visit: &Visit, id: &str, secret_at: &str) -> Result<bool, Error> {
    let key = visit
        .app
        .database
        .with(|store| store.device_key(id, None))?;
    let own = visit.grant()?;
    let managed = key.filter(|key| key.revoked_at.is_none() && own.covers(&key.grant));
    Ok(managed.is_some_and(|key| key.secret_at.to_string() != secret_at))
}

/// Revokes a key: from the next request on it opens nothing.
pub fn revoke_device(visit: &Visit, id: &str) -> Result<Response<Vec<u8>>, Error> {
    let answer = visit.ask(Method::DELETE, &api_key_address(id), &())?;
    Ok(reply::done(DEVICES, Done::DeviceRevoked, answer))
}
