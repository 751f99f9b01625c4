//! `POST /dashboard/devices/:id/rotate` and `/revoke`

use http::{Method, Response};
use serde_json::json;

use super::secret;
use crate::addresses::dashboard::DEVICES;
use crate::api::Error;
use crate::dashboard::done::Done;
use crate::dashboard::form::{Form, millis};
use crate::dashboard::format::api_key_address;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;

/// Gives a key another secret, and shows it once. The one before works for another day; the one before that does not,
/// so a form is good for one rotation: it names when the secret was made that it replaces.
pub fn rotate_device(visit: &Visit, id: &str, form: &Form) -> Result<Response<Vec<u8>>, Error> {
    let address = format!("{}/rotate", api_key_address(id));
    let body = json!({ "secret_at": millis(form.text("secret")) });
    match visit.ask(Method::POST, &address, &body) {
        Err(Error::Outdated(_)) => Ok(reply::not_done(DEVICES, &[], Done::AlreadyRotated)),
        answer => secret::show(visit, &answer?, "Give the device its new key"),
    }
}

/// Revokes a key: from the next request on it opens nothing.
pub fn revoke_device(visit: &Visit, id: &str) -> Result<Response<Vec<u8>>, Error> {
    let answer = visit.ask(Method::DELETE, &api_key_address(id), &())?;
    Ok(reply::done(DEVICES, Done::DeviceRevoked, answer))
}
