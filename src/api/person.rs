//! What the dashboard does for a person: by the rules, the limits and the errors of any other request.

use http::header::HeaderMap;
use http::{Request, Response};

use super::admission::{count, count_refusal, identify, permit};
use super::answer::handle;
use super::app::App;
use super::auth::usable;
use super::caller::Caller;
use super::clock::now_us;
use super::error::Error;
use super::for_log;
use super::rate_limit::Client;
use super::request::Body;
use super::routes::Match;
use crate::store::DeviceKey;

/// The caller with this key. A wrong one counts like one in a header, and `common` gets the headers of
/// the window.
pub fn with_key(
    app: &App,
    headers: &HeaderMap,
    key: &[u8],
    common: &mut HeaderMap,
) -> Result<Caller, Error> {
    let sent = Some(key).filter(|key| !key.is_empty());
    identify(app, headers, sent, None, common)
}

/// Refuses a wrong password, which counts like a wrong key.
pub fn refuse(app: &App, headers: &HeaderMap, common: &mut HeaderMap) -> Error {
    count_refusal(app, headers, common)
        .err()
        .unwrap_or(Error::Forbidden)
}

/// The caller of a session that this key has opened, unless the key is revoked or has expired.
pub fn with_device_key(app: &App, key: DeviceKey) -> Result<Caller, Error> {
    Ok(Caller::Device(Box::new(usable(app, key, now_us())?)))
}

/// Counts a page in the window for pages.
pub fn count_page(
    app: &App,
    headers: &HeaderMap,
    caller: &Caller,
    common: &mut HeaderMap,
) -> Result<(), Error> {
    common.extend(for_log::device(headers, caller));
    count(app, &Client::pages(caller), common)
}

/// Answers what a request of this caller to this route would be answered, without counting it.
pub fn perform(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
    found: Match,
    body: Vec<u8>,
) -> Result<Response<Vec<u8>>, Error> {
    if let Some(needs) = found.needs {
        permit(caller, &found.route, needs)?;
    }
    handle(app, head, found.route, caller, Whole(body))
}

/// A body that is there.
pub(super) struct Whole(pub(super) Vec<u8>);

impl Body for Whole {
    fn read(self, _declared: usize, limit_bytes: usize) -> Result<Vec<u8>, Error> {
        if self.0.len() > limit_bytes {
            Err(Error::BodyTooLarge { limit_bytes })
        } else {
            Ok(self.0)
        }
    }
}
