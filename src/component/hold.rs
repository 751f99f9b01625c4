//! Holds requests where the host does not, as on Spin: the instance looks again once a second. The
//! program `kamiflow-sync` does it without an instance.

use std::thread::sleep;
use std::time::{Duration, Instant};

use http::{Request, Response};

use super::bindings::wasi::random::random::get_random_u64;
use crate::api::again::{mark_again, strip};
use crate::api::hold::{self, Hold};
use crate::api::{App, Body, Error, Publication, Waiting};
use crate::dispatch;

/// Half of it is how late a change is seen, on the average.
const INTERVAL: Duration = Duration::from_secs(1);

/// Answers a request, after a wait if it asks for one.
pub(super) fn answer(app: &App, head: Request<()>, body: impl Body) -> Response<Vec<u8>> {
    if app.is_held {
        return ask(app, head, body);
    }
    let mut head = head;
    strip(head.headers_mut());
    let again = hold::may_be_held(&head).then(|| head.clone());
    let mut response = ask(app, head, body);
    Publication::take(response.headers_mut());
    match (Hold::take(response.headers_mut()), again) {
        (Some(hold), Some(head)) => wait(app, head, &hold, response),
        _ => response,
    }
}

fn ask(app: &App, head: Request<()>, body: impl Body) -> Response<Vec<u8>> {
    dispatch::answer(app, head.map(|()| body), get_random_u64)
}

fn wait(
    app: &App,
    mut head: Request<()>,
    hold: &Hold,
    held: Response<Vec<u8>>,
) -> Response<Vec<u8>> {
    let waiting = match Waiting::begin(app, hold.timeout) {
        Ok(Some(waiting)) => waiting,
        Ok(None) => return hold::too_many(held.headers()),
        Err(error) => return error.into_response(),
    };
    mark_again(head.headers_mut(), None);
    let response = look_until_changed(app, &head, hold.timeout);
    match waiting.end(app) {
        Ok(()) => response,
        Err(error) => error.into_response(),
    }
}

/// The last look is when the time is over.
fn look_until_changed(app: &App, head: &Request<()>, timeout: Duration) -> Response<Vec<u8>> {
    let started = Instant::now();
    loop {
        let left = timeout.saturating_sub(started.elapsed());
        sleep(left.min(INTERVAL));
        let mut response = ask(app, head.clone(), Nothing);
        let is_held = Hold::take(response.headers_mut()).is_some();
        if !is_held || left <= INTERVAL {
            return response;
        }
    }
}

/// The body of a request without one.
struct Nothing;

impl Body for Nothing {
    fn read(self, _limit_bytes: usize) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }
}
