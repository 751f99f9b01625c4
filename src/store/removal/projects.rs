//! Deletes projects: the row first, so that the project is gone at once, and then everything else in
//! steps between which others write. `removal` remembers what is left, also after a crash.

use std::time::{Duration, Instant};

use crate::domain::{ProjectId, Rev};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::store::Store;

/// Bytes of content in one step, which holds other writers up for some milliseconds and writes as
/// much to the log.
const STEP_BYTES: i64 = 2 << 20;
/// Rows in one step.
const STEP_ROWS: i64 = 1000;

/// How long a deletion waits for readers that need the log.
const LOG_TIMEOUT: Duration = Duration::from_millis(500);

/// Why a project is here no longer, and since when, in microseconds since 1970.
#[derive(Clone, Copy)]
pub(in crate::store) enum Gone {
    Deleted(Rev),
    /// To another server; its id is closed here.
    Moved(Rev),
}

/// What a step of a removal did.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Removed rows, or finished with a project.
    Removed,
    /// Everything is removed, but a reader still needs the log, which has the old pages.
    LogInUse,
    /// Nothing is left to remove.
    Idle,
}

impl Store {
    /// Takes a project out of sight and returns how many live files it had;
    /// [`remove_deleted`](Self::remove_deleted) removes its content and history. Its last rev stays, so
    /// that no rev is ever given out twice. As long as something is being removed, the number is
    /// known: a client may ask again for a deletion that was cut off.
    pub fn delete_project(&self, id: &ProjectId, now_us: Rev) -> Result<u64, Error> {
        match self.project(id)? {
            Some(_) => self.retried(|store| store.erasing(|store| store.retire(id, now_us))),
            None => self.files_before_deletion(id),
        }
    }

    /// When the project was deleted that had this id, in µs since 1970. To be asked when there is no project.
    pub fn deleted_at(&self, id: &ProjectId) -> Result<Option<Rev>, Error> {
        let row = self.first(
            "SELECT deleted_at FROM retired WHERE id = ?1",
            [id.as_str().into()],
        )?;
        row.map_or(Ok(None), |row| row.optional_integer(0))
    }

    fn files_before_deletion(&self, id: &ProjectId) -> Result<u64, Error> {
        let files = "SELECT files FROM retired WHERE id = ?1 AND EXISTS (SELECT 1 FROM removal)";
        let row = self.first(files, [id.as_str().into()])?;
        let files = row.map_or(Ok(None), |row| row.optional_integer(0))?;
        Ok(files.unwrap_or(0) as u64)
    }

    /// Removes what is left of deleted projects, for about as long as `at_most`. After an error the next
    /// call continues, also after a restart.
    pub fn remove_deleted(&self, at_most: Duration) -> Result<(), Error> {
        let started = Instant::now();
        let mut log_in_use = None;
        while started.elapsed() < at_most {
            match self.removal_step()? {
                Step::Removed => {}
                Step::LogInUse
                    if log_in_use.get_or_insert_with(Instant::now).elapsed() < LOG_TIMEOUT => {}
                Step::LogInUse | Step::Idle => break,
            }
        }
        Ok(())
    }

    /// Takes the project out of sight, in a transaction of its own. Returns how many files it had.
    fn retire(&self, id: &ProjectId, now_us: Rev) -> Result<u64, Error> {
        self.write_alone(|store| {
            let Some(project) = store.project(id)? else {
                return store.files_before_deletion(id);
            };
            store.take_out_of_sight(id, &project, Gone::Deleted(now_us))?;
            Ok(project.file_count)
        })
    }

    /// Takes a project out of sight, inside a transaction.
    pub(in crate::store) fn take_out_of_sight(
        &self,
        id: &ProjectId,
        project: &Project,
        gone: Gone,
    ) -> Result<(), Error> {
        let (deleted_at, moved_at) = match gone {
            Gone::Deleted(at) => (Some(at), None),
            Gone::Moved(at) => (None, Some(at)),
        };
        self.execute(
            "INSERT INTO retired (id, last_rev, files, moved_at, deleted_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET last_rev = excluded.last_rev, files = excluded.files,
               moved_at = excluded.moved_at, deleted_at = excluded.deleted_at",
            [
                id.as_str().into(),
                project.last_rev.into(),
                (project.file_count as i64).into(),
                moved_at.into(),
                deleted_at.into(),
            ],
        )?;
        let number = || [project.number.into()];
        self.execute("INSERT INTO removal (project) VALUES (?1)", number())?;
        self.execute("DELETE FROM sweep WHERE project = ?1", number())?;
        self.execute("DELETE FROM project WHERE number = ?1", number())?;
        // A row for each key at most.
        self.execute("DELETE FROM device_project WHERE project = ?1", number())
            .map(drop)
    }

