//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use kamiflow_sync_component::domain::Rev;

/// Microseconds since 1970.
pub fn now_us() -> Rev {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| Rev::try_from(since.as_micros()).unwrap_or(0))
}

/// Now, in a form for file names, such as `20261122T150000Z`.
pub fn timestamp() -> Result<String> {
    let connection = rusqlite::Connection::open_in_memory()?;
    let now = "SELECT strftime('%Y%m%dT%H%M%SZ', 'now')";
    Ok(connection.query_row(now, [], |row| row.get(0))?)
}
