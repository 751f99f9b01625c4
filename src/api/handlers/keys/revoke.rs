//! `DELETE /v1/keys/:id`

use http::Response;

use super::{managed, view};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::response::ok;
use crate::api::waiting::{Publication, with_news};

/// Revokes a key: from the next request on it opens nothing.
///
/// 200 also for a key that is revoked already, 404 for none.
pub fn revoke_key(app: &App, caller: &Caller, id: &str) -> Result<Response<Vec<u8>>, Error> {
    let revoked = app.database.take_away(|store| {
        managed(store, caller, id)?;
        Ok::<_, Error>(store.revoke_device_key(id, now_us())?)
    })?;
    let response = ok(&view(revoked.ok_or(Error::NoSuchKey)?));
    Ok(with_news(response, Some(&Publication::of_key(id))))
}
