//! The body of a request as a guest reads it.
//!
//! A guest looks at the key before it reads the body. When it begins to read, it gives its permit
//! back, and gets it again when all of the body is in memory: so a client that sends slowly occupies
//! no guest that could work for another one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use kamiflow_sync_component::api::MAX_PAUSE;
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi_http::Error;

use super::body_budget::BodyMemory;
use super::slots::Slot;
use crate::guest::permits::Permits;
use crate::platform::memory_pool::STEP_BYTES;

/// How long a client may take for [`STEP_BYTES`] while others wait for the memory that its body has.
const STEP_TIMEOUT: Duration = Duration::from_secs(4);

/// Parts of a body, of [`STEP_BYTES`] each. They are copies: a part as it arrives may be a single byte,
/// and would keep the whole buffer that it was read into.
type Parts = VecDeque<Bytes>;
type Arrival = Pin<Box<dyn Future<Output = Result<Parts, Error>> + Send>>;

pub struct GuestBody {
    state: State,
    size: SizeHint,
}

enum State {
    Arriving(Arrival),
    Arrived(Parts),
}

impl GuestBody {
    /// Nothing is read before the guest reads, and not much more than `max_body` bytes in all.
    pub fn new<B>(
        body: B,
        max_body: u64,
        memory: BodyMemory,
        permits: Arc<Permits>,
        slot: Arc<Slot>,
    ) -> Self
    where
        B: Body<Data = Bytes, Error = hyper::Error> + Send + Unpin + 'static,
    {
        let size = body.size_hint();
        let arrival = async move {
            permits.pause();
            let mut reader = Reader::new(body, memory, slot);
            let parts = reader.read_all(max_body).await;
            let Reader { memory, upload, .. } = reader;
            drop(upload);
            permits.keep(memory);
            permits.resume().await;
            parts
        };
        Self {
            state: State::Arriving(Box::pin(arrival)),
            size,
        }
    }
}

impl Body for GuestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let State::Arriving(arrival) = &mut self.state {
            let arrived = ready!(arrival.as_mut().poll(context));
            let (parts, failure) = match arrived {
                Ok(parts) => (parts, None),
                Err(error) => (Parts::new(), Some(Err(error))),
            };
            self.state = State::Arrived(parts);
            if failure.is_some() {
                return Poll::Ready(failure);
            }
        }
        let State::Arrived(parts) = &mut self.state else {
            return Poll::Pending;
        };
        Poll::Ready(parts.pop_front().map(|part| Ok(Frame::data(part))))
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

struct Reader<B> {
    body: B,
    memory: BodyMemory,
    parts: Parts,
    part: BytesMut,
    /// Bytes for which there is memory.
    room: usize,
    length: u64,
    /// When the current step should be complete.
    step_end: Instant,
    upload: Upload,
}

/// Says that a body is arriving, until it is dropped.
struct Upload(Arc<Slot>);

impl Drop for Upload {
    fn drop(&mut self) {
        self.0.uploaded();
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Reader<B> {
    fn new(body: B, memory: BodyMemory, slot: Arc<Slot>) -> Self {
        slot.upload_step();
        Self {
            body,
            memory,
            parts: Parts::new(),
            part: BytesMut::new(),
            room: 0,
            length: 0,
            step_end: Instant::now() + STEP_TIMEOUT,
            upload: Upload(slot),
        }
    }

    async fn read_all(&mut self, max_body: u64) -> Result<Parts, Error> {
        while self.length <= max_body
            && let Some(frame) = self.next().await?
        {
            if let Ok(data) = frame.into_data() {
                self.add(data).await;
            }
        }
        self.finish_part();
        Ok(std::mem::take(&mut self.parts))
    }

    /// Waits for the client, unless it is too slow.
    async fn next(&mut self) -> Result<Option<Frame<Bytes>>, Error> {
        let pause_end = Instant::now() + MAX_PAUSE;
        loop {
            let end = pause_end.min(self.step_end);
            if let Ok(frame) = timeout_at(end, self.body.frame()).await {
                return frame.transpose().map_err(Error::from);
            }
            if end == pause_end || self.memory.is_wanted() {
                return Err(Error::ConnectionReadTimeout);
            }
            self.step_end = Instant::now() + STEP_TIMEOUT;
        }
    }

    async fn add(&mut self, mut data: Bytes) {
        self.length += data.len() as u64;
        while !data.is_empty() {
            if self.room == 0 {
                self.finish_part();
                // The client does not have to answer for this wait.
                self.upload.0.uploaded();
                self.memory.grow().await;
                self.room = STEP_BYTES;
                self.step_end = Instant::now() + STEP_TIMEOUT;
                self.upload.0.upload_step();
            }
            let fitting = data.split_to(data.len().min(self.room));
            self.part.extend_from_slice(&fitting);
            self.room -= fitting.len();
        }
    }

    fn finish_part(&mut self) {
        if !self.part.is_empty() {
            self.parts.push_back(self.part.split().freeze());
        }
    }
}
