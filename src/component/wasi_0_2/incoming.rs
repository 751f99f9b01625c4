//! Reads the body of a request.

use super::stall::{Stalled, wait};
use crate::api::{Body, Error};
use crate::component::bindings::wasi::http::types::{IncomingBody, IncomingRequest};
use crate::component::bindings::wasi::io::streams::StreamError;

/// The body of a request.
pub enum Incoming {
    /// The body of this request, which nobody has taken yet.
    Request(IncomingRequest),
    /// The body that was taken; none for a request without one.
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
        match stream.read(CHUNK_BYTES) {
            Ok(chunk) if chunk.is_empty() => {
                wait(&stream.subscribe()).map_err(|Stalled| Error::BodyCutShort)?;
            }
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
