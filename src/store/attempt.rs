//! An attempt at some work: what has gone wrong in it, and whether there may be another.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::sql_error::SqlError;

/// Attempts at what was interrupted.
const ATTEMPTS: u32 = 3;
/// What took longer was interrupted by a deadline, and would be again.
const SHORT_ATTEMPT: Duration = Duration::from_secs(1);

/// The worst that has happened to a statement since the attempt, or the transaction in it, began.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    #[default]
    None,
    /// A statement has failed: SQLite may have rolled the transaction back by itself, for example because the disk is full.
    Failed,
    /// A statement found no space.
    Full,
    /// A statement was interrupted, and nothing is stored: another attempt may succeed.
    Interrupted,
}

/// The attempt that a connection is used for.
#[derive(Default)]
pub(super) struct Attempt(Cell<Trouble>);

impl Attempt {
    /// Forgets what went wrong before.
    pub fn begin(&self) {
        self.0.set(Trouble::None);
    }

    pub fn failed(&self, error: &SqlError) {
        let trouble = match error {
            SqlError::TimedOut => Trouble::Interrupted,
            SqlError::Full => Trouble::Full,
            _ => Trouble::Failed,
        };
        self.0.set(trouble.max(self.0.get()));
    }

    /// Rules out another attempt: nobody knows whether what was interrupted is stored.
    pub fn may_be_stored(&self) {
        if self.0.get() == Trouble::Interrupted {
            self.0.set(Trouble::Failed);
        }
    }

    /// Whether the disk was full for it.
    pub fn was_full(&self) -> bool {
        self.0.get() == Trouble::Full
    }

    pub fn has_failed(&self) -> bool {
        self.0.get() > Trouble::None
    }

    /// Does `work`, and again when it fails because a statement was interrupted, as a server such as
    /// libSQL's does now and then.
    pub fn repeat<T, E>(&self, work: impl Fn() -> Result<T, E>) -> Result<T, E> {
        for _ in 1..ATTEMPTS {
            let started = Instant::now();
            self.begin();
            let done = work();
            let was_interrupted = self.0.get() == Trouble::Interrupted;
            if done.is_ok() || !was_interrupted || started.elapsed() >= SHORT_ATTEMPT {
                return done;
            }
        }
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::error::Error;
    use super::super::push::PushTo;
    use super::super::store::Store;
    use super::super::test_support::{Failing, TestFile, id, push, rules};
    use super::*;

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
    fn a_commit_that_is_interrupted_is_not_tried_again() {
        let (pushed, left) = push_interrupted("COMMIT", 2);
        assert!(matches!(pushed, Err(Error::TimedOut)));
        assert_eq!(left, 1);
    }
}
