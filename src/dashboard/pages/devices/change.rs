//! `POST /dashboard/devices/:id/rotate` and `/revoke`

use http::{Method, Response};

use super::secret;
use crate::addresses::dashboard::DEVICES;
use crate::api::Error;
use crate::dashboard::done::Done;
use crate::dashboard::format::api_key_address;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;

/// Gives a key another secret, and shows it once. The one before works for another day.
pub fn rotate_device(visit: &Visit, id: &str) -> Result<Response<Vec<u8>>, Error> {
    let address = format!("{}/rotate", api_key_address(id));
    let answer = visit.ask(Method::POST, &address, &serde_json::json!({}))?;
    secret::show(visit, &answer, "Give the device its new key")
}

/// Revokes a key: from the next request on it opens nothing.
pub fn revoke_device(visit: &Visit, id: &str) -> Result<Response<Vec<u8>>, Error> {
    let answer = visit.ask(Method::DELETE, &api_key_address(id), &())?;
    Ok(reply::done(DEVICES, Done::DeviceRevoked, answer))
}
