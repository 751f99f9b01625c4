//! An open database: one connection, its statements and its transactions.

use std::cell::Cell;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::Error;
use super::row::{Row, Value};
use super::sql::Sql;
use super::sql_error::SqlError;

/// Begins a transaction that relies on nothing of its connection, neither pragmas nor temporary
/// tables, so that a host may commit it together with those of others. To SQLite the comment means
/// nothing.
pub const BEGIN_GROUPED: &str = "BEGIN /* grouped */ IMMEDIATE";

/// How long a writer waits for others, unless [`Store::with_lock_timeout`] says otherwise.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a wait is of which [`Store::with_wait_notice`] tells.
const LONG_WAIT: Duration = Duration::from_secs(1);
/// How long SQLite itself waits before the store tries again, or the store where SQLite does not.
const SHORT_TIMEOUT: Duration = Duration::from_millis(20);

/// Attempts at what was interrupted.
const ATTEMPTS: u32 = 3;
/// What took longer was interrupted by a deadline, and would be again.
const SHORT_ATTEMPT: Duration = Duration::from_secs(1);

/// An open database with the schema of this program.
///
/// Nothing of a transaction is visible to others before it commits, a commit is on the disk before
/// it returns, and an error rolls back.
pub struct Store {
    sql: Box<dyn Sql>,
    lock_timeout: Duration,
    on_long_wait: fn(),
    /// Whether SQLite itself waits for the short timeout; none before it was asked to.
    waits_inside: Cell<Option<bool>>,
    /// Whether a transaction is open that writes.
    is_writing: Cell<bool>,
    /// Whether a statement has failed in it.
    has_failed: Cell<bool>,
    /// Whether a statement was interrupted that stored nothing.
    was_interrupted: Cell<bool>,
}

impl Store {
    /// Takes a connection and leaves the schema as it is: from `FIRST_SCHEMA` to `SCHEMA_VERSION`,
    /// or reads fail.
    pub fn open_unchanged(sql: impl Sql + 'static) -> Self {
        Self {
            sql: Box::new(sql),
            lock_timeout: LOCK_TIMEOUT,
            on_long_wait: || (),
            waits_inside: Cell::default(),
            is_writing: Cell::default(),
            has_failed: Cell::default(),
            was_interrupted: Cell::default(),
        }
    }

    /// Waits this long for other writers.
    pub fn with_lock_timeout(self, lock_timeout: Duration) -> Self {
        Self {
            lock_timeout,
            ..self
        }
    }

