//! Dates in names, in UTC.

use std::time::{Duration, SystemTime};

const DAY: u64 = 24 * 60 * 60;

/// Bytes of the text of a day.
pub const DAY_LENGTH: usize = 10;

/// A time in milliseconds since 1970; none when it is before, or beyond what the system can tell.
pub fn time(millis: i64) -> Option<SystemTime> {
    let since_1970 = Duration::from_millis(u64::try_from(millis).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since_1970)
}

/// A day, such as `2026-11-26`.
pub fn day(time: SystemTime) -> String {
    let seconds = since_1970(time).as_secs();
    let (year, month, day) = civil(seconds / DAY);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A minute without signs that a system forbids in names, such as `2026-11-26 1405`.
pub fn minute(time: SystemTime) -> String {
    let minutes = since_1970(time).as_secs() % DAY / 60;
    format!("{} {:02}{:02}", day(time), minutes / 60, minutes % 60)
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// Year, month and day of a number of days since 1970. Years begin in March here, so that a leap day
/// is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[test]
fn days_are_those_of_the_calendar() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for (seconds, text) in [
        (0, "1970-01-01 0000"),
        (951_782_400, "2000-02-29 0000"),
        (1_709_251_199, "2024-02-29 2359"),
        (1_709_251_200, "2024-03-01 0000"),
        (4_102_444_799, "2099-12-31 2359"),
    ] {
        assert_eq!(minute(at(seconds)), text);
    }
}
