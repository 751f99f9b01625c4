//! How many requests are inside guests at once, and where the others wait: first come, first served.

use std::sync::Arc;

use http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::compute_limit::cores;
use super::request_kind::{is_open, may_change};
use super::slots::{ConnectionSlots, Slot};
use crate::guest::engine::{MAX_LARGE, MAX_OPEN, MAX_RUNNING, MAX_UPLOADS};
use crate::guest::epoch_clock::EpochClock;
use crate::guest::permits::Permits;

pub struct Queues {
    /// Requests without a body that are inside guests.
    requests: Arc<Semaphore>,
    /// Requests inside guests that need neither a key nor the database.
    open: Arc<Semaphore>,
    /// Requests with a body that are inside guests. They are counted apart, because a push may wait for the
    /// write lock, and must delay neither a pull nor the health check.
    uploads: Arc<Semaphore>,
    /// Those of `requests` that found no memory. They wait for it here, so that what
    /// needs little is not behind them.
    large: Arc<Semaphore>,
    /// Requests with a body, those that are waiting for it included.
    upload_places: Arc<Semaphore>,
    /// Requests whose client did not wait for the answer before. They leave a core to the others.
    pipelined: Semaphore,
    slots: ConnectionSlots,
    clock: EpochClock,
}

impl Queues {
    /// For requests on connections of `slots`.
    pub fn new(slots: ConnectionSlots, clock: EpochClock) -> Self {
        let limit = |most: u32| Arc::new(Semaphore::new(most as usize));
        Self {
            requests: limit(MAX_RUNNING - MAX_LARGE),
            open: limit(MAX_OPEN),
            uploads: limit(MAX_RUNNING),
            large: limit(MAX_LARGE),
            upload_places: limit(MAX_UPLOADS),
            pipelined: Semaphore::new((cores() / 2).max(1)),
            slots,
            clock,
        }
    }

    /// Waits for the turn of a request that was sent without waiting for the answer before.
    pub async fn pipelined(&self, slot: &Slot) -> Option<SemaphorePermit<'_>> {
        slot.wait_pipelining(self.pipelined.acquire()).await.ok()
    }

    /// Waits until a request may run. One that only reads may not wait for memory after that.
    pub async fn enter(&self, head: &Parts, has_body: bool) -> Arc<Permits> {
        if has_body {
            let place = self.upload_place().await;
            let permits = self.permits(&self.uploads, true).await;
            permits.keep(place);
            return permits;
        }
        let limit = if is_open(head) {
            &self.open
        } else {
            &self.requests
        };
        self.permits(limit, may_change(head)).await
    }

    /// Waits until the component may be asked again for a response that is held.
    pub async fn enter_again(&self) -> Arc<Permits> {
        self.permits(&self.requests, false).await
    }

    /// Waits until a request that found no memory may wait for it.
    pub async fn enter_large(&self) -> Arc<Permits> {
        self.permits(&self.large, true).await
    }

    async fn permits(&self, limit: &Arc<Semaphore>, may_wait: bool) -> Arc<Permits> {
        Permits::acquire(limit.clone(), self.clock.keep_running(), may_wait).await
    }

    /// Waits for a place among the uploads; while there is none, the slowest of them is ended.
    async fn upload_place(&self) -> Option<OwnedSemaphorePermit> {
        let place = self.upload_places.clone().acquire_owned();
        self.slots.evict_slow_uploads_until(place).await.ok()
    }
}
