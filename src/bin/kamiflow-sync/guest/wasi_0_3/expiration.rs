//! When an instance of a component for WASI 0.3 is dropped although it could accept another request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wasmtime_wasi_http::handler::{WorkerExpiration, WorkerStatus};

use crate::guest::expiration::{IDLE_TIMEOUT, REQUEST_TIMEOUT, idle_timeout};
use crate::platform::{MemoryInUse, Turn};

/// Ends an instance that waits too long for its next request, or takes too long for one.
pub struct Expiration {
    deadline: Pin<Box<Sleep>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    memory: MemoryInUse,
    turn: Arc<Turn>,
}

impl Expiration {
    pub fn new(stop: CancellationToken, memory: MemoryInUse, turn: Arc<Turn>) -> Self {
        Self {
            deadline: Box::pin(tokio::time::sleep(IDLE_TIMEOUT)),
            stop: Box::pin(stop.cancelled_owned()),
            memory,
            turn,
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
        // It is asked whenever the instance waits.
        self.turn.end();
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
