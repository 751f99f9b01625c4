//! Copies the rows of a project from one database into another, in which it has another number.

use crate::store::error::Error;
use crate::store::row::{Row, Value};
use crate::store::store::Store;

/// Rows in one step.
const STEP_ROWS: i64 = 1000;

/// A project in two databases, with its number in each.
pub(super) struct Transfer<'s> {
    pub(super) from: &'s Store,
    pub(super) source: i64,
    pub(super) to: &'s Store,
    pub(super) target: i64,
}

impl Transfer<'_> {
    /// One at a time, since one may have 100 MiB.
    pub(super) fn contents(&self) -> Result<(), Error> {
        let mut after = Value::Blob(Vec::new());
        let next = "SELECT checksum, bytes FROM content WHERE project = ?1 AND checksum > ?2
            ORDER BY checksum LIMIT 1";
        while let Some(mut row) = self.from.first(next, [self.source.into(), after])? {
            let (checksum, bytes) = (row.take_blob(0)?, row.take_blob(1)?);
            after = Value::Blob(checksum.clone());
            self.to.execute(
                "INSERT INTO content (project, checksum, bytes) VALUES (?1, ?2, ?3)",
                [
                    self.target.into(),
                    Value::Blob(checksum),
                    Value::Blob(bytes),
                ],
            )?;
        }
        Ok(())
    }

    /// In their order, so that the newest of each path is the last. What was pruned or purged stays so.
    pub(super) fn versions(&self) -> Result<(), Error> {
        self.rows::<12>(
            "SELECT rev, rev, ?4, path, checksum, size, modified, device, previous, tag,
               (SELECT id FROM device_key WHERE number = version.key), ?4, iif(content IS NULL, NULL, checksum)
             FROM version WHERE project = ?1 AND rev > ?2 ORDER BY rev LIMIT ?3",
            "INSERT INTO version (rev, project, path, checksum, size, modified, device, previous, tag, key, content)",
            "(?,?,?,?,?,?,?,?,?,(SELECT number FROM device_key WHERE id = ?),
              (SELECT id FROM content WHERE project = ? AND checksum = ?))",
        )
    }

    pub(super) fn purged(&self) -> Result<(), Error> {
        self.rows::<4>(
            "SELECT rev, rev, ?4, tag, path FROM purged WHERE project = ?1 AND rev > ?2 ORDER BY rev LIMIT ?3",
            "INSERT INTO purged (rev, project, tag, path)",
            "(?,?,?,?)",
        )
    }

    /// Where the retention goes on, if that is inside the history of a path: it takes all below for pruned.
    pub(super) fn retention(&self) -> Result<(), Error> {
        self.rows::<3>(
            "SELECT project, ?4, rev, place FROM sweep WHERE project = ?1 AND project > ?2 LIMIT ?3",
            "INSERT INTO sweep (project, rev, place)",
            "(?,?,?)",
        )
    }

    pub(super) fn positions(&self) -> Result<(), Error> {
        self.rows::<9>(
            "SELECT key, ?4, (SELECT id FROM device_key WHERE number = key), epoch, asked, sent, confirmed,
               shared_until, cursor, cursor_at
             FROM device_project WHERE project = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
            "INSERT INTO device_project (project, key, epoch, asked, sent, confirmed, shared_until, cursor, cursor_at)",
            "(?,(SELECT number FROM device_key WHERE id = ?),?,?,?,?,?,?,?)",
        )
    }

    /// Reads rows of `?1` in steps of `?3`, with `?4` for the project that they are for, and inserts them. The
    /// first column, which is not inserted, is what the next step begins after.
    fn rows<const N: usize>(&self, select: &str, head: &str, row: &str) -> Result<(), Error> {
        let mut after = 0;
        loop {
            let parameters = [self.source, after, STEP_ROWS, self.target].map(Value::from);
            let rows = self.from.execute(select, parameters)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.integer(0)?;
            let values: Result<Vec<[Value; N]>, _> = rows.into_iter().map(all_but_first).collect();
            self.to.insert(head, row, values?.into_iter(), "")?;
        }
    }
}

fn all_but_first<const N: usize>(mut row: Row) -> Result<[Value; N], Error> {
    let values = row.0.split_off(1);
    let wrong = |_| Error::Damaged("a row has another number of columns");
    values.try_into().map_err(wrong)
}
