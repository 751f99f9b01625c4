//! `GET /v1/keys/self`

use http::Response;

use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::response::ok;
use crate::domain::key::Grant;
use crate::wire::key::OwnKey;

/// Answers what the key of the request may do. Clients test their key with it, so it is not counted.
pub fn own_key(caller: &Caller) -> Result<Response<Vec<u8>>, Error> {
    let own = match caller {
        Caller::Anonymous => return Err(Error::Unauthenticated),
        Caller::Owner => OwnKey::new(None, "owner".to_owned(), &Grant::OWNER),
        Caller::Device(key) => OwnKey::new(Some(key.id.clone()), key.name.clone(), &key.grant),
    };
    Ok(ok(&own))
}