    fn removal_step(&self) -> Result<Step, Error> {
        let Some(project) = self.project_to_remove()? else {
            return Ok(Step::Idle);
        };
        if self.erasing(Self::remove_rows)? {
            return Ok(Step::Removed);
        }
        // The log still holds what was overwritten in the file.
        if !self.empty_log() {
            return Ok(Step::LogInUse);
        }
        self.write(|store| store.finish_removal(project))?;
        Ok(Step::Removed)
    }

    /// The number of a project that is being removed, for content that goes with it; to be called
    /// inside the transaction that hands the content over.
    pub(super) fn number_to_remove(&self) -> Result<i64, Error> {
        let row = self.run(
            "INSERT INTO removal (project)
             SELECT coalesce((SELECT max(project) FROM removal), 1 + (SELECT max(number) FROM project))
             WHERE true ON CONFLICT (project) DO UPDATE SET project = excluded.project
             RETURNING project",
        )?;
        let row = row.first().ok_or(Error::Damaged("there is no project"))?;
        row.integer(0)
    }

    /// Whether nothing is left of what was deleted, neither in the file nor in the log.
    pub(super) fn is_all_removed(&self) -> Result<bool, Error> {
        Ok(self.project_to_remove()?.is_none())
    }

    fn project_to_remove(&self) -> Result<Option<i64>, Error> {
        let row = self.run("SELECT project FROM removal LIMIT 1")?;
        row.first().map(|row| row.integer(0)).transpose()
    }

    /// Removes the next rows in a transaction. Returns whether there were any.
    fn remove_rows(&self) -> Result<bool, Error> {
        self.write_alone(|store| {
            // Asked again: another may have finished, and the number may be a new project's.
            let Some(project) = store.project_to_remove()? else {
                return Ok(false);
            };
            for (statement, limit) in REMOVE {
                let rows = store.execute(statement, [project.into(), limit.into()])?;
                if !rows.is_empty() {
                    return Ok(true);
                }
            }
            store.forget_files(project)?;
            Ok(false)
        })
    }

    fn finish_removal(&self, project: i64) -> Result<(), Error> {
        let finish = "DELETE FROM removal WHERE project = ?1
            AND NOT EXISTS (SELECT 1 FROM content WHERE project = ?1)
            AND NOT EXISTS (SELECT 1 FROM version WHERE project = ?1)
             AND NOT EXISTS (SELECT 1 FROM purged WHERE project = ?1)
             AND NOT EXISTS (SELECT 1 FROM file WHERE project = ?1)
             AND NOT EXISTS (SELECT 1 FROM live_name WHERE project = ?1)";
        self.execute(finish, [project.into()]).map(drop)
    }

    /// Forgets how many files deleted projects had, when nothing else is being removed.
    fn forget_files(&self, project: i64) -> Result<(), Error> {
        let forget = "UPDATE retired SET files = NULL WHERE files IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM removal WHERE project <> ?1)";
        self.execute(forget, [project.into()]).map(drop)
    }
}

