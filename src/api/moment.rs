//! The moment at which a request acts.

use super::app::App;
use super::clock::now_us;
use super::error::Error;
use super::failure::with_causes;
use crate::domain::Rev;
use crate::domain::clock::READING_INTERVAL_US;

/// In the memory of the process: the latest moment that it has acted on.
const LATEST: &str = "clock/latest";
/// In the memory of the process: the last reading that was recorded in the database.
const RECORDED: &str = "clock/recorded";

/// Of moments this close, in microseconds, one is kept: a busy server has many.
const CLOSE_US: Rev = 1000;

/// The moment at which a pull or a push acts: the time of day, but never before a moment that was
/// acted on. A device that pulled at one asks for what was pushed after it.
pub(super) fn moment(app: &App) -> Result<Rev, Error> {
    moment_at(app, now_us())
}

fn moment_at(app: &App, now: Rev) -> Result<Rev, Error> {
    let is_recent = |recorded: Rev| (recorded..recorded + READING_INTERVAL_US).contains(&now);
    let moment = match app.memory.get(LATEST)? {
        Some(latest) if (latest..latest + CLOSE_US).contains(&now) => return Ok(now),
        Some(latest) if app.memory.get(RECORDED)?.is_some_and(is_recent) => latest.max(now),
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
            let causes = with_causes(&error);
            eprintln!("warning: the time was not recorded: {causes}");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::test_support::{self, InMemory};
    use crate::store::Store;
    use crate::store::test_support::TestFile;

    const NOW: Rev = 1_795_000_000_000_000;
    const HOUR: Rev = 3_600_000_000;

    /// A process on a database, which begins with an empty memory.
    fn process(file: &TestFile) -> App {
        App {
            memory: Box::new(InMemory::default()),
            database: file.database(),
            ..test_support::app()
        }
    }

    #[test]
    fn no_moment_is_before_one_that_was_acted_on() {
        let file = TestFile::new();
        let app = process(&file);
        for now in [NOW, NOW + 500, NOW + 5 * HOUR] {
            assert_eq!(moment_at(&app, now).unwrap(), now);
        }
        let latest = NOW + 5 * HOUR + 30_000_000;
        assert_eq!(moment_at(&app, latest).unwrap(), latest);
        assert_eq!(moment_at(&app, latest - 2000).unwrap(), latest);
        let behind = moment_at(&app, latest - HOUR).unwrap();
        assert!(behind > latest);
        assert_eq!(moment_at(&app, latest - HOUR + 5).unwrap(), behind);
        let restarted = process(&file);
        assert!(moment_at(&restarted, latest - 2 * HOUR).unwrap() > behind);
    }

    #[test]
    fn a_reading_is_recorded_once_a_minute() {
        let file = TestFile::new();
        let app = process(&file);
        for (now, recorded) in [
            (NOW, NOW),
            (NOW + 59_000_000, NOW),
            (NOW + 61_000_000, NOW + 61_000_000),
        ] {
            moment_at(&app, now).unwrap();
            let clock = app.database.with(Store::clock).unwrap().unwrap();
            assert_eq!(clock.reading, recorded);
        }
    }

    #[test]
    fn a_reading_that_cannot_be_recorded_fails_no_request() {
        let app = App {
            memory: Box::new(InMemory::default()),
            ..test_support::app()
        };
        assert_eq!(moment_at(&app, NOW).unwrap(), NOW);
        assert_eq!(moment_at(&app, NOW - HOUR).unwrap(), NOW - HOUR);
    }
}
