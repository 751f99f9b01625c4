//! When a key expires, as an operator says it.

use anyhow::{Result, bail, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime};
use kamiflow_sync_component::domain::DAY_US;

/// Days that `90d` may say.
const MAX_DAYS: i64 = 36_500;

/// Reads days from now (`90d`), a date, which begins at midnight in UTC, or a time of RFC 3339. Returns
/// microseconds since 1970.
pub fn parse(text: &str, now_us: i64) -> Result<i64> {
    let Some(at) = days(text, now_us).or_else(|| moment(text)) else {
        bail!("{text:?} is no time: use 90d, 2027-01-31 or 2027-01-31T18:00:00Z");
    };
    ensure!(at > now_us, "{text:?} is over: use a time in the future");
    Ok(at)
}

fn days(text: &str, now_us: i64) -> Option<i64> {
    let days: i64 = text.strip_suffix('d')?.parse().ok()?;
    (0..=MAX_DAYS)
        .contains(&days)
        .then(|| now_us + days * DAY_US)
}

fn moment(text: &str) -> Option<i64> {
    let date = || text.parse::<NaiveDate>().ok();
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros());
    time.ok().or_else(|| {
        Some(
            date()?
                .and_time(NaiveTime::MIN)
                .and_utc()
                .timestamp_micros(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_days_as_a_date_or_exactly() {
        for (text, at) in [
            ("1d", 5 + DAY_US),
            ("1970-01-02", DAY_US),
            ("1970-01-02T00:00:01Z", DAY_US + 1_000_000),
            ("1970-01-02T01:00:01+01:00", DAY_US + 1_000_000),
        ] {
            assert_eq!(parse(text, 5).unwrap(), at, "{text}");
        }
        for bad in [
            "",
            "soon",
            "90",
            "-1d",
            "0d",
            "40000d",
            "1970-01-01",
            "1970-02-30",
        ] {
            assert!(parse(bad, 5).is_err(), "{bad}");
        }
    }
}
