//! Times as people read them.

use std::time::SystemTime;

use crate::dates::{day, time};

/// A time in milliseconds since 1970, such as `2026-11-26 14:05:09 UTC`.
pub fn second(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(time);
    let time = time.unwrap_or(SystemTime::UNIX_EPOCH);
    let seconds = millis / 1000 % (24 * 60 * 60);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{} {hours:02}:{minutes:02}:{seconds:02} UTC", day(time))
}

#[test]
fn a_time_has_its_day_and_its_second() {
    assert_eq!(second(1_709_251_199_999), "2024-02-29 23:59:59 UTC");
}
