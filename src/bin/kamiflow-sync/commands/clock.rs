//! The time of day.

use anyhow::{Context, Result};
pub use kamiflow_sync_component::api::clock::now_us;
use kamiflow_sync_component::domain::Rev;

/// The beginning of 2025; microseconds since 1970.
const YEAR_2025: Rev = 1_735_689_600_000_000;

/// Of times in the names of files, such as `20261122T150000Z`.
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// Whether the clock shows a time at which this program existed.
pub fn is_plausible(now_us: Rev) -> bool {
    now_us >= YEAR_2025
}

/// A moment for people, such as `2026-11-22 15:00:00 UTC`.
pub fn shown(moment_us: Rev) -> String {
    let time = chrono::DateTime::from_timestamp_micros(moment_us).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
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
