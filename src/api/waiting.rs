//! How many requests wait at once on a host that does not hold connections itself, such as Spin: each
//! has an instance of the component all the time.
//!
//! They are counted in the `memory` store, in windows by the time at which they end. A window counts
//! for nothing once it is over, so what a killed instance leaves behind is forgotten within a minute.

use std::time::Duration;

use super::app::App;
use super::clock::now_us;
use super::error::Error;
use super::hold::MAX_WAIT_S;

/// Seconds of a window.
const WINDOW_S: u64 = 10;
/// Windows in which a wait that begins now may end.
const WINDOWS: u64 = MAX_WAIT_S as u64 / WINDOW_S + 1;

/// One that waits, by the key of the window in which it ends.
pub struct Waiting(String);

impl Waiting {
    /// Counts one that waits for this long; `None` when so many wait already.
    pub fn begin(app: &App, time: Duration, most: i64) -> Result<Option<Self>, Error> {
        begin(app, now_us() as u64 / 1_000_000, time, most)
    }

    /// It waits no longer.
    pub fn end(self, app: &App) -> Result<(), Error> {
        app.memory.add(&self.0, -1)?;
        Ok(())
    }
}

fn begin(app: &App, now_s: u64, time: Duration, most: i64) -> Result<Option<Waiting>, Error> {
    let now = now_s / WINDOW_S;
    app.memory.delete(&key(now.saturating_sub(1)))?;
    let own = Waiting(key((now_s + time.as_secs()) / WINDOW_S));
    app.memory.add(&own.0, 1)?;
    let mut waiting = 0;
    for window in now..=now + WINDOWS {
        waiting += app.memory.get(&key(window))?.unwrap_or(0);
    }
    if waiting > most {
        own.end(app)?;
        return Ok(None);
    }
    Ok(Some(own))
}

fn key(window: u64) -> String {
    format!("waiting/{window}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::testing::{self, InMemory};

    #[test]
    fn no_more_wait_than_the_limit_and_what_was_killed_is_forgotten() {
        let app = App {
            memory: Box::new(InMemory::default()),
            ..testing::app()
        };
        let begin = |now_s, seconds| begin(&app, now_s, Duration::from_secs(seconds), 64).unwrap();
        let mut all: Vec<_> = (0..64)
            .map(|number| begin(1000, 1 + number % 60).unwrap())
            .collect();
        assert!(begin(1000, 60).is_none() && begin(1000, 1).is_none());
        all.pop().unwrap().end(&app).unwrap();
        let _last = begin(1000, 60).unwrap();
        assert!(begin(1009, 60).is_none());
        assert!(begin(1061 + WINDOW_S, 60).is_some());
    }
}
