//! The entry point: WASI on one side, [`http`] types on the other.

#![expect(unsafe_code, reason = "the generated export is a C function")]

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};

use crate::api::{self, Body};
use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::bindings::wasi::http::types::{
    Fields, IncomingRequest, Method as WasiMethod, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::{OutputStream, StreamError};
use crate::bindings::wasi::random::random::get_random_u64;
use crate::error::Error;

struct Component;

crate::bindings::export!(Component with_types_in crate::bindings);

impl Guest for Component {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let response = match read_head(&request) {
            Some(head) => api::answer(head.map(|()| Incoming(request)), get_random_u64),
            None => Error::BadRequest("The request line or a header is malformed.".to_owned())
                .into_response(),
        };
        send(response, outparam);
    }
}

fn read_head(request: &IncomingRequest) -> Option<Request<()>> {
    let mut head = Request::new(());
    *head.method_mut() = method(request.method())?;
    *head.uri_mut() = request
        .path_with_query()
        .unwrap_or_default()
        .parse::<Uri>()
        .ok()?;
    *head.headers_mut() = headers(request.headers().entries())?;
    Some(head)
}

fn method(method: WasiMethod) -> Option<Method> {
    Some(match method {
        WasiMethod::Get => Method::GET,
        WasiMethod::Head => Method::HEAD,
        WasiMethod::Post => Method::POST,
        WasiMethod::Put => Method::PUT,
        WasiMethod::Delete => Method::DELETE,
        WasiMethod::Connect => Method::CONNECT,
        WasiMethod::Options => Method::OPTIONS,
        WasiMethod::Trace => Method::TRACE,
        WasiMethod::Patch => Method::PATCH,
        WasiMethod::Other(name) => name.parse().ok()?,
    })
}

fn headers(entries: Vec<(String, Vec<u8>)>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(entries.len());
    for (name, value) in entries {
        headers.append(
            name.parse::<HeaderName>().ok()?,
            HeaderValue::from_maybe_shared(value).ok()?,
        );
    }
    Some(headers)
}

/// The body of a WASI request.
struct Incoming(IncomingRequest);

/// Bytes asked for at once; the host gives what has arrived.
const CHUNK_BYTES: u64 = 1 << 20;

impl Body for Incoming {
    fn read(self, limit_bytes: usize) -> Result<Vec<u8>, Error> {
        let body = self.0.consume().map_err(|()| Error::BodyCutShort)?;
        let stream = body.stream().map_err(|()| Error::BodyCutShort)?;
        let mut bytes = Vec::with_capacity(declared_length(&self.0).min(limit_bytes));
        loop {
            match stream.blocking_read(CHUNK_BYTES) {
                Ok(chunk) if bytes.len() + chunk.len() > limit_bytes => {
                    return Err(Error::BodyTooLarge { limit_bytes });
                }
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(StreamError::Closed) => return Ok(bytes),
                Err(StreamError::LastOperationFailed(_)) => return Err(Error::BodyCutShort),
            }
        }
    }
}

fn declared_length(request: &IncomingRequest) -> usize {
    let values = request.headers().get("content-length");
    values
        .first()
        .and_then(|value| str::from_utf8(value).ok()?.parse().ok())
        .unwrap_or(0)
}

/// Sends an answer. What fits into the stream at once is written and finished before the
/// answer is handed over, so that head and body leave in one segment.
fn send(response: Response<Vec<u8>>, outparam: ResponseOutparam) {
    let (parts, content) = response.into_parts();
    let outgoing = OutgoingResponse::new(fields(&parts.headers));
    // A status is three digits, and the body of a new response is not yet taken.
    outgoing
        .set_status_code(parts.status.as_u16())
        .expect("a status is valid");
    let body = outgoing.body().expect("the body is taken once");
    let stream = body.write().expect("the stream is taken once");
    let sent = write_what_fits(&stream, &content);
    if sent == content.len() {
        drop(stream);
        // The host logs a client that is gone; there is nobody to tell.
        _ = OutgoingBody::finish(body, None);
        ResponseOutparam::set(outparam, Ok(outgoing));
    } else {
        ResponseOutparam::set(outparam, Ok(outgoing));
        if write_all(&stream, &content[sent..]).is_ok() {
            drop(stream);
            _ = OutgoingBody::finish(body, None);
        }
    }
}

fn fields(headers: &HeaderMap) -> Fields {
    let entries: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries).expect("header names and values are valid")
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
