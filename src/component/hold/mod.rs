//! Holds requests where the host does not, as on Spin: the component looks for changes twice a second. The
//! program `kamiflow-sync` holds them without an instance.

mod ask;
mod event_stream;
mod long_poll;
mod waiter;

use http::{Request, Response};

use crate::addresses::may_be_held;
use crate::api::waiting::again::strip;
use crate::api::waiting::hold::{self, Hold};
use crate::api::{App, Body, Publication};
use ask::ask;
pub(super) use event_stream::EventStream;
pub(super) use long_poll::LongPoll;
use waiter::Waiter;

/// An answer, and what follows it when it is a stream.
pub(super) type Answer = (Response<Vec<u8>>, Option<Box<EventStream>>);

/// How far a request is.
pub(super) enum Step {
    Answer(Answer),
    Wait(Box<LongPoll>),
}

impl From<Response<Vec<u8>>> for Step {
    fn from(response: Response<Vec<u8>>) -> Self {
        Self::Answer((response, None))
    }
}

/// Answers a request, unless it has to wait.
pub(super) fn begin(app: &App, mut head: Request<()>, body: impl Body) -> Step {
    if app.is_held {
        return ask(app, head, body).into();
    }
    strip(head.headers_mut());
    let again = may_be_held(&head).then(|| head.clone());
    let mut response = ask(app, head, body);
    Publication::take(response.headers_mut());
    match (Hold::take(response.headers_mut()), again) {
        (Some(hold), Some(head)) => wait(app, head, &hold, response),
        _ => response.into(),
    }
}

fn wait(app: &App, head: Request<()>, hold: &Hold, mut held: Response<Vec<u8>>) -> Step {
    let waiter = match Waiter::begin(app, head, hold) {
        Ok(Ok(waiter)) => waiter,
        Ok(Err(reason)) => return hold::too_many(held.headers(), reason).into(),
        Err(error) => return error.into_response().into(),
    };
    match hold.last_id {
        None => Step::Wait(Box::new(LongPoll::new(waiter, hold.timeout))),
        Some(_) => {
            let events = EventStream::begin(waiter, hold, &mut held);
            Step::Answer((held, Some(Box::new(events))))
        }
    }
}
