//! The time of day for guests.

use std::time::{Duration, SystemTime};

use wasmtime_wasi::HostWallClock;

/// WASI has no time before 1970, and wasmtime's own clock panics there; this one shows 1970.
pub struct WallClock;

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        since_1970(SystemTime::now())
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_is_the_beginning_of_1970() {
        let day = Duration::from_secs(86_400);
        assert_eq!(since_1970(SystemTime::UNIX_EPOCH - day), Duration::ZERO);
        assert_eq!(since_1970(SystemTime::UNIX_EPOCH + day), day);
    }
}
