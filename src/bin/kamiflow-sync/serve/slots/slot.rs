//! The slot of one connection, and what its requests tell about it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::connection_slots::ConnectionSlots;
use super::eviction_queue::Cause;
use super::ticket::Ticket;

/// Dropping it frees the slot.
pub struct Slot {
    slots: ConnectionSlots,
    state: Mutex<State>,
    idle: Ticket,
    stalled: Ticket,
    /// While requests that were sent at once wait for each other.
    pipelining: Ticket,
    /// While a request body is arriving.
    uploading: Ticket,
    evict: Arc<Notify>,
    /// None while the connection waits for a change.
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Idle,
    RequestInProgress,
    /// The response is complete, but parts of it may not have been sent.
    Flushing,
}

/// Marks a request as in progress until it is dropped at the end of the response.
pub struct ActiveRequest(Arc<Slot>);

impl Slot {
    /// Takes a slot. While none is free, evicts other connections.
    pub async fn acquire(slots: &ConnectionSlots) -> Arc<Self> {
        let permit = slots.permit().await;
        let evict = Arc::default();
        let ticket = |cause| Ticket::new(cause, &slots.queue, &evict);
        let slot = Self {
            slots: slots.clone(),
            state: Mutex::new(State::Idle),
            idle: ticket(Cause::Idle),
            stalled: ticket(Cause::Stalled),
            pipelining: ticket(Cause::Pipelining),
            uploading: ticket(Cause::SlowUpload),
            evict,
            permit: Mutex::new(permit),
        };
        slot.idle.enter();
        Arc::new(slot)
    }

    pub fn begin_request(self: &Arc<Self>) -> ActiveRequest {
        let mut state = self.state();
        self.idle.leave();
        *state = State::RequestInProgress;
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
        *self.state() == State::Idle
    }

    /// Everything that was written so far has been sent.
    pub fn flushed(&self) {
        let mut state = self.state();
        if *state == State::Flushing {
            self.idle.enter();
            *state = State::Idle;
        }
    }

    /// The client has stopped reading.
    pub fn stalled(&self) {
        self.stalled.enter();
    }

    /// The client has read something.
    pub fn resumed(&self) {
        self.stalled.leave();
    }

    /// Waits for its turn among requests whose clients did not wait for the answer before.
    pub async fn wait_pipelining<T>(&self, turn: impl Future<Output = T>) -> T {
        self.pipelining.enter();
        let turn = turn.await;
        self.pipelining.leave();
        turn
    }

    /// A step of a request body begins to arrive.
    pub fn upload_step(&self) {
        self.uploading.renew();
    }

    /// The request body has arrived.
    pub fn uploaded(&self) {
        self.uploading.leave();
    }

    #[cfg(test)]
    pub fn is_stalled(&self) -> bool {
        self.stalled.has_entered()
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
        let tickets = [&self.idle, &self.stalled, &self.pipelining, &self.uploading];
        tickets.iter().any(|ticket| ticket.is_evicted())
    }

    fn permit(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActiveRequest {
    pub fn slot(&self) -> Arc<Slot> {
        self.0.clone()
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        *self.0.state() = State::Flushing;
    }
}
