//! Transactions: what is read on one snapshot, and what is written as a whole or not at all.

use super::error::Error;
use super::store::Store;

/// Begins a transaction that relies on nothing of its connection, neither pragmas nor temporary
/// tables, so that a host may commit it together with those of others. To SQLite the comment means
/// nothing.
pub const BEGIN_GROUPED: &str = "BEGIN /* grouped */ IMMEDIATE";

/// Begins a transaction that shares nothing with others. A host may lend it space on a full disk.
pub const BEGIN_ALONE: &str = "BEGIN IMMEDIATE";

impl Store {
    /// Runs `ask` on one snapshot of the database, so that what several statements read belongs
    /// together: between two of them a project may be deleted, and its number and those of its
    /// content given to another.
    pub fn snapshot<T, E: From<Error>>(
        &self,
        ask: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run("BEGIN")?;
        let answer = ask(self).inspect_err(|_| {
            self.execute_once("ROLLBACK", Vec::new()).ok();
        })?;
        self.run("ROLLBACK")?;
        Ok(answer)
    }

    /// Runs `work` in a transaction that excludes other writers, and commits.
    pub fn write<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction(BEGIN_GROUPED, work)
    }

    /// Runs `work` that takes data or rights away, as [`write`](Self::write) does, and alone where the disk is full for
    /// it.
    pub fn take_away<T, E: From<Error>>(
        &self,
        work: impl Fn(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.attempt.begin();
        let done = self.write(&work);
        if done.is_err() && self.attempt.was_full() {
            self.write_alone(work)
        } else {
            done
        }
    }

    /// Runs `work` that deletes alone where the disk was full for it. A host may keep space for that,
    /// for a transaction that shares nothing with others.
    pub(super) fn despite_full_disk<T>(
        &self,
        done: Result<T, Error>,
        work: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match done {
            Err(Error::Full) => self.write_alone(work),
            done => done,
        }
    }

    /// Runs `work` in a transaction on this connection, which is committed alone.
    pub fn write_alone<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction(BEGIN_ALONE, work)
    }

    fn transaction<T, E: From<Error>>(
        &self,
        begin: &str,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(begin)?;
        self.attempt.begin();
        self.is_writing.set(true);
        let done = self.finish(work);
        self.is_writing.set(false);
        done
    }

    fn finish<T, E: From<Error>>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        let answer = work(self).map_err(|error| self.roll_back().err().map_or(error, E::from))?;
        let committed = self.run("COMMIT");
        committed.inspect_err(|_| self.attempt.may_be_stored())?;
        Ok(answer)
    }

    /// Ends a transaction without changes. Fails when what it has read is lost: it may be the work of other
    /// transactions, with which a host commits this one.
    fn roll_back(&self) -> Result<(), Error> {
        let is_over = self.attempt.has_failed();
        match self.run("ROLLBACK") {
            Err(_) if is_over => Ok(()),
            rolled_back => rolled_back.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::super::sql_error::SqlError;
    use super::super::test_support::{Failing, TestFile, id};
    use super::*;

    #[test]
    fn a_refusal_that_tells_of_work_which_is_lost_is_not_given() {
        let file = TestFile::new();
        drop(file.store());
        let left = Rc::new(Cell::new(1));
        let store = Store::open_unchanged(Failing {
            connection: file.connection(),
            begins: "ROLLBACK",
            left: left.clone(),
            error: || SqlError::Full,
        });
        let refuse = || store.write(|_| Err::<(), _>(Error::NoProject));
        assert!(matches!(refuse(), Err(Error::Full)));
        assert!(matches!(refuse(), Err(Error::NoProject)));
        left.set(1);
        let failed = store.write(|store| store.run("SELECT nothing"));
        assert!(matches!(failed, Err(Error::Sql(_))));
    }

    #[test]
    fn what_is_taken_away_on_a_full_disk_is_tried_again_alone() {
        let file = TestFile::new();
        drop(file.store());
        let left = Rc::new(Cell::new(0));
        let store = Store::open_unchanged(Failing {
            connection: file.connection(),
            begins: "DELETE",
            left: left.clone(),
            error: || SqlError::Full,
        });
        for (failures, is_done) in [(0, true), (1, true), (2, false)] {
            left.set(failures);
            let done = store.take_away(|store| store.run("DELETE FROM session"));
            assert_eq!(done.is_ok(), is_done, "{failures}");
        }
        left.set(0);
        let runs = Cell::new(0);
        let refused = store.take_away(|_| {
            runs.set(runs.get() + 1);
            Err::<(), _>(Error::NoProject)
        });
        assert!(matches!(refused, Err(Error::NoProject)));
        assert_eq!(runs.get(), 1);
    }

    #[test]
    fn a_snapshot_that_fails_is_over() {
        let file = TestFile::new();
        drop(file.store());
        let store = Store::open_unchanged(Failing {
            connection: file.connection(),
            begins: "SELECT",
            left: Rc::new(Cell::new(3)),
            error: || SqlError::TimedOut,
        });
        let read = store.retried(|store| store.snapshot(|store| store.project(&id())));
        assert!(read.unwrap().is_none());
    }
}
