//! Sends an answer.

use std::thread::sleep;

use super::stall::{Stalled, wait};
use crate::component::bindings::wasi::http::types::{
    OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::component::bindings::wasi::io::streams::{OutputStream, StreamError};
use crate::component::hold::{Answer, EventStream};
use crate::component::request::fields;
use crate::component::{after_answer, with_app};

/// Bytes that leave at once: a client that takes these within a minute is waited for.
const PIECE_BYTES: usize = 256 << 10;

/// Sends an answer. One that fits into the stream at once is written and finished before it is handed over, so that
/// head and body leave in one segment.
pub fn send((response, events): Answer, outparam: ResponseOutparam) {
    let (parts, content) = response.into_parts();
    let outgoing = OutgoingResponse::new(fields(&parts.headers));
    // A status is three digits, and the body of a new response is not yet taken.
    outgoing
        .set_status_code(parts.status.as_u16())
        .expect("a status is valid");
    let body = outgoing.body().expect("the body is taken once");
    let stream = body.write().expect("the stream is taken once");
    if events.is_none() && fits(&stream, &content) && stream.write(&content).is_ok() {
        finish(stream, body);
        ResponseOutparam::set(outparam, Ok(outgoing));
        return;
    }
    ResponseOutparam::set(outparam, Ok(outgoing));
    let mut is_complete = write_all(&stream, &content).is_ok();
    if let Some(events) = events {
        is_complete = follow(events, &stream, is_complete);
    }
    if is_complete {
        finish(stream, body);
    }
}

fn fits(stream: &OutputStream, content: &[u8]) -> bool {
    let room = stream.check_write().unwrap_or(0);
    content.len() as u64 <= room
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

fn write_all(stream: &OutputStream, content: &[u8]) -> Result<(), StreamError> {
    for mut piece in content.chunks(PIECE_BYTES) {
        while !piece.is_empty() {
            let (next, rest) = piece.split_at(piece.len().min(room(stream)?));
            stream.write(next)?;
            piece = rest;
        }
    }
    if !content.is_empty() {
        stream.flush()?;
        room(stream)?;
    }
    Ok(())
}

/// How many bytes the client takes now. It is closed to a client that has stalled.
fn room(stream: &OutputStream) -> Result<usize, StreamError> {
    wait(&stream.subscribe()).map_err(|Stalled| StreamError::Closed)?;
    Ok(stream.check_write()? as usize)
}
