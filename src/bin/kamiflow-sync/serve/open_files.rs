//! The limit of open files, and how many connections fit into it.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::guest::engine::MAX_RUNNING;

/// Connections at once, if the limit of open files allows them.
const MAX_CONNECTIONS: u64 = 1024;
/// Instances that may have opened the database.
const INSTANCES: u64 = 3 * MAX_RUNNING as u64;
/// Files that each of them has open: the database and its log.
const FILES_PER_INSTANCE: u64 = 2;
/// Files that are open besides: listeners, metrics, the log of the server, and what the runtime
/// needs.
const OTHER_FILES: u64 = 64;

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

/// How many connections clients may have under this limit of open files: what the database and the
/// instances leave, but at least a quarter.
pub fn connections(limit: Option<u64>) -> usize {
    let limit = limit.unwrap_or(u64::MAX);
    let reserved = INSTANCES * FILES_PER_INSTANCE + OTHER_FILES;
    let left = limit.saturating_sub(reserved).max(limit / 4);
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
}
