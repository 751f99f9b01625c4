//! The time at which a server stops, for the next one to notice a clock that is behind.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use kamiflow_sync_component::domain::Rev;

use super::files::length;
use super::open;

/// A stop does not wait longer for other writers.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// Records the time, once there has been a pull or a push. While it serves, the server does so
/// itself, once a minute.
pub fn record(database: &Path, now_us: Rev) -> Result<()> {
    if length(database) == 0 {
        return Ok(());
    }
    let store = open::served_store_to_write(database)?.with_lock_timeout(LOCK_TIMEOUT);
    store.write(|store| {
        // A schema from before the table of the clock has none.
        if store.clock().ok().flatten().is_some() {
            store.read_clock(now_us, 0)?;
        }
        Ok(())
    })
}
