//! Connection slots, and which connection is closed when none is free.
//!
//! A connection is idle while it has no request in progress and all of its last response has been
//! sent. It is stalled while its client has stopped reading. When a connection arrives and no slot
//! is free, one is closed: one that has been stalled for long, else one that sent requests without
//! waiting for answers, else the one that has been idle longest, whether it has never sent a request
//! or is kept alive for the next one, else the one that has been stalled longest, else the upload
//! whose last step is longest ago. So connections that do nothing keep no client out, and a
//! connection in the middle of a request stays open as long as its client does its part.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::eviction_queue::{Cause, EvictionQueue};

/// How soon to look again for a connection to close when there was none.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
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
    free: Arc<Semaphore>,
    queue: Arc<Mutex<EvictionQueue>>,
    stall_timeout: Duration,
    slow_step: Duration,
}

/// The slot of one connection. Dropping it frees the slot.
pub struct Slot {
    slots: ConnectionSlots,
    state: Mutex<State>,
    stalled: Ticket,
    /// While requests that were sent at once wait for each other.
    pipelining: Ticket,
    /// While a request body is arriving.
    uploading: Ticket,
    evict: Arc<Notify>,
    /// None while the connection waits for a change.
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

/// The ticket in the queue, if there is one.
#[derive(Default)]
struct Ticket(Mutex<Option<u64>>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// With this ticket in the queue, unless it was evicted.
    Idle(u64),
    RequestInProgress,
    /// The response is complete, but parts of it may not have been sent.
    Flushing,
}

/// Marks a request as in progress until it is dropped at the end of the response.
pub struct ActiveRequest(Arc<Slot>);

impl ConnectionSlots {
    pub fn new(count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            queue: Arc::default(),
            stall_timeout: STALL_TIMEOUT,
            slow_step: SLOW_STEP,
        }
    }

