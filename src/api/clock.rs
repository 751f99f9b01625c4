//! The time of day, and the moment at which a request acts.

use std::time::{SystemTime, UNIX_EPOCH};

use super::app::App;
use super::error::Error;
use crate::domain::Rev;
use crate::domain::clock::READING_INTERVAL_US;

/// In the memory of the process: the latest moment that it has acted on.
const LATEST: &str = "clock/latest";
/// In the memory of the process: the last reading that was recorded in the database.
const RECORDED: &str = "clock/recorded";

/// Microseconds since 1970.
pub(super) fn now_us() -> Rev {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_micros() as Rev)
}

/// The moment at which a pull or a push acts: the time of day, but never before a moment that was
/// acted on. A device that pulled at one asks for what was pushed after it.
pub(super) fn moment(app: &App) -> Result<Rev, Error> {
    let now = now_us();
    let is_recent = |recorded: Rev| (recorded..recorded + READING_INTERVAL_US).contains(&now);
    let recorded = app.memory.get(RECORDED)?;
    let moment = match app.memory.get(LATEST)? {
        Some(latest) if recorded.is_some_and(is_recent) => latest.max(now),
        latest => match record(app, now, latest.unwrap_or(0))? {
            Some(recorded) => recorded,
            // The next request tries again, unless this process knows its latest moment.
            None if latest.is_none() => return Ok(now),
            None => latest.unwrap_or(0).max(now),
        },
    };
    app.memory.set(LATEST, moment)?;
    Ok(moment)
}

/// Records the reading, at most once a minute. A failure is not the client's: none is returned then.
fn record(app: &App, now: Rev, latest: Rev) -> Result<Option<Rev>, Error> {
    // Before it is, so that no other request waits for the same.
    app.memory.set(RECORDED, now)?;
    let recorded = app.database.write(|store| store.read_clock(now, latest));
    match recorded {
        Ok(clock) => Ok(Some(clock.latest)),
        Err(error) => {
            eprintln!("warning: the time was not recorded: {error}");
            Ok(None)
        }
    }
}
