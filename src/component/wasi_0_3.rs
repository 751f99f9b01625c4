//! WASI 0.3: an instance outlives a request and takes the next one, but never computes for two at a time.
//!
//! A call into SQLite blocks the whole instance, so a second request in it would wait for what the
//! first one waits for; on its own it finds another instance, or a new one. Only beside requests that wait
//! for a change, the instance takes others, and more that wait.

use wit_bindgen::{
    StreamResult, StreamWriter, backpressure_dec, backpressure_inc, block_on, spawn_local,
    yield_async,
};

use super::bell::{listen, sleep};
use super::bindings::exports::wasi::http0_3_0::handler::Guest;
use super::bindings::wasi::http0_3_0::types::{ErrorCode, Request, Response};
use super::bindings::{wit_future, wit_stream};
use super::hold::{Answer, EventStream, Step};
use super::request::{fields, head};
use super::timer::within;
use super::{Component, after_answer, begin, body_timeout, with_app};
use crate::api::{Body, Error, MAX_PAUSE};

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        backpressure_inc();
        let head = head(
            request.get_method(),
            request.get_path_with_query(),
            request.get_headers().copy_all(),
        );
        let answer = finish(begin(head, Incoming(request))).await;
        for _ in 0..YIELDS {
            yield_async().await;
        }
        Ok(send(answer))
    }
}

/// Waits if the request has to.
async fn finish(mut step: Step) -> Answer {
    let mut listener = listen();
    loop {
        match step {
            Step::Answer(answer) => return answer,
            Step::Wait(wait) => {
                sleep(with_app(|app| wait.pause(app)), &mut listener).await;
                step = with_app(|app| wait.look(app)).map_or_else(Step::Wait, Step::from);
            }
        }
    }
}

/// How often the host gets a turn before it gets the answer.
///
/// Spin takes the head of an answer before its body, which is gone together only when one thread
/// does both. Its variables and its key-value store block in place, and from then on two threads
/// are at work: one sends the head before the other has the body, which then waits for the client's
/// acknowledgement, mostly 40 ms, since Spin leaves Nagle on. Whoever yields comes back on a thread
/// that does both; but the host looks at a request a second time before it believes that it waits,
/// so the first yield may be over before it began.
const YIELDS: usize = 2;

/// The body of a WASI request.
struct Incoming(Request);

/// Bytes asked for at once; the host gives what has arrived.
const CHUNK_BYTES: usize = 1 << 20;

impl Body for Incoming {
    fn read(self, declared: usize, limit_bytes: usize) -> Result<Vec<u8>, Error> {
        block_on(read(self.0, declared, limit_bytes))
    }
}

async fn read(request: Request, length: usize, limit_bytes: usize) -> Result<Vec<u8>, Error> {
    // One more than the body, so that its end is read without growing. The rest of a large body only
    // when something comes: until then its length is only announced.
    let mut bytes = Vec::with_capacity(length.min(CHUNK_BYTES) + 1);
    let (_, done) = wit_future::new(|| Ok(()));
    let (mut stream, trailers) = Request::consume_body(request, done);
    let mut result = StreamResult::Complete(0);
    while result != StreamResult::Dropped {
        if bytes.len() == bytes.capacity() {
            match (length.min(limit_bytes) + 1).saturating_sub(bytes.len()) {
                0 => bytes.reserve(CHUNK_BYTES),
                rest => bytes.reserve_exact(rest),
            }
        }
        let read = within(body_timeout(), stream.read(bytes)).await;
        (result, bytes) = read.ok_or(Error::BodyCutShort)?;
        if bytes.len() > limit_bytes {
            return Err(Error::BodyTooLarge { limit_bytes });
        }
    }
    // How the body ended.
    match trailers.await {
        Ok(_) => Ok(bytes),
        Err(_) => Err(Error::BodyCutShort),
    }
}

/// Hands the head over and lets the body follow. The next request may come when it is gone.
fn send((response, events): Answer) -> Response {
    let (parts, content) = response.into_parts();
    let (mut stream, contents) = wit_stream::new();
    let (end, trailers) = wit_future::new(|| Ok(None));
    let (outgoing, _) = Response::new(fields(&parts.headers), Some(contents), trailers);
    // A status is three digits.
    outgoing
        .set_status_code(parts.status.as_u16())
        .expect("a status is valid");
    spawn_local(async move {
        // The host logs a client that is gone; there is nobody to tell.
        let unread = stream.write_all(content).await;
        if let Some(events) = events {
            follow(events, &mut stream, unread.is_empty()).await;
        }
        // Only now: a host that gets the trailers first sends the head alone.
        drop((stream, end));
        after_answer();
        backpressure_dec();
    });
    outgoing
}

/// Writes events as they come, while the client is there. Others come while it reads.
async fn follow(mut events: Box<EventStream>, stream: &mut StreamWriter<u8>, mut is_there: bool) {
    let mut listener = listen();
    while is_there {
        after_answer();
        // It is also over for a ring while the client read.
        sleep(with_app(|app| events.pause(app)), &mut listener).await;
        let Some(next) = with_app(|app| events.next(app)) else {
            break;
        };
        if !next.is_empty() {
            backpressure_dec();
            let unread = within(MAX_PAUSE, stream.write_all(next)).await;
            is_there = unread.is_some_and(|unread| unread.is_empty());
            backpressure_inc();
        }
    }
    with_app(|app| events.end(app));
}
