//! Holds requests where the host does not, as on Spin: whoever waits looks again twice a second. The
//! program `kamiflow-sync` does it without an instance.

mod ask;
mod event_stream;
mod long_poll;
mod waiter;

use http::{Request, Response};

use crate::api::again::strip;
use crate::api::hold::{self, Hold};
use crate::api::{App, Body, Publication};
use ask::ask;
pub(super) use event_stream::EventStream;
pub(super) use long_poll::LongPoll;
use waiter::Waiter;

/// How far a request is.
pub(super) enum Step {
    Answer(Response<Vec<u8>>),
    Wait(Box<LongPoll>),
    /// The answer begins, and events follow it.
    Stream(Response<Vec<u8>>, Box<EventStream>),
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
        (Some(hold), Some(head)) => wait(app, head, hold, response),
        _ => Step::Answer(response),
    }
}

fn wait(app: &App, head: Request<()>, hold: Hold, held: Response<Vec<u8>>) -> Step {
    let waiter = match Waiter::begin(app, head, &hold) {
        Ok(Some(waiter)) => waiter,
        Ok(None) => return Step::Answer(hold::too_many(held.headers())),
        Err(error) => return Step::Answer(error.into_response()),
    };
    match hold.last_id {
        None => Step::Wait(Box::new(LongPoll::new(waiter, hold.timeout))),
        Some(_) => {
            let (response, events) = EventStream::begin(waiter, hold, held);
            Step::Stream(response, Box::new(events))
        }
    }
}
