//! `POST /dashboard/sign-out`

use http::Response;

use crate::api::Error;
use crate::dashboard::reply;
use crate::dashboard::session::SIGN_IN;
use crate::dashboard::visit::Visit;

/// Ends the session, on every instance from the next request on.
pub fn sign_out(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    let mut response = reply::see_other(SIGN_IN);
    visit.end(&mut response)?;
    Ok(response)
}
