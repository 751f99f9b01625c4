//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use kamiflow_sync_component::domain::Rev;

/// Of times in the names of files, such as `20261122T150000Z`.
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// Microseconds since 1970.
pub fn now_us() -> Rev {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| Rev::try_from(since.as_micros()).unwrap_or(0))
}

/// Now, in a form for names of files.
pub fn timestamp() -> Result<String> {
    let now = chrono::DateTime::from_timestamp_micros(now_us());
    let now = now.context("the clock is wrong: set it")?;
    Ok(now.format(FORMAT).to_string())
}

/// Whether `text` is a time in the form of [`timestamp`] that exists.
pub fn is_timestamp(text: &str) -> bool {
    chrono::NaiveDateTime::parse_from_str(text, FORMAT)
        .is_ok_and(|time| time.format(FORMAT).to_string() == text)
}
