//! WASI 0.2: a function that blocks.

use std::thread::sleep;

use super::bindings::exports::wasi::http::incoming_handler::Guest;
use super::bindings::wasi::http::types::{
    IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use super::bindings::wasi::io::streams::{OutputStream, StreamError};
use super::hold::{Answer, EventStream, Step};
use super::request::{fields, head};
use super::{Component, after_answer, begin, with_app};
use crate::api::{Body, Error};

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

/// The body of a request.
pub(super) enum Incoming {
    /// Of this request.
    Request(IncomingRequest),
    /// None for a request without one.
    Body(Option<IncomingBody>),
}

/// Bytes asked for at once; the host gives what has arrived.
const CHUNK_BYTES: u64 = 1 << 20;

impl Body for Incoming {
    fn read(self, declared: usize, limit_bytes: usize) -> Result<Vec<u8>, Error> {
        let body = match self {
            Self::Request(request) => Some(request.consume().map_err(|()| Error::BodyCutShort)?),
            Self::Body(body) => body,
        };
        body.map_or(Ok(Vec::new()), |body| read(&body, declared, limit_bytes))
    }
}

fn read(body: &IncomingBody, length: usize, limit_bytes: usize) -> Result<Vec<u8>, Error> {
    let stream = body.stream().map_err(|()| Error::BodyCutShort)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(CHUNK_BYTES) {
            Ok(chunk) if bytes.len() + chunk.len() > limit_bytes => {
                return Err(Error::BodyTooLarge { limit_bytes });
            }
            // Most bodies come at once.
            Ok(chunk) if bytes.is_empty() && chunk.len() == length && length > 0 => {
                return Ok(chunk);
            }
            Ok(chunk) => {
                // Not before: a length is only announced until something comes.
                bytes.reserve_exact(length.min(limit_bytes).saturating_sub(bytes.len()));
                bytes.extend_from_slice(&chunk);
            }
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(Error::BodyCutShort),
        }
    }
}

/// Sends an answer. What fits into the stream at once is written and finished before the
/// answer is handed over, so that head and body leave in one segment.
pub(super) fn send((response, events): Answer, outparam: ResponseOutparam) {
    let (parts, content) = response.into_parts();
    let outgoing = OutgoingResponse::new(fields(&parts.headers));
    // A status is three digits, and the body of a new response is not yet taken.
    outgoing
        .set_status_code(parts.status.as_u16())
        .expect("a status is valid");
    let body = outgoing.body().expect("the body is taken once");
    let stream = body.write().expect("the stream is taken once");
    let sent = write_what_fits(&stream, &content);
    if sent == content.len() && events.is_none() {
        finish(stream, body);
        ResponseOutparam::set(outparam, Ok(outgoing));
    } else {
        ResponseOutparam::set(outparam, Ok(outgoing));
        let mut is_complete = write_all(&stream, &content[sent..]).is_ok();
        if let Some(events) = events {
            is_complete = follow(events, &stream, is_complete);
        }
        if is_complete {
            finish(stream, body);
        }
    }
}

fn finish(stream: OutputStream, body: OutgoingBody) {
    drop(stream);
    // The host logs a client that is gone; there is nobody to tell.
    _ = OutgoingBody::finish(body, None);
}

/// Writes events as they come, while the client is there. Returns whether it is at the end.
fn follow(mut events: Box<EventStream>, stream: &OutputStream, mut is_there: bool) -> bool {
    while is_there {
        after_answer();
        sleep(with_app(|app| events.pause(app)));
        let Some(next) = with_app(|app| events.next(app)) else {
            break;
        };
        is_there = write_all(stream, &next).is_ok();
    }
    with_app(|app| events.end(app));
    is_there
}

fn write_what_fits(stream: &OutputStream, content: &[u8]) -> usize {
    let room = stream.check_write().unwrap_or(0);
    let fitting = content.len().min(room as usize);
    match stream.write(&content[..fitting]) {
        Ok(()) => fitting,
        Err(_) => 0,
    }
}

fn write_all(stream: &OutputStream, mut content: &[u8]) -> Result<(), StreamError> {
    if content.is_empty() {
        return Ok(());
    }
    while !content.is_empty() {
        stream.subscribe().block();
        let room = stream.check_write()? as usize;
        let (next, rest) = content.split_at(content.len().min(room));
        stream.write(next)?;
        content = rest;
    }
    stream.flush()?;
    stream.subscribe().block();
    stream.check_write().map(drop)
}
