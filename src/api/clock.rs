//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::Rev;

/// Microseconds since 1970.
pub fn now_us() -> Rev {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_micros() as Rev)
}
