//! How long an instance may take for a request, and how long it waits for the next one.

use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wasmtime_wasi_http::handler::{WorkerExpiration, WorkerStatus};

use crate::platform::{MemoryInUse, UNCOUNTED};

/// From the start of a request to the end of its response: enough to upload 100 MiB at 2 Mbit/s.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// How long an instance waits for its next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for an instance that has memory which others may need.
const LARGE_IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an instance with so many bytes of memory waits for its next request.
pub fn idle_timeout(memory: usize) -> Duration {
    match memory > UNCOUNTED {
        true => LARGE_IDLE_TIMEOUT,
        false => IDLE_TIMEOUT,
    }
}

/// Decides when an instance of a component for WASI 0.3 is dropped although it could accept another request.
pub struct Expiration {
    deadline: Pin<Box<Sleep>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    memory: MemoryInUse,
}

impl Expiration {
    pub fn new(stop: CancellationToken, memory: MemoryInUse) -> Self {
        Self {
            deadline: Box::pin(tokio::time::sleep(IDLE_TIMEOUT)),
            stop: Box::pin(stop.cancelled_owned()),
            memory,
        }
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle if self.stop.as_mut().poll(context).is_ready() => {
                return Poll::Ready(());
            }
            WorkerStatus::Idle => idle_timeout(self.memory.load(Relaxed)),
            WorkerStatus::Requests | WorkerStatus::PostReturn => REQUEST_TIMEOUT,
        };
        let deadline = (since + limit).into();
        if self.deadline.deadline() != deadline {
            self.deadline.as_mut().reset(deadline);
        }
        self.deadline.as_mut().poll(context)
    }
}
