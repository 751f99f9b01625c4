//! The place that one connection has in the eviction queue for one cause.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::eviction_queue::{Cause, SharedQueue};

/// Dropping it leaves the queue.
pub struct Ticket {
    cause: Cause,
    queue: SharedQueue,
    evict: Arc<Notify>,
    /// The place in the queue, also after the connection was taken out of it.
    number: Mutex<Option<u64>>,
}

impl Ticket {
    /// One that has not entered the queue.
    pub fn new(cause: Cause, queue: &SharedQueue, evict: &Arc<Notify>) -> Self {
        Self {
            cause,
            queue: queue.clone(),
            evict: evict.clone(),
            number: Mutex::default(),
        }
    }

    /// Enters the queue, unless it has done so before.
    pub fn enter(&self) {
        self.number().get_or_insert_with(|| self.add());
    }

    /// Goes to the end of the queue, unless the connection was taken out of it.
    pub fn renew(&self) {
        let mut number = self.number();
        if self.is_taken(*number) {
            return;
        }
        let next = self.add();
        if let Some(before) = number.replace(next) {
            self.queue.lock().remove(self.cause, before);
        }
    }

    pub fn leave(&self) {
        if let Some(number) = self.number().take() {
            self.queue.lock().remove(self.cause, number);
        }
    }

    /// Whether the connection was taken out of the queue, and has not left it since.
    pub fn is_evicted(&self) -> bool {
        let number = self.number();
        self.is_taken(*number)
    }

    #[cfg(test)]
    pub fn has_entered(&self) -> bool {
        self.number().is_some()
    }

    fn is_taken(&self, number: Option<u64>) -> bool {
        number.is_some_and(|number| !self.queue.lock().contains(self.cause, number))
    }

    fn add(&self) -> u64 {
        self.queue.lock().add(self.cause, &self.evict)
    }

    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.leave();
    }
}
