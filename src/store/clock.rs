//! What is known of the server's clock, kept over restarts.

use super::error::Error;
use super::row::Row;
use super::store::Store;
use crate::domain::{Clock, Rev};

impl Store {
    /// What is known of the clock; none before its first reading.
    pub fn clock(&self) -> Result<Option<Clock>, Error> {
        let rows =
            self.run("SELECT latest, reading, pending, before_pending, trusted FROM clock")?;
        rows.first().map(clock).transpose()
    }

    /// Takes in a reading and returns what is known then; to be called inside a transaction.
    /// `acted_on` is a moment that the server is known to have acted on.
    pub fn read_clock(&self, now_us: Rev, acted_on: Rev) -> Result<Clock, Error> {
        let clock = match self.clock()? {
            Some(mut clock) => {
                clock.latest = clock.latest.max(acted_on);
                clock.read(now_us);
                clock
            }
            None => Clock::first(now_us, self.newest_rev()?),
        };
        self.save_clock(&clock)?;
        Ok(clock)
    }

    /// The time by which content is pruned.
    pub(super) fn trusted_time(&self, now_us: Rev) -> Result<Rev, Error> {
        let clock = self.clock()?;
        Ok(clock.map_or(now_us, |clock| clock.trusted.min(now_us)))
    }

    pub(super) fn save_clock(&self, clock: &Clock) -> Result<(), Error> {
        self.execute(
            "INSERT INTO clock (id, latest, reading, pending, before_pending, trusted)
             VALUES (1, ?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET latest = excluded.latest, reading = excluded.reading,
               pending = excluded.pending, before_pending = excluded.before_pending, trusted = excluded.trusted",
            [
                clock.latest.into(),
                clock.reading.into(),
                clock.pending.into(),
                clock.before_pending.into(),
                clock.trusted.into(),
            ],
        )
        .map(drop)
    }

    fn newest_rev(&self) -> Result<Option<Rev>, Error> {
        let rows = self.run("SELECT max(last_rev) FROM project")?;
        rows.first().map_or(Ok(None), |row| row.optional_integer(0))
    }
}

fn clock(row: &Row) -> Result<Clock, Error> {
    Ok(Clock {
        latest: row.integer(0)?,
        reading: row.integer(1)?,
        pending: row.integer(2)?,
        before_pending: row.integer(3)?,
        trusted: row.integer(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::push::PushTo;
    use super::super::test_support::{TestFile, push, rules};
    use super::*;
    use crate::domain::ProjectId;

    const HOUR: Rev = 3_600_000_000;

    #[test]
    fn the_latest_moment_outlives_the_process_and_holds_for_all_projects() {
        let file = TestFile::new();
        let now = 1000 * HOUR;
        assert_eq!(file.store().clock().unwrap(), None);
        file.store().read_clock(now, 0).unwrap();
        // A process that acted on a later moment than it recorded.
        let clock = file.store().read_clock(now - HOUR, now + 5).unwrap();
        assert!(clock.latest > now + 5);
        assert_eq!(file.store().clock().unwrap(), Some(clock));
        let other = ProjectId::parse("other".to_owned()).unwrap();
        let push = push(&[("a", Some("x"))]);
        let store = file.store();
        let applied = store
            .push(&push, &PushTo::new(&other, clock.latest, &rules()))
            .unwrap();
        assert!(applied.cursor.rev > now + 5);
    }

    #[test]
    fn a_database_from_before_is_pruned_by_the_time_of_its_newest_change() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(5, &[("a", Some("x"))]);
        assert_eq!(store.read_clock(1000 * HOUR, 0).unwrap().trusted, 5);
    }
}