    /// Takes a slot. While none is free, evicts other connections.
    pub async fn acquire(&self) -> Arc<Slot> {
        let permit = self.permit().await;
        let evict = Arc::default();
        Arc::new(Slot {
            state: Mutex::new(State::Idle(self.queue().add(Cause::Idle, &evict))),
            stalled: Ticket::default(),
            pipelining: Ticket::default(),
            uploading: Ticket::default(),
            slots: self.clone(),
            evict,
            permit: Mutex::new(permit),
        })
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
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

    fn evict_one(&self) {
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
        self.queue().pop(cause, at_least)
    }

    fn queue(&self) -> MutexGuard<'_, EvictionQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Slot {
    pub fn begin_request(self: &Arc<Self>) -> ActiveRequest {
        self.set_state(State::RequestInProgress);
        ActiveRequest(self.clone())
    }

    /// Lets another connection have the slot, while this one waits for a change.
    pub fn give_back(&self) {
        drop(self.permit().take());
    }

    /// Takes a slot again. While none is free, evicts other connections.
    pub async fn take_again(&self) {
        let permit = self.slots.permit().await;
        *self.permit() = permit;
    }

    /// Whether no request is in progress, and all of the last response has been sent.
    pub fn is_idle(&self) -> bool {
        matches!(*self.state(), State::Idle(_))
    }

    /// Everything that was written so far has been sent.
    pub fn flushed(&self) {
        let mut state = self.state();
        if *state == State::Flushing {
            *state = State::Idle(self.slots.queue().add(Cause::Idle, &self.evict));
        }
    }

    /// The client has stopped reading.
    pub fn stalled(&self) {
        let mut ticket = self.stalled.lock();
        ticket.get_or_insert_with(|| self.slots.queue().add(Cause::Stalled, &self.evict));
    }

    /// The client has read something.
    pub fn resumed(&self) {
        if let Some(ticket) = self.stalled.lock().take() {
            self.slots.queue().remove(Cause::Stalled, ticket);
        }
    }

    /// Waits for its turn among requests whose clients did not wait for the answer before.
    pub async fn wait_pipelining<T>(&self, turn: impl Future<Output = T>) -> T {
        let ticket = self.slots.queue().add(Cause::Pipelining, &self.evict);
        *self.pipelining.lock() = Some(ticket);
        let turn = turn.await;
        self.pipelining.lock().take();
        self.slots.queue().remove(Cause::Pipelining, ticket);
        turn
    }

    /// A step of a request body begins to arrive.
    pub fn upload_step(&self) {
        let mut ticket = self.uploading.lock();
        let mut queue = self.slots.queue();
        // Evicted meanwhile.
        if ticket.is_some_and(|ticket| !queue.contains(Cause::SlowUpload, ticket)) {
            return;
        }
        let next = queue.add(Cause::SlowUpload, &self.evict);
        if let Some(before) = ticket.replace(next) {
            queue.remove(Cause::SlowUpload, before);
        }
    }

    /// The request body has arrived.
    pub fn uploaded(&self) {
        if let Some(ticket) = self.uploading.lock().take() {
            self.slots.queue().remove(Cause::SlowUpload, ticket);
        }
    }

    #[cfg(test)]
    pub fn is_stalled(&self) -> bool {
        self.stalled.lock().is_some()
    }

    /// Resolves when this connection is to be closed for another one.
    pub async fn evicted(&self) {
        loop {
            self.evict.notified().await;
            if self.is_evicted() {
                return;
            }
        }
    }

    /// Whether it was taken out of the queue for the state that it is still in: a connection that
    /// has begun a request since then is kept.
    fn is_evicted(&self) -> bool {
        let idle = match *self.state() {
            State::Idle(ticket) => Some(ticket),
            State::RequestInProgress | State::Flushing => None,
        };
        let tickets = [
            (Cause::Idle, idle),
            (Cause::Stalled, *self.stalled.lock()),
            (Cause::Pipelining, *self.pipelining.lock()),
            (Cause::SlowUpload, *self.uploading.lock()),
        ];
        let queue = self.slots.queue();
        let is_taken = |ticket: &(Cause, Option<u64>)| match *ticket {
            (cause, Some(ticket)) => !queue.contains(cause, ticket),
            (_, None) => false,
        };
        tickets.iter().any(is_taken)
    }

    fn set_state(&self, new: State) {
        let mut state = self.state();
        if let State::Idle(ticket) = *state {
            self.slots.queue().remove(Cause::Idle, ticket);
        }
        *state = new;
    }

    fn permit(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    fn lock(&self) -> MutexGuard<'_, Option<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.set_state(State::RequestInProgress);
        self.resumed();
        self.uploaded();
        if let Some(ticket) = self.pipelining.lock().take() {
            self.slots.queue().remove(Cause::Pipelining, ticket);
        }
    }
}

impl ActiveRequest {
    pub fn slot(&self) -> Arc<Slot> {
        self.0.clone()
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.set_state(State::Flushing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_evicted(slot: &Slot) -> bool {
        timeout(Duration::ZERO, slot.evicted()).await.is_ok()
    }

    #[tokio::test]
    async fn without_a_free_slot_the_longest_idle_connection_is_evicted() {
        let slots = ConnectionSlots::new(3);
        let [used, oldest, newest] = [
            slots.acquire().await,
            slots.acquire().await,
            slots.acquire().await,
        ];
        drop(used.begin_request());
        used.flushed();
        let other = slots.clone();
        let acquiring = tokio::spawn(async move { other.acquire().await });
        oldest.evicted().await;
        assert!(!is_evicted(&used).await && !is_evicted(&newest).await);
        drop(oldest);
        acquiring.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_is_not_evicted_during_a_request() {
        let slots = ConnectionSlots::new(1);
        let slot = slots.acquire().await;
        let request = slot.begin_request();
        let other = slots.clone();
        let acquiring = tokio::spawn(async move { other.acquire().await });
        assert!(timeout(2 * RETRY_INTERVAL, slot.evicted()).await.is_err());
        drop(request);
        assert!(timeout(2 * RETRY_INTERVAL, slot.evicted()).await.is_err());
        slot.flushed();
        slot.evicted().await;
        drop(slot);
        acquiring.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_a_change_takes_no_slot_and_is_not_evicted() {
        let slots = ConnectionSlots::new(1);
        let waiting = slots.acquire().await;
        let _request = waiting.begin_request();
        waiting.give_back();
        let other = slots.acquire().await;
        slots.evict_one();
        assert!(is_evicted(&other).await && !is_evicted(&waiting).await);
        let again = tokio::spawn(async move {
            waiting.take_again().await;
            waiting
        });
        tokio::task::yield_now().await;
        assert!(!again.is_finished());
        drop(other);
        let _waiting = again.await.unwrap();
        assert_eq!(slots.free.available_permits(), 0);
    }

    #[tokio::test]
    async fn when_none_is_idle_a_stalled_connection_is_evicted() {
        let slots = ConnectionSlots {
            stall_timeout: Duration::ZERO,
            ..ConnectionSlots::new(3)
        };
        let [stalled, resumed, working] = [
            slots.acquire().await,
            slots.acquire().await,
            slots.acquire().await,
        ];
        let _requests = [
            stalled.begin_request(),
            resumed.begin_request(),
            working.begin_request(),
        ];
        for slot in [&resumed, &stalled] {
            slot.stalled();
            slot.stalled();
        }
        resumed.resumed();
        slots.evict_one();
        stalled.evicted().await;
        slots.evict_one();
        assert!(!is_evicted(&resumed).await && !is_evicted(&working).await);
    }

    #[tokio::test]
    async fn a_client_that_pauses_for_less_than_the_stall_timeout_keeps_its_slot() {
        let slots = ConnectionSlots::new(1);
        let slot = slots.acquire().await;
        let _request = slot.begin_request();
        slot.stalled();
        slots.evict_one();
        assert!(!is_evicted(&slot).await);
        drop((_request, slot));
        assert_eq!(slots.queue().len(), 0);
    }

    #[tokio::test]
    async fn a_wait_for_memory_evicts_all_stalled_connections_and_no_idle_one() {
        let slots = ConnectionSlots {
            stall_timeout: Duration::ZERO,
            ..ConnectionSlots::new(3)
        };
        let idle = slots.acquire().await;
        let stalled = [slots.acquire().await, slots.acquire().await];
        for slot in &stalled {
            slot.stalled();
        }
        let [one, other] = &stalled;
        slots.evict_stalled_until(std::future::ready(())).await;
        assert!(!is_evicted(one).await);
        let evicted = async { tokio::join!(one.evicted(), other.evicted()) };
        slots.evict_stalled_until(evicted).await;
        assert!(!is_evicted(&idle).await);
    }

    #[tokio::test]
    async fn when_none_is_idle_or_stalled_the_slowest_upload_is_evicted() {
        let slots = ConnectionSlots {
            slow_step: Duration::from_millis(50),
            ..ConnectionSlots::new(2)
        };
        let [slowest, other] = [slots.acquire().await, slots.acquire().await];
        let _requests = [slowest.begin_request(), other.begin_request()];
        for slot in [&slowest, &other] {
            slot.upload_step();
        }
        slots.evict_one();
        assert!(!is_evicted(&slowest).await);
        std::thread::sleep(slots.slow_step);
        other.upload_step();
        slots.evict_slow_uploads_until(slowest.evicted()).await;
        assert!(!is_evicted(&other).await);
        std::thread::sleep(slots.slow_step);
        other.uploaded();
        slots.evict_one();
        assert!(!is_evicted(&other).await);
        drop((_requests, slowest, other));
        assert_eq!(slots.queue().len(), 0);
    }

    #[tokio::test]
    async fn a_connection_whose_requests_wait_for_each_other_is_evicted_before_an_idle_one() {
        let slots = ConnectionSlots {
            stall_timeout: Duration::ZERO,
            ..ConnectionSlots::new(3)
        };
        let idle = slots.acquire().await;
        let [pipelining, other] = [slots.acquire().await, slots.acquire().await];
        let _requests = [pipelining.begin_request(), other.begin_request()];
        other.wait_pipelining(std::future::ready(())).await;
        let mut waiting = Box::pin(pipelining.wait_pipelining(std::future::pending::<()>()));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        slots.evict_one();
        pipelining.evicted().await;
        assert!(!is_evicted(&other).await && !is_evicted(&idle).await);
        drop(waiting);
        drop((_requests, pipelining, other, idle));
        assert_eq!(slots.queue().len(), 0);
    }

    #[tokio::test]
    async fn an_evicted_slot_that_started_a_request_is_kept() {
        let slots = ConnectionSlots::new(1);
        let slot = slots.acquire().await;
        slots.evict_one();
        let _request = slot.begin_request();
        slot.stalled();
        assert!(!is_evicted(&slot).await);
    }

    #[tokio::test]
    async fn a_dropped_slot_leaves_the_queue() {
        let slots = ConnectionSlots::new(2);
        let [gone, kept] = [slots.acquire().await, slots.acquire().await];
        drop(gone);
        assert_eq!(slots.queue().len(), 1);
        let _acquired = slots.acquire().await;
        assert!(!is_evicted(&kept).await);
    }
}
