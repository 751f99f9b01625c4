//! Takes responses off the guests' hands: a response is completed in memory, so that a client that
//! reads slowly, or not at all, keeps no permit. The bytes are counted until they have been written
//! to the socket. While they are too many, stalled connections are closed.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Method, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use kamiflow_sync_component::api::message::MAX_SHORT;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error, WasiBody};

use super::slots::ConnectionSlots;

/// Responses of fewer bytes are not counted.
const SMALL: usize = MAX_SHORT + 1;
/// Responses of at least this many bytes are large. They have a budget of their own, so that
/// clients that do not read pages of content delay no other answer.
const LARGE: usize = 1 << 20;
/// Bytes of ordinary responses in memory.
const ORDINARY_BUDGET: usize = 48 << 20;
/// Bytes of large responses in memory. A response that is larger waits until it is alone.
const LARGE_BUDGET: usize = 128 << 20;
/// Bytes per permit.
const UNIT: usize = 1 << 10;

/// Clones share the budgets.
#[derive(Clone)]
pub struct ResponseMemory {
    ordinary: Arc<Semaphore>,
    large: Arc<Semaphore>,
    slots: ConnectionSlots,
}

impl ResponseMemory {
    /// Closes stalled connections of `slots`.
    pub fn new(slots: ConnectionSlots) -> Self {
        let budget = |bytes| Arc::new(Semaphore::new(bytes / UNIT));
        Self {
            ordinary: budget(ORDINARY_BUDGET),
            large: budget(LARGE_BUDGET),
            slots,
        }
    }

    /// Waits until all of the body is in memory. A body of unknown length is returned as it is, and
    /// one that will not be sent, as in response to HEAD, is dropped.
    ///
    /// # Errors
    ///
    /// When the guest fails before the end of the body.
    pub async fn complete(
        &self,
        response: Response<WasiBody>,
        method: &Method,
    ) -> Result<Completed, Error> {
        // A body of known length is there already.
        let known = response.body().size_hint().exact();
        if known.is_some_and(|length| length < SMALL as u64) {
            return Ok(Completed::InMemory(response));
        }
        let (parts, body) = response.into_parts();
        let body = if is_without_body(method, parts.status) {
            BodyInMemory::default()
        } else if let Some(length) = length(&parts.headers) {
            let memory = Arc::new(self.reserve(length).await);
            BodyInMemory::read(body, memory).await?
        } else {
            return Ok(Completed::Streaming(Response::from_parts(parts, body)));
        };
        let response = Response::from_parts(parts, body.boxed_unsync());
        Ok(Completed::InMemory(response))
    }

    /// `None` when the response is not counted.
    async fn reserve(&self, length: usize) -> Option<OwnedSemaphorePermit> {
        let budget = match length {
            ..SMALL => return None,
            SMALL..LARGE => &self.ordinary,
            LARGE.. => &self.large,
        };
        let units = u32::try_from(length.min(LARGE_BUDGET) / UNIT).unwrap_or(u32::MAX);
        let memory = budget.clone().acquire_many_owned(units);
        self.slots.evict_stalled_until(memory).await.ok()
    }
}

/// A response that needs the guest no more, or still does.
pub enum Completed {
    InMemory(Response<WasiBody>),
    Streaming(Response<WasiBody>),
}

fn is_without_body(method: &Method, status: StatusCode) -> bool {
    let without = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    method == Method::HEAD || without.contains(&status)
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[derive(Default)]
struct BodyInMemory {
    frames: VecDeque<Bytes>,
    memory: Arc<Option<OwnedSemaphorePermit>>,
}

impl BodyInMemory {
    async fn read(
        mut body: WasiBody,
        memory: Arc<Option<OwnedSemaphorePermit>>,
    ) -> Result<Self, Error> {
        let mut frames = VecDeque::new();
        while let Some(frame) = body.frame().await.transpose()? {
            frames.extend(frame.into_data().ok());
        }
        Ok(Self { frames, memory })
    }
}

/// Bytes that are counted until they are dropped.
struct Counted {
    bytes: Bytes,
    _memory: Arc<Option<OwnedSemaphorePermit>>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body for BodyInMemory {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let next = self.frames.pop_front().map(|bytes| {
            let _memory = self.memory.clone();
            Ok(Frame::data(Bytes::from_owner(Counted { bytes, _memory })))
        });
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.frames.iter().map(|frame| frame.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::Full;

    use super::*;

    fn response(length: usize) -> Response<WasiBody> {
        let body = Full::new(Bytes::from(vec![0; length]));
        let body = body.map_err(|never: Infallible| match never {});
        let response = Response::builder().header(CONTENT_LENGTH, length);
        response.body(body.boxed_unsync()).unwrap()
    }

    /// A body whose guest never continues.
    struct Endless;

    impl Body for Endless {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            Poll::Pending
        }
    }

    fn memory() -> ResponseMemory {
        ResponseMemory::new(ConnectionSlots::new(1))
    }

    #[tokio::test]
    async fn a_response_is_counted_until_its_bytes_have_been_written() {
        let memory = memory();
        let completed = memory
            .complete(response(LARGE), &Method::GET)
            .await
            .unwrap();
        let Completed::InMemory(response) = completed else {
            panic!("the length is known");
        };
        let mut body = response.into_body();
        let bytes = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(body.is_end_stream());
        drop(body);
        assert_eq!(
            memory.large.available_permits(),
            (LARGE_BUDGET - LARGE) / UNIT
        );
        drop(bytes);
        assert_eq!(memory.large.available_permits(), LARGE_BUDGET / UNIT);
    }

    #[tokio::test]
    async fn large_responses_that_are_not_read_delay_no_other() {
        let memory = memory();
        let _all = memory
            .complete(response(LARGE_BUDGET), &Method::GET)
            .await
            .unwrap();
        let short = std::time::Duration::from_millis(100);
        let large = memory.complete(response(LARGE), &Method::GET);
        assert!(tokio::time::timeout(short, large).await.is_err());
        let other = memory.complete(response(LARGE - 1), &Method::GET);
        assert!(other.await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_will_not_be_sent_is_not_waited_for() {
        let response = Response::new(Endless.boxed_unsync());
        let completed = memory().complete(response, &Method::HEAD).await.unwrap();
        assert!(matches!(completed, Completed::InMemory(_)));
    }
}
