//! All slots, and the order in which connections are closed for others.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::eviction_queue::{Cause, SharedQueue};

/// How soon to look again for a connection to close when there was none.
pub const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// How long a client may stop reading before its connection may be closed for another one.
const STALL_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a client may stop reading before its connection is closed rather than an idle one.
const LONG_STALL: Duration = Duration::from_secs(5);
/// How long a client may take for a step of its upload before its connection may be closed for
/// another one.
const SLOW_STEP: Duration = Duration::from_millis(250);

/// Clones share the slots.
#[derive(Clone)]
pub struct ConnectionSlots {
    pub(super) free: Arc<Semaphore>,
    pub(super) queue: SharedQueue,
    pub(super) stall_timeout: Duration,
    pub(super) slow_step: Duration,
}

impl ConnectionSlots {
    pub fn new(count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            queue: SharedQueue::default(),
            stall_timeout: STALL_TIMEOUT,
            slow_step: SLOW_STEP,
        }
    }

    /// Waits for a free slot. While there is none, evicts other connections.
    pub(super) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        let free = self.free.clone().acquire_owned();
        evict_until(free, || self.evict_one()).await.ok()
    }

    /// Waits for what stalled connections may hold, and evicts them meanwhile.
    pub async fn evict_stalled_until<T>(&self, wanted: impl Future<Output = T>) -> T {
        let evict = || {
            while let Some(stalled) = self.pop(Cause::Stalled, self.stall_timeout) {
                stalled.notify_one();
            }
        };
        evict_until(wanted, evict).await
    }

    /// Waits for what uploads have, and evicts the slowest of them one after the other.
    pub async fn evict_slow_uploads_until<T>(&self, wanted: impl Future<Output = T>) -> T {
        let evict = || {
            let slowest = self.pop(Cause::SlowUpload, self.slow_step);
            if let Some(slowest) = slowest {
                slowest.notify_one();
            }
        };
        evict_until(wanted, evict).await
    }

    pub(super) fn evict_one(&self) {
        let order = [
            (Cause::Stalled, LONG_STALL),
            (Cause::Pipelining, self.stall_timeout),
            (Cause::Idle, Duration::ZERO),
            (Cause::Stalled, self.stall_timeout),
            (Cause::SlowUpload, self.slow_step),
        ];
        let evicted = order
            .iter()
            .find_map(|(cause, at_least)| self.pop(*cause, *at_least));
        if let Some(evict) = evicted {
            evict.notify_one();
        }
    }

    fn pop(&self, cause: Cause, at_least: Duration) -> Option<Arc<Notify>> {
        self.queue.lock().pop(cause, at_least)
    }
}

/// Calls `evict` again and again while `wanted` is not there.
async fn evict_until<T>(wanted: impl Future<Output = T>, evict: impl Fn()) -> T {
    let mut wanted = pin!(wanted);
    if let Ok(got) = timeout(Duration::ZERO, &mut wanted).await {
        return got;
    }
    loop {
        evict();
        if let Ok(got) = timeout(RETRY_INTERVAL, &mut wanted).await {
            return got;
        }
    }
}
