//! Which requests are let in: those with a key that may do what they ask for, as long as their window
//! lasts.

use http::header::HeaderMap;
use http::{Request, Response, StatusCode};

use super::app::App;
use super::caller::Caller;
use super::client_network::client_network;
use super::credentials::sent_key;
use super::error::Error;
use super::handlers::continues_feed;
use super::rate_limit::{self, Client, Usage};
use super::response::Idle;
use super::routes::{Match, Route};
use super::uncounted::is_uncounted;
use super::{auth, clock, for_log};
use crate::domain::ProjectId;
use crate::domain::key::Scope;

/// A request that was let in.
pub(super) struct Admitted {
    /// Its key.
    pub(super) caller: Caller,
    /// Whether it was counted.
    pub(super) counted: Counted,
}

/// Whether a request was counted.
pub(super) enum Counted {
    No,
    /// It was, in this window.
    Yes(Usage),
    /// It will be, for this client, if it fails.
    IfItFails(Client),
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
            counted: Counted::No,
        });
    };
    let sent = sent_key(head.headers());
    let project = found.route.project();
    let caller = identify(app, head.headers(), sent.as_deref(), project, common)?;
    let counted = count_caller(app, head, &found.route, needs, &caller, common)?;
    Ok(Admitted { caller, counted })
}

/// The caller with a key. A wrong one counts against the network of the client.
pub(super) fn identify(
    app: &App,
    headers: &HeaderMap,
    sent: Option<&[u8]>,
    project: Option<&ProjectId>,
    common: &mut HeaderMap,
) -> Result<Caller, Error> {
    let found = auth::caller(app, sent, project, clock::now_us());
    match &found {
        Ok(caller) => common.extend(for_log::device(headers, caller)),
        Err(error) if error.refuses_key() => count_refusal(app, headers, common)?,
        Err(_) => {}
    }
    found
}

/// Counts a request without a key, or with a wrong one: 429 when there were too many.
pub(super) fn count_refusal(
    app: &App,
    headers: &HeaderMap,
    common: &mut HeaderMap,
) -> Result<(), Error> {
    let network = client_network(headers, &app.settings.trusted_proxies()?);
    count(app, &Client::Network(network), common)
}

/// A request that its key may not make counts like any other, and nothing is looked up for it.
fn count_caller(
    app: &App,
    head: &Request<()>,
    route: &Route,
    needs: Scope,
    caller: &Caller,
    common: &mut HeaderMap,
) -> Result<Counted, Error> {
    let client = Client::of(caller);
    if let Err(error) = permit(caller, route, needs) {
        count(app, &client, common)?;
        return Err(error);
    }
    match route {
        route if is_uncounted(app, head, route)? => Ok(Counted::No),
        route if continues_feed(head, route) => Ok(Counted::IfItFails(client)),
        _ => admit_one(app, &client, common).map(Counted::Yes),
    }
}

/// What is asked often and tells that nothing has changed is not counted after all.
pub(super) fn settle(
    app: &App,
    counted: Counted,
    answer: Result<Response<Vec<u8>>, Error>,
    common: &mut HeaderMap,
) -> Result<Response<Vec<u8>>, Error> {
    match (counted, &answer) {
        (Counted::Yes(usage), Ok(response)) if is_idle(response) => usage.take_back(app)?,
        (Counted::Yes(usage), _) => usage.describe(common),
        (Counted::IfItFails(client), Err(_)) => count(app, &client, common)?,
        (Counted::No | Counted::IfItFails(_), _) => {}
    }
    answer
}

fn is_idle(response: &Response<Vec<u8>>) -> bool {
    let is_empty = response.extensions().get::<Idle>().is_some();
    is_empty || response.status() == StatusCode::NOT_MODIFIED
}

/// 403 unless the key may do this.
pub(super) fn permit(caller: &Caller, route: &Route, needs: Scope) -> Result<(), Error> {
    caller.require(needs)?;
    route
        .project()
        .map_or(Ok(()), |id| caller.require_project(id))
}

/// Counts a request of this client: 429 when there were too many.
pub(super) fn count(app: &App, client: &Client, common: &mut HeaderMap) -> Result<(), Error> {
    admit_one(app, client, common).map(|usage| usage.describe(common))
}

/// Counts a request whose answer may say that it was not counted: [`settle`] adds the headers.
fn admit_one(app: &App, client: &Client, common: &mut HeaderMap) -> Result<Usage, Error> {
    let usage = rate_limit::count(app, client, clock::now_us() as u64 / 1000)?;
    match usage.check() {
        Ok(()) => Ok(usage),
        Err(error) => {
            usage.describe(common);
            Err(error)
        }
    }
}