    /// Calls `notice` once for each wait for other writers that takes longer than a second.
    pub fn with_wait_notice(self, notice: fn()) -> Self {
        Self {
            on_long_wait: notice,
            ..self
        }
    }

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
        self.transaction(BEGIN_GROUPED, "COMMIT", work)
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
    pub(super) fn write_alone<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction("BEGIN IMMEDIATE", "COMMIT", work)
    }

    fn transaction<T, E: From<Error>>(
        &self,
        begin: &str,
        end: &str,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(begin)?;
        self.is_writing.set(true);
        self.has_failed.set(false);
        let done = self.finish(end, work);
        self.is_writing.set(false);
        done
    }

    fn finish<T, E: From<Error>>(
        &self,
        end: &str,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let answer = work(self).map_err(|error| self.roll_back().err().map_or(error, E::from))?;
        self.run(end).inspect_err(|_| {
            // Nobody knows whether it is stored.
            self.was_interrupted.set(false);
        })?;
        Ok(answer)
    }

    /// Ends a transaction without changes. Fails when what it has read is lost: it may be the work of other
    /// transactions, with which a host commits this one.
    fn roll_back(&self) -> Result<(), Error> {
        let has_failed = self.has_failed.get();
        match self.run("ROLLBACK") {
            // Which rolled back by itself, for example because the disk is full.
            Err(_) if has_failed => Ok(()),
            rolled_back => rolled_back.map(drop),
        }
    }

    /// Runs `work`, and again when it fails because a statement was interrupted, as a server such as
    /// libSQL's does now and then. Nothing of `work` may be stored by then.
    pub(super) fn retried<T, E: From<Error>>(
        &self,
        work: impl Fn(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        for _ in 1..ATTEMPTS {
            let started = Instant::now();
            self.was_interrupted.set(false);
            match work(self) {
                Err(_) if self.was_interrupted.get() && started.elapsed() < SHORT_ATTEMPT => {}
                done => return done,
            }
        }
        work(self)
    }

    /// Waits for the lock that writing needs. SQLite looks for it after pauses that grow to a tenth
    /// of a second, and has lost it to others by then; a new attempt starts with short pauses.
    fn begin(&self, begin: &str) -> Result<(), Error> {
        let started = Instant::now();
        let waits_inside = self.waits_inside();
        let mut notice = Some(self.on_long_wait);
        loop {
            match self.run(begin) {
                Err(Error::Busy) if started.elapsed() < self.lock_timeout => {
                    let notice = notice.take_if(|_| started.elapsed() > LONG_WAIT);
                    notice.into_iter().for_each(|tell| tell());
                    if !waits_inside {
                        sleep(SHORT_TIMEOUT);
                    }
                }
                begun => return begun.map(drop),
            }
        }
    }

    /// A server that manages its own file refuses this pragma, and may not wait at all.
    fn waits_inside(&self) -> bool {
        self.waits_inside.get().unwrap_or_else(|| {
            let pragma = format!("PRAGMA busy_timeout = {}", SHORT_TIMEOUT.as_millis());
            let is_set = self.run(&pragma).is_ok();
            self.waits_inside.set(Some(is_set));
            is_set
        })
    }

    /// Whether the database is a server, which manages its own file.
    pub fn is_remote(&self) -> bool {
        !self.waits_inside()
    }

    /// Whether the schema has this table, which an older one may not.
    pub(super) fn has_table(&self, name: &str) -> Result<bool, Error> {
        let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        Ok(self.first(table, [name.into()])?.is_some())
    }

    /// Runs one statement without parameters and returns its rows.
    pub(super) fn run(&self, statement: &str) -> Result<Vec<Row>, Error> {
        self.execute(statement, Vec::new())
    }

    /// Runs one statement and returns its rows. One that was interrupted is tried again, but for
    /// those of a transaction that writes, which is rolled back.
    pub(super) fn execute(
        &self,
        statement: &str,
        parameters: impl Into<Vec<Value>>,
    ) -> Result<Vec<Row>, Error> {
        let parameters = parameters.into();
        match self.is_writing.get() {
            true => self.execute_once(statement, parameters),
            false => self.retried(|store| store.execute_once(statement, parameters.clone())),
        }
    }

    /// Runs a statement that writes outside of a transaction, once: nobody knows whether one that was
    /// interrupted is stored.
    pub(super) fn execute_at_once(
        &self,
        statement: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let done = self.execute_once(statement, parameters);
        self.was_interrupted.set(false);
        done
    }

    fn execute_once(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, Error> {
        let result = self.sql.execute(statement, parameters);
        self.has_failed
            .set(self.has_failed.get() || result.is_err());
        if matches!(result, Err(SqlError::TimedOut)) {
            self.was_interrupted.set(true);
        }
        Ok(result?)
    }

    /// Runs one statement and returns its first row.
    pub(super) fn first(
        &self,
        statement: &str,
        parameters: impl Into<Vec<Value>>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.execute(statement, parameters)?.into_iter().next())
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use rusqlite::Connection;

    use super::super::push::PushTo;
    use super::super::testing::{TestFile, id, push, rules};
    use super::*;

    /// A server that fails statements which begin like this, as often as it is told.
    struct Failing {
        connection: Connection,
        begins: &'static str,
        left: Rc<Cell<u32>>,
        error: fn() -> SqlError,
    }

    impl Sql for Failing {
        fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
            if statement.starts_with(self.begins) && self.left.get() > 0 {
                self.left.set(self.left.get() - 1);
                // As SQLite does where a statement writes.
                if self.begins != "SELECT" && !self.connection.is_autocommit() {
                    self.connection.execute_batch("ROLLBACK").unwrap();
                }
                return Err((self.error)());
            }
            Sql::execute(&self.connection, statement, parameters)
        }
    }

    /// Pushes a file while statements that begin like this are interrupted so often. Returns what was
    /// stored, or not, and how often it was not interrupted.
    fn push_interrupted(begins: &'static str, times: u32) -> (Result<(), Error>, u32) {
        let file = TestFile::new();
        drop(file.store());
        let left = Rc::new(Cell::new(times));
        let store = Store::open_unchanged(Failing {
            connection: file.connection(),
            begins,
            left: left.clone(),
            error: || {
                SqlError::from_text("SQLite error: interrupted (SQLITE_INTERRUPT)".to_owned())
            },
        });
        let applied = store.apply(
            &push(&[("a", Some("x"))]),
            &PushTo::new(&id(), 10, &rules()),
        );
        drop(store);
        let versions = file.store().run("SELECT count(*) FROM version").unwrap();
        let stored = versions[0].integer::<i64>(0).unwrap();
        assert_eq!(stored, i64::from(applied.is_ok()), "{begins}");
        (applied.map(drop), left.get())
    }

    #[test]
    fn what_is_interrupted_and_stored_nothing_is_tried_again_and_not_for_ever() {
        for begins in ["BEGIN", "INSERT INTO project", "INSERT INTO pushed"] {
            for times in [1, 2] {
                let (pushed, left) = push_interrupted(begins, times);
                pushed.unwrap();
                assert_eq!(left, 0, "{begins}");
            }
            let (pushed, left) = push_interrupted(begins, 100);
            assert!(matches!(pushed, Err(Error::TimedOut)), "{begins}");
            assert!(left >= 100 - ATTEMPTS * ATTEMPTS, "{begins}");
        }
    }

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
    fn a_read_that_is_interrupted_is_tried_again() {
        let file = TestFile::new();
        file.store().push_at(1, &[("a", Some("x"))]);
        for (times, is_read) in [(2, true), (100, false)] {
            let store = Store::open_unchanged(Failing {
                connection: file.connection(),
                begins: "SELECT",
                left: Rc::new(Cell::new(times)),
                error: || SqlError::TimedOut,
            });
            let read = store.snapshot(|store| store.project(&id()));
            assert_eq!(read.is_ok(), is_read);
        }
    }

    #[test]
    fn a_snapshot_that_fails_is_over() {
        let file = TestFile::new();
        drop(file.store());
        let store = Store::open_unchanged(Failing {
            connection: file.connection(),
            begins: "SELECT",
            left: Rc::new(Cell::new(ATTEMPTS)),
            error: || SqlError::TimedOut,
        });
        let read = store.retried(|store| store.snapshot(|store| store.project(&id())));
        assert!(read.unwrap().is_none());
    }

    #[test]
    fn a_commit_that_is_interrupted_is_not_tried_again() {
        let (pushed, left) = push_interrupted("COMMIT", 2);
        assert!(matches!(pushed, Err(Error::TimedOut)));
        assert_eq!(left, 1);
    }

    #[test]
    fn the_store_waits_where_the_server_does_not() {
        let file = TestFile::new();
        drop(file.store());
        let store = Store::open_unchanged(Failing {
            connection: file.connection(),
            begins: "PRAGMA busy_timeout",
            left: Rc::new(Cell::new(1)),
            error: || SqlError::Failed("pragmas are not allowed".into()),
        });
        let file = file.connection();
        file.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(!store.waits_inside());
        let store = store.with_lock_timeout(3 * SHORT_TIMEOUT);
        let started = Instant::now();
        assert!(matches!(store.begin("BEGIN IMMEDIATE"), Err(Error::Busy)));
        assert!(started.elapsed() >= 3 * SHORT_TIMEOUT);
    }
}
