//! A component that tries what it is not allowed to do, and fails in every possible way.
//!
//! `GET /<attempt>?<argument>` tries it: 200 with what was reached, 403 with the reason why
//! nothing was, or no answer at all.

mod bindings;
mod fail;
mod hoard;
mod reach;

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

/// What was reached, or why nothing was.
type Attempt = Result<String, String>;

struct Component;

bindings::export!(Component with_types_in bindings);

impl Guest for Component {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, argument) = target.split_once('?').unwrap_or((&target, ""));
        let attempt = path.trim_start_matches('/');
        let argument = argument.replace("%20", " ");
        if let Some(outcome) =
            reach::attempt(attempt, &argument).or_else(|| hoard::attempt(attempt))
        {
            answer(outparam, outcome);
        } else {
            fail::attempt(attempt, outparam);
        }
    }
}

fn answer(outparam: ResponseOutparam, outcome: Attempt) {
    let (status, text) = match outcome {
        Ok(text) => (200, text),
        Err(text) => (403, text),
    };
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).expect("a status");
    let body = response.body().expect("a body");
    ResponseOutparam::set(outparam, Ok(response));
    write(&body, text.as_bytes());
    OutgoingBody::finish(body, None).expect("a whole body");
}

fn write(body: &OutgoingBody, bytes: &[u8]) {
    let stream = body.write().expect("a stream");
    for chunk in bytes.chunks(4096) {
        stream.blocking_write_and_flush(chunk).expect("a reader");
    }
}
