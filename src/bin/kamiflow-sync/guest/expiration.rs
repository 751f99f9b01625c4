//! How long an instance may take for a request, and how long it waits for the next one.

use std::time::Duration;

use crate::platform::UNCOUNTED;

/// From the start of a request to the end of its response: enough to upload 100 MiB at 2 Mbit/s.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// How long an instance waits for its next request.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one waits that has memory which others may need.
const LARGE_IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an instance with so many bytes of memory waits for its next request.
pub fn idle_timeout(memory: usize) -> Duration {
    if memory > UNCOUNTED {
        LARGE_IDLE_TIMEOUT
    } else {
        IDLE_TIMEOUT
    }
}
