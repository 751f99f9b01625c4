//! Holds requests where the host does not, as on Spin: whoever waits looks again twice a second. The
//! program `kamiflow-sync` does it without an instance.

use std::time::{Duration, Instant};

use http::{Request, Response};

use super::bindings::wasi::random::random::get_random_u64;
use crate::api::again::{mark_again, strip};
use crate::api::hold::{self, Hold};
use crate::api::routes;
use crate::api::{App, Body, Error, Publication, Waiting, Watched};
use crate::dispatch;

/// Requests that may wait at once. On WASI 0.2 each has an instance, and Spin has 1,000 for everything.
const MAX_WAITING: i64 = if cfg!(feature = "wasi-0-3") { 1000 } else { 64 };

/// How far a request is.
pub(super) enum Step {
    Answer(Response<Vec<u8>>),
    Wait(Box<Wait>),
}

/// A request that waits.
pub(super) struct Wait {
    head: Request<()>,
    waiting: Waiting,
    watched: Watched,
    began: Instant,
    timeout: Duration,
}

/// Answers a request, unless it has to wait.
pub(super) fn begin(app: &App, mut head: Request<()>, body: impl Body) -> Step {
    if app.is_held {
        return Step::Answer(ask(app, head, body));
    }
    strip(head.headers_mut());
    let again = hold::may_be_held(&head).then(|| head.clone());
    let mut response = ask(app, head, body);
    Publication::take(response.headers_mut());
    match (Hold::take(response.headers_mut()), again) {
        (Some(hold), Some(head)) => wait(app, head, &hold, response),
        _ => Step::Answer(response),
    }
}

fn ask(app: &App, head: Request<()>, body: impl Body) -> Response<Vec<u8>> {
    dispatch::answer(app, head.map(|()| body), get_random_u64)
}

fn wait(app: &App, mut head: Request<()>, hold: &Hold, held: Response<Vec<u8>>) -> Step {
    let Some(project) = routes::project(head.uri().path()) else {
        return Step::Answer(held);
    };
    let waiting = match Waiting::begin(app, hold.timeout, MAX_WAITING) {
        Ok(Some(waiting)) => waiting,
        Ok(None) => return Step::Answer(hold::too_many(held.headers())),
        Err(error) => return Step::Answer(error.into_response()),
    };
    mark_again(head.headers_mut(), None);
    Step::Wait(Box::new(Wait {
        head,
        waiting,
        watched: Watched::begin(&app.watch, project),
        began: Instant::now(),
        timeout: hold.timeout,
    }))
}

impl Wait {
    /// How long until the next look.
    pub(super) fn pause(&self, app: &App) -> Duration {
        self.left().min(app.watch.pause())
    }

    /// Asks again when the project may have changed, and when the time is over.
    pub(super) fn look(mut self: Box<Self>, app: &App) -> Step {
        let is_over = self.left().is_zero();
        if !is_over && !self.watched.has_changed(&app.watch, &app.database) {
            return Step::Wait(self);
        }
        let mut response = ask(app, self.head.clone(), Nothing);
        let is_held = Hold::take(response.headers_mut()).is_some();
        if is_held && !is_over {
            return Step::Wait(self);
        }
        self.watched.end(&app.watch);
        Step::Answer(match self.waiting.end(app) {
            Ok(()) => response,
            Err(error) => error.into_response(),
        })
    }

    fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.began.elapsed())
    }
}

/// The body of a request without one.
struct Nothing;

impl Body for Nothing {
    fn read(self, _declared: usize, _limit_bytes: usize) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }
}
