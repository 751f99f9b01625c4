//! The line of the log that says how many others were lost.

use chrono::DateTime;
use kamiflow_sync_component::api::clock::now_us;
use serde_json::json;

/// In the form of the other lines.
pub fn line(lines: u64) -> String {
    let now = DateTime::from_timestamp_micros(now_us()).unwrap_or_default();
    let line = json!({
        "timestamp": now.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        "level": "WARN",
        "message": "lines of the log were lost, because nobody read it",
        "lines": lines,
    });
    format!("{line}\n")
}
