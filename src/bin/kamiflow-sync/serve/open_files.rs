//! The limit of open files, and how many connections fit into it.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::guest::engine::MAX_INSTANCES;

/// Connections at once, if the limit of open files allows them.
const MAX_CONNECTIONS: u64 = 1024;
/// Files that an instance has open: the database and its log.
const FILES_PER_INSTANCE: u64 = 2;
/// Files that are open besides: listeners, metrics, the log of the server, and what the runtime
/// needs.
const OTHER_FILES: u64 = 64;

/// Files that are no connections of clients.
const RESERVED: u64 = MAX_INSTANCES as u64 * FILES_PER_INSTANCE + OTHER_FILES;

/// Raises the limit as far as the system allows: a common default of 1024 is less than the
/// connections of clients and to the database together. Returns the limit; `None` without one.
pub fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    getrlimit(Resource::Nofile).current
}

/// The connections that may be open at once.
#[derive(Debug, PartialEq, Eq)]
pub struct Connections {
    /// With a slot.
    pub slots: usize,
    /// Waiting for a change, and so without one.
    pub waiting: usize,
}

impl Connections {
    /// Up to `waiting` that wait, if this limit of open files allows it, and otherwise a quarter of
    /// what it allows.
    pub fn within(limit: Option<u64>, waiting: usize) -> Self {
        let slots = connections(limit);
        let limit = limit.unwrap_or(u64::MAX).try_into().unwrap_or(usize::MAX);
        let besides = limit.saturating_sub(RESERVED as usize + slots);
        let waiting = waiting.min(besides.max(slots / 4));
        let over = waiting.saturating_sub(besides);
        Self {
            slots: slots - over,
            waiting,
        }
    }
}

/// How many connections clients may have under this limit of open files: what the database and the
/// instances leave, but at least a quarter.
fn connections(limit: Option<u64>) -> usize {
    let limit = limit.unwrap_or(u64::MAX);
    let left = limit.saturating_sub(RESERVED).max(limit / 4);
    let connections = left.clamp(1, MAX_CONNECTIONS);
    usize::try_from(connections).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_database() {
        assert_eq!(connections(None), 1024);
        assert_eq!(connections(Some(1 << 20)), 1024);
        let usual = connections(Some(1024));
        assert!((256..900).contains(&usual), "{usual}");
        assert_eq!(connections(Some(256)), 64);
        assert_eq!(connections(Some(0)), 1);
    }

    #[test]
    fn connections_that_wait_come_on_top_if_there_are_files_for_them() {
        let within = |limit, waiting| {
            let connections = Connections::within(limit, waiting);
            (connections.slots, connections.waiting)
        };
        assert_eq!(within(None, 1000), (1024, 1000));
        assert_eq!(within(Some(1 << 20), 1000), (1024, 1000));
        assert_eq!(within(Some(1024), 1000), (312, 104));
        assert_eq!(within(Some(1024), 10), (406, 10));
        assert_eq!(within(Some(256), 1000), (48, 16));
        assert_eq!(within(Some(0), 1000), (1, 0));
    }
}
