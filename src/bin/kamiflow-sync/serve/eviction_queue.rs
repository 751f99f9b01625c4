//! The connections that may be closed to free a slot, in the order in which to close them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Connections by ticket. Tickets are given out in ascending order, so the first is the oldest.
#[derive(Default)]
pub struct EvictionQueue {
    next: u64,
    idle: BTreeMap<u64, Arc<Notify>>,
    stalled: BTreeMap<u64, (Instant, Arc<Notify>)>,
}

impl EvictionQueue {
    /// Returns the ticket.
    pub fn add_idle(&mut self, evict: &Arc<Notify>) -> u64 {
        self.next += 1;
        self.idle.insert(self.next, evict.clone());
        self.next
    }

    /// Returns the ticket.
    pub fn add_stalled(&mut self, evict: &Arc<Notify>) -> u64 {
        self.next += 1;
        let entry = (Instant::now(), evict.clone());
        self.stalled.insert(self.next, entry);
        self.next
    }

    pub fn remove_idle(&mut self, ticket: u64) {
        self.idle.remove(&ticket);
    }

    pub fn remove_stalled(&mut self, ticket: u64) {
        self.stalled.remove(&ticket);
    }

    /// Whether neither ticket has been taken from the queue.
    pub fn contains(&self, idle: Option<u64>, stalled: Option<u64>) -> bool {
        idle.is_none_or(|ticket| self.idle.contains_key(&ticket))
            && stalled.is_none_or(|ticket| self.stalled.contains_key(&ticket))
    }

    /// Takes the connection that has been idle longest.
    pub fn pop_idle(&mut self) -> Option<Arc<Notify>> {
        self.idle.pop_first().map(|(_, evict)| evict)
    }

    /// Takes the connection that has been stalled longest, if that is at least `stall_timeout`.
    pub fn pop_stalled(&mut self, stall_timeout: Duration) -> Option<Arc<Notify>> {
        let first = self.stalled.first_entry()?;
        (first.get().0.elapsed() >= stall_timeout).then(|| first.remove().1)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.idle.len() + self.stalled.len()
    }
}
