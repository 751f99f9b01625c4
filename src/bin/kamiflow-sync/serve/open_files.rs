//! The limit of open files.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the limit as far as the system allows: a common default of 1024 is less than the
/// connections of clients and to the database together.
pub fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}
