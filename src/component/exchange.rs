//! A request and its answer in one piece each, for the program `kamiflow-sync`.

use std::cell::RefCell;

use super::bindings::exports::kamiflow::sync::exchange::Guest;
use super::bindings::wasi::http::types::{IncomingBody, ResponseOutparam};
use super::hold::Answer;
use super::wasi_0_2::{Incoming, complete, send};
use super::{Component, after_answer, begin, has_more_to_do};
use crate::api::message::{MAX_SHORT, read_head, write_answer};

thread_local! {
    /// The answer that was too long, or continues, until it is sent.
    static LONG: RefCell<Option<Answer>> = const { RefCell::new(None) };
}

impl Guest for Component {
    fn handle(head: Vec<u8>, body: Option<IncomingBody>) -> (Vec<u8>, bool) {
        let (answer, events) = complete(begin(read_head(head), Incoming::Body(body)));
        if events.is_none() && answer.body().len() <= MAX_SHORT {
            return (write_answer(&answer), has_more_to_do());
        }
        LONG.set(Some((answer, events)));
        (Vec::new(), true)
    }

    fn finish(outparam: Option<ResponseOutparam>) {
        if let (Some(answer), Some(outparam)) = (LONG.take(), outparam) {
            send(answer, outparam);
        }
        after_answer();
    }
}