/// Statements that remove some rows of a project and return one row for each, with their limits:
/// bytes for content, which may be exceeded by the first, rows for the others.
const REMOVE: [(&str, i64); 5] = [
    (
        "DELETE FROM content WHERE id IN (
           SELECT id FROM (
             SELECT id, sum(size) OVER (ORDER BY checksum ROWS UNBOUNDED PRECEDING) - size AS before
             FROM (SELECT id, checksum, length(bytes) AS size FROM content
                   WHERE project = ?1 ORDER BY checksum LIMIT 1000))
           WHERE before < ?2)
         RETURNING 1",
        STEP_BYTES,
    ),
    (
        "DELETE FROM version WHERE project = ?1
           AND rev IN (SELECT rev FROM version WHERE project = ?1 ORDER BY rev LIMIT ?2)
         RETURNING 1",
        STEP_ROWS,
    ),
    (
        "DELETE FROM purged WHERE project = ?1
           AND rev IN (SELECT rev FROM purged WHERE project = ?1 ORDER BY rev LIMIT ?2)
         RETURNING 1",
        STEP_ROWS,
    ),
    (
        "DELETE FROM file WHERE project = ?1
           AND path IN (SELECT path FROM file WHERE project = ?1 ORDER BY path LIMIT ?2)
         RETURNING 1",
        STEP_ROWS,
    ),
    (
        "DELETE FROM live_name WHERE project = ?1 AND (folded, path) IN (
           SELECT folded, path FROM live_name WHERE project = ?1 ORDER BY folded, path LIMIT ?2)
         RETURNING 1",
        STEP_ROWS,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::Projects;
    use crate::store::test_support::{ALL, TestFile, id};

    fn rows(store: &Store) -> Vec<i64> {
        let count = |table: &str| {
            let rows = store.run(&format!("SELECT count(*) FROM {table}")).unwrap();
            rows[0].integer(0).unwrap()
        };
        ["content", "version", "file", "live_name", "removal"]
            .map(count)
            .into()
    }

    #[test]
    fn a_project_that_is_being_removed_is_gone_and_its_number_is_not_used() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(5000, &[("a", Some("x")), ("b", Some("y"))]);
        let before = store.project(&id()).unwrap().unwrap();
        assert_eq!(store.retire(&id(), 100).unwrap(), 2);
        assert!(store.project(&id()).unwrap().is_none());
        assert!(
            store
                .projects(&Projects::All, "", 10)
                .unwrap()
                .projects
                .is_empty()
        );
        assert_eq!(store.push_at(1, &[("a", Some("z"))]), [5003]);
        let after = store.project(&id()).unwrap().unwrap();
        assert_ne!((before.number, before.epoch), (after.number, after.epoch));
        // As after a crash in between.
        drop(store);
        let store = file.store();
        store.remove_deleted(Duration::MAX).unwrap();
        assert_eq!(rows(&store), [1, 1, 1, 1, 0]);
        let kept = store.page(&id(), &ALL).unwrap().unwrap();
        assert_eq!(kept.changes.len(), 1);
    }

    #[test]
    fn a_deletion_that_was_cut_off_knows_how_many_files_there_were() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("x")), ("b", Some("y"))]);
        for _ in 0..2 {
            assert_eq!(store.delete_project(&id(), 100).unwrap(), 2);
        }
        assert_eq!(store.retire(&id(), 100).unwrap(), 2);
        store.remove_deleted(Duration::MAX).unwrap();
        assert_eq!(store.delete_project(&id(), 100).unwrap(), 0);
        let kept = store.run("SELECT count(files) FROM retired").unwrap();
        assert_eq!(kept[0].integer::<i64>(0).unwrap(), 0);
    }

    #[test]
    fn rows_and_content_are_removed_in_steps() {
        let file = TestFile::new();
        let store = file.store();
        let half = STEP_BYTES as usize / 2 + 1;
        let large = ["1", "2", "3"].map(|digit| digit.repeat(half));
        store.push_at(
            1,
            &[
                ("a", Some(&large[0])),
                ("b", Some(&large[1])),
                ("c", Some(&large[2])),
            ],
        );
        store.retire(&id(), 100).unwrap();
        let mut steps = Vec::new();
        while store.removal_step().unwrap() != Step::Idle {
            steps.push(rows(&store));
        }
        let expected = [
            [1, 3, 3, 3, 1],
            [0, 3, 3, 3, 1],
            [0, 0, 3, 3, 1],
            [0, 0, 0, 3, 1],
            [0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0],
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_removal_is_over_when_no_reader_needs_the_log() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("x"))]);
        let reader = file.store();
        reader.run("BEGIN").unwrap();
        reader.project(&id()).unwrap();
        let started = Instant::now();
        assert_eq!(store.delete_project(&id(), 100).unwrap(), 1);
        store.remove_deleted(Duration::MAX).unwrap();
        assert!(started.elapsed() < 10 * LOG_TIMEOUT);
        assert_eq!(rows(&store), [0, 0, 0, 0, 1]);
        reader.run("ROLLBACK").unwrap();
        store.remove_deleted(Duration::MAX).unwrap();
        assert_eq!(rows(&store), [0, 0, 0, 0, 0]);
        assert_eq!(file.log_bytes() / 4096, 1);
    }
}
