//! The connections that may be closed for another one, in the order in which to close them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Why a connection may be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Idle,
    Stalled,
    Pipelining,
    SlowUpload,
}

/// Connections by cause and ticket number. Numbers ascend, so the first of a cause is the oldest.
#[derive(Default)]
pub struct EvictionQueue {
    next: u64,
    waiting: BTreeMap<(Cause, u64), (Instant, Arc<Notify>)>,
}

/// Clones share the queue.
#[derive(Clone, Default)]
pub struct SharedQueue(Arc<Mutex<EvictionQueue>>);

impl SharedQueue {
    pub fn lock(&self) -> MutexGuard<'_, EvictionQueue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EvictionQueue {
    /// Returns the number of the ticket.
    pub fn add(&mut self, cause: Cause, evict: &Arc<Notify>) -> u64 {
        self.next += 1;
        let entry = (Instant::now(), evict.clone());
        self.waiting.insert((cause, self.next), entry);
        self.next
    }

    pub fn remove(&mut self, cause: Cause, ticket: u64) {
        self.waiting.remove(&(cause, ticket));
    }

    /// Whether the connection has not been taken from the queue.
    pub fn contains(&self, cause: Cause, ticket: u64) -> bool {
        self.waiting.contains_key(&(cause, ticket))
    }

    /// Takes the oldest connection of a cause, if it has been here for at least this long.
    pub fn pop(&mut self, cause: Cause, at_least: Duration) -> Option<Arc<Notify>> {
        let mut of_cause = self.waiting.range((cause, 0)..=(cause, u64::MAX));
        let (key, (since, _)) = of_cause.next()?;
        let key = *key;
        (since.elapsed() >= at_least)
            .then(|| self.waiting.remove(&key))
            .flatten()
            .map(|(_, evict)| evict)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}
