//! Which requests are let in: those with a key that may do what they ask for, as long as their window
//! lasts.

use http::Request;
use http::header::HeaderMap;

use super::app::App;
use super::caller::Caller;
use super::client_network::client_network;
use super::error::Error;
use super::rate_limit::{self, Client, Usage};
use super::routes::{Match, Route};
use super::uncounted::is_uncounted;
use super::{auth, clock, for_log};
use crate::domain::key::Scope;

/// A request that was let in.
pub(super) struct Admitted {
    /// Its key.
    pub(super) caller: Caller,
    /// The window that it was counted in; none where it is not counted.
    pub(super) usage: Option<Usage>,
}

/// Checks the key and counts the request: against the key when there is one, else against the address, so
/// that nobody without a key can use up the window of those with one. `common` gets the headers of
/// the window.
pub(super) fn admit(
    app: &App,
    head: &Request<()>,
    found: &Match,
    common: &mut HeaderMap,
) -> Result<Admitted, Error> {
    let Some(needs) = found.needs else {
        return Ok(Admitted {
            caller: Caller::Anonymous,
            usage: None,
        });
    };
    let now_us = clock::now_us();
    match auth::caller(app, head.headers(), found.route.project(), now_us) {
        Ok(caller) => {
            common.extend(for_log::device(head.headers(), &caller));
            let usage = count_caller(app, head, &found.route, needs, &caller, common)?;
            Ok(Admitted { caller, usage })
        }
        Err(error) if error.refuses_key() => {
            let network = client_network(head.headers(), &app.settings.trusted_proxies()?);
            count(app, &Client::Network(network), common)?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// A request that its key may not make counts like any other, and nothing is looked up for it.
fn count_caller(
    app: &App,
    head: &Request<()>,
    route: &Route,
    needs: Scope,
    caller: &Caller,
    common: &mut HeaderMap,
) -> Result<Option<Usage>, Error> {
    let permitted = permit(caller, route, needs);
    if permitted.is_ok() && is_uncounted(app, head, route)? {
        return Ok(None);
    }
    let usage = count(app, &Client::of(caller), common)?;
    permitted.map(|()| Some(usage))
}

fn permit(caller: &Caller, route: &Route, needs: Scope) -> Result<(), Error> {
    caller.require(needs)?;
    route
        .project()
        .map_or(Ok(()), |id| caller.require_project(id))
}

fn count(app: &App, client: &Client, common: &mut HeaderMap) -> Result<Usage, Error> {
    let usage = rate_limit::count(app, client, clock::now_us() as u64 / 1000)?;
    usage.describe(common);
    usage.check()?;
    Ok(usage)
}
