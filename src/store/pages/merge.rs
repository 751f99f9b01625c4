//! The changes of several projects, merged, newest first. No index has them together, since every index on
//! versions would cost each push.

use std::collections::{BinaryHeap, VecDeque};

use crate::domain::Rev;
use crate::domain::key::Projects;
use crate::store::error::Error;
use crate::store::row::Row;
use crate::store::store::Store;

/// Projects whose changes are merged at once.
const MERGED: i64 = 1_000;
/// Changes of a project that are read at once, when there are several.
const CHUNK: usize = 20;

/// A place in the changes of all projects. Two of them may be of the same microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityPosition {
    /// The rev of a change.
    pub rev: Rev,
    /// The number of its project.
    pub project: i64,
}

impl ActivityPosition {
    /// Before all changes.
    pub const NEWEST: Self = Self {
        rev: Rev::MAX,
        project: 0,
    };
}

/// A change as it is stored.
pub(super) struct StoredChange {
    pub(super) rev: Rev,
    pub(super) path: String,
    pub(super) device: Option<String>,
    pub(super) is_deletion: bool,
    pub(super) size: u64,
    pub(super) previous: Option<Rev>,
}

/// The changes of one project, newest first.
pub(super) struct Stream {
    pub(super) number: i64,
    pub(super) id: String,
    /// What was read of them.
    read: VecDeque<StoredChange>,
    /// How many are read at once.
    chunk: usize,
}

/// The changes of some projects, newest first.
pub(super) struct Merge {
    pub(super) streams: Vec<Stream>,
    /// The newest change of each stream that has any left.
    newest: BinaryHeap<(ActivityPosition, usize)>,
    /// Below this place other projects have changes too.
    floor: Option<ActivityPosition>,
}

impl Store {
    /// The changes of some projects before a place. Of a single one, `chunk` are read at once.
    pub(super) fn merge(
        &self,
        projects: &Projects,
        before: ActivityPosition,
        chunk: usize,
    ) -> Result<Merge, Error> {
        let parameters = [
            before.rev.into(),
            before.project.into(),
            projects.into(),
            MERGED.into(),
        ];
        let rows = self.execute(PROJECTS, parameters)?;
        let chunk = if rows.len() == 1 { chunk } else { CHUNK };
        let (mut streams, mut newest) = (Vec::new(), BinaryHeap::new());
        let mut oldest = ActivityPosition::NEWEST;
        for mut row in rows {
            let number = row.integer(0)?;
            oldest = ActivityPosition {
                rev: row.integer(2)?,
                project: number,
            };
            newest.push((oldest, streams.len()));
            streams.push(Stream {
                number,
                id: row.take_text(1)?,
                read: VecDeque::new(),
                chunk,
            });
        }
        let is_all = streams.len() < MERGED as usize;
        Ok(Merge {
            streams,
            newest,
            floor: (!is_all).then_some(oldest),
        })
    }

    /// Takes the newest change of a stream, and looks for the one before it.
    pub(super) fn take(
        &self,
        merge: &mut Merge,
        place: ActivityPosition,
        at: usize,
    ) -> Result<StoredChange, Error> {
        let stream = &mut merge.streams[at];
        if stream.read.is_empty() {
            stream.read = self.read_changes(stream, place.rev)?;
        }
        let change = stream.read.pop_front();
        let change = change.ok_or(Error::Damaged("a version is missing"))?;
        if stream.read.is_empty() {
            stream.read = self.read_changes(stream, change.rev - 1)?;
        }
        if let Some(next) = stream.read.front() {
            let next = ActivityPosition {
                rev: next.rev,
                ..place
            };
            merge.newest.push((next, at));
        }
        Ok(change)
    }

    /// The next changes of a stream up to a rev.
    fn read_changes(&self, stream: &Stream, up_to: Rev) -> Result<VecDeque<StoredChange>, Error> {
        let parameters = [
            stream.number.into(),
            up_to.into(),
            (stream.chunk as i64).into(),
        ];
        let rows = self.execute(CHANGES, parameters)?;
        rows.into_iter().map(stored).collect()
    }
}

impl Merge {
    /// Whether nothing is left of any project.
    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    /// The place of the newest change that is left, and its stream.
    pub(super) fn pop(&mut self) -> Option<(ActivityPosition, usize)> {
        let (place, _) = *self.newest.peek()?;
        (Some(place) >= self.floor).then(|| self.newest.pop())?
    }
}

const PROJECTS: &str = "SELECT number, id, newest FROM (
      SELECT number, id, (
        SELECT rev FROM version
        WHERE version.project = number AND rev < ?1 + (number < ?2) ORDER BY rev DESC LIMIT 1) AS newest
      FROM project WHERE ?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))
    WHERE newest IS NOT NULL ORDER BY newest DESC, number DESC LIMIT ?4";

const CHANGES: &str = "SELECT rev, path, device, checksum IS NULL, size, previous FROM version
    WHERE project = ?1 AND rev <= ?2 ORDER BY rev DESC LIMIT ?3";

fn stored(mut row: Row) -> Result<StoredChange, Error> {
    Ok(StoredChange {
        rev: row.integer(0)?,
        path: row.take_text(1)?,
        device: row.optional_text(2)?.map(str::to_owned),
        is_deletion: row.integer::<i64>(3)? != 0,
        size: row.integer(4)?,
        previous: row.optional_integer(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::TestFile;

    #[test]
    fn a_merge_reads_its_own_rows_only() {
        let file = TestFile::new();
        let store = file.store();
        store.assert_seeks(PROJECTS, 4, &["project", "json_each"]);
        store.assert_seeks(CHANGES, 3, &[]);
    }
}
