//! How many changes a project had on each of the last days.

use crate::domain::{DAY_US, Rev};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::store::Store;

/// How many days are counted.
pub const DAYS: usize = 30;
/// The changes of a day are counted up to here, so that a page with many projects stays fast.
pub const MAX_A_DAY: u64 = 100;

impl Store {
    /// The changes of a project in each of the 30 times 24 hours before a moment, the oldest first, each
    /// counted up to 100.
    pub fn daily_changes(&self, project: &Project, now_us: Rev) -> Result<Vec<u64>, Error> {
        let from = now_us - DAYS as Rev * DAY_US;
        if project.head.is_none_or(|head| head <= from) {
            return Ok(vec![0; DAYS]);
        }
        let parameters = [
            project.number.into(),
            from.into(),
            DAY_US.into(),
            (DAYS as i64).into(),
            (MAX_A_DAY as i64).into(),
        ];
        let rows = self.execute(COUNTS, parameters)?;
        rows.iter().map(|row| row.integer(0)).collect()
    }
}

const COUNTS: &str = "WITH RECURSIVE day (number, start) AS (
      SELECT 1, ?2 UNION ALL SELECT number + 1, start + ?3 FROM day LIMIT ?4)
    SELECT (SELECT count(*) FROM (
      SELECT 1 FROM version WHERE project = ?1 AND rev > start AND rev <= start + ?3 LIMIT ?5))
    FROM day ORDER BY number";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::{TestFile, id};

    #[test]
    fn changes_are_counted_by_day_up_to_a_limit() {
        let file = TestFile::new();
        let store = file.store();
        let now_us = 1_000 * DAY_US + 1;
        store.push_at(now_us - 30 * DAY_US, &[("old", Some("x"))]);
        let daily = |now_us| {
            let project = store.project(&id()).unwrap().unwrap();
            store.daily_changes(&project, now_us).unwrap()
        };
        assert_eq!(daily(now_us), [0; DAYS]);
        store.push_at(now_us - 30 * DAY_US + 1, &[("a", Some("x"))]);
        store.push_at(now_us - DAY_US, &[("b", Some("x")), ("c", Some("x"))]);
        store.push_at(now_us, &[("d", Some("x"))]);
        let mut expected = [0; DAYS];
        (expected[0], expected[28], expected[29]) = (1, 1, 2);
        assert_eq!(daily(now_us), expected);
        let many: Vec<_> = (0..150).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(|path| (path.as_str(), Some("x"))).collect();
        store.push_at(now_us, &many);
        assert_eq!(daily(now_us + 200)[29], MAX_A_DAY);
    }

    #[test]
    fn a_count_reads_its_own_rows_only() {
        let file = TestFile::new();
        file.store().assert_seeks(COUNTS, 5, &["day"]);
    }
}
