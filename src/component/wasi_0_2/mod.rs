//! WASI 0.2: a function that blocks.

mod incoming;
mod outgoing;
mod stall;

use std::thread::sleep;

use super::bindings::exports::wasi::http::incoming_handler::Guest;
use super::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use super::hold::{Answer, Step};
use super::request::head;
use super::{Component, after_answer, begin, with_app};

pub(super) use incoming::Incoming;
pub(super) use outgoing::send;

impl Guest for Component {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let head = head(
            request.method(),
            request.path_with_query(),
            request.headers().entries(),
        );
        let answer = complete(begin(head, Incoming::Request(request)));
        send(answer, outparam);
        after_answer();
    }
}

/// The instance waits with the request.
pub(super) fn complete(mut step: Step) -> Answer {
    loop {
        match step {
            Step::Answer(answer) => return answer,
            Step::Wait(wait) => {
                sleep(with_app(|app| wait.pause(app)));
                step = with_app(|app| wait.look(app)).map_or_else(Step::Wait, Step::from);
            }
        }
    }
}
