//! A push without a transaction, where the database is a server: there each statement is a round trip, and
//! a transaction keeps all other writers waiting for several.

use super::insert::Writing;
use super::write::{Applied, Numbered, PushTo};
use crate::domain::Push;
use crate::store::error::Error;
use crate::store::store::Store;

/// What became of a push in one statement.
pub(super) enum PushAttempt {
    Applied(Applied),
    /// Another push came first.
    Met,
    /// The project does not exist, one statement cannot write it all, or it was interrupted.
    NotPossible,
}

impl Store {
    /// Applies a push in two statements: one reads, and one writes if nobody has changed the project since.
    pub(super) fn apply_unlocked(&self, push: &Push, to: &PushTo) -> Result<PushAttempt, Error> {
        let (project, current) = self.current_state(to.id, push)?;
        let Some(before) = project.filter(|project| project.unportable.is_some()) else {
            return Ok(PushAttempt::NotPossible);
        };
        let plan = to.rules.plan(push, &current)?;
        let numbered = Numbered::new(before.clone(), plan, to)?;
        let writing = Writing {
            before: Some(&before),
            ..numbered.writing(push, &current)
        };
        match self.write_plan_at_once(&writing) {
            Ok(true) => Ok(PushAttempt::Applied(numbered.applied(push, to.now_us))),
            Err(Error::Busy) => Ok(PushAttempt::Met),
            // A transaction waits for the lock, and reads again: it finds unchanged what an interrupted statement has stored
            // after all.
            Ok(false) | Err(Error::TimedOut) => Ok(PushAttempt::NotPossible),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::domain::{Rejection, Status};
    use crate::store::row::{Row, Value};
    use crate::store::sql::Sql;
    use crate::store::sql_error::SqlError;
    use crate::store::test_support::{Server, Statements, TestFile, id, push, rules};

    struct Remote {
        file: TestFile,
        store: Store,
        statements: Statements,
    }

    /// A project with a file on a server.
    fn remote(other: impl Fn(&Store) + 'static) -> Remote {
        let (file, statements) = (TestFile::new(), Statements::default());
        let store = Store::open_unchanged(file.server(&statements, other));
        Remote {
            file,
            store,
            statements,
        }
    }

    impl Remote {
        fn push(&self, now_us: i64, entries: &[(&str, Option<&str>)]) -> Result<Applied, Error> {
            let to = rules();
            self.store
                .apply(&push(entries), &PushTo::new(&id(), now_us, &to))
        }

        /// How the statements since the last look begin.
        fn ran(&self) -> Vec<String> {
            let ran = self.statements.take().into_iter();
            let word = |statement: String| statement.split(' ').next().unwrap().to_owned();
            ran.map(word).collect()
        }
    }

    fn statuses(applied: &Applied) -> Vec<Status> {
        applied
            .outcomes
            .iter()
            .map(|outcome| outcome.status)
            .collect()
    }

    #[test]
    fn a_push_to_a_server_is_a_read_and_a_write() {
        let remote = remote(|_| {});
        remote.push(5, &[("a", Some("y"))]).unwrap();
        remote.ran();
        let applied = remote.push(10, &[("b", Some("x")), ("B/c", Some("z")), ("a", None)]);
        let expected = [Status::Created, Status::Created, Status::Deleted];
        assert_eq!(statuses(&applied.unwrap()), expected);
        assert_eq!(remote.ran(), ["SELECT", "INSERT"]);
        // What changes nothing writes nothing.
        let again = remote.push(20, &[("b", Some("x"))]).unwrap();
        assert_eq!(
            (statuses(&again), remote.ran()),
            (vec![Status::Unchanged], vec!["SELECT".to_owned()])
        );
        let project = remote.file.store().project(&id()).unwrap().unwrap();
        assert_eq!(
            (project.file_count, project.unportable, project.cursor()),
            (2, Some(2), again.cursor)
        );
    }

    #[test]
    fn a_thousand_changes_are_a_write_and_more_are_a_transaction() {
        let remote = remote(|_| {});
        remote.push(5, &[("a", Some("y"))]).unwrap();
        remote.ran();
        let paths = |folder: &str| (0..999).map(|file| format!("{folder}/{file}")).collect();
        let (old, new): (Vec<String>, Vec<String>) = (paths("old"), paths("new"));
        let mut entries: Vec<_> = old.iter().map(|path| (&**path, Some("x"))).collect();
        entries.push(("a", None));
        remote.push(10, &entries).unwrap();
        assert_eq!(remote.ran(), ["SELECT", "INSERT"]);
        let deletions = old.iter().map(|path| (&**path, None));
        let entries = new.iter().map(|path| (&**path, Some("x")));
        let entries: Vec<_> = entries.chain(deletions).collect();
        remote.push(2_000, &entries).unwrap();
        assert!(remote.ran().contains(&"BEGIN".to_owned()));
        let project = remote.file.store().project(&id()).unwrap().unwrap();
        assert_eq!(project.file_count, 999);
    }

    #[test]
    fn a_push_that_met_another_one_is_done_again_in_a_transaction() {
        let times = Rc::new(Cell::new(0));
        let counted = times.clone();
        let remote = remote(move |here| {
            counted.set(counted.get() + 1);
            here.push_at(50, &[("a", None), ("b", Some("other"))]);
        });
        let applied = remote
            .push(50, &[("a", Some("y")), ("b", Some("mine"))])
            .unwrap();
        assert_eq!(statuses(&applied), [Status::Created, Status::Updated]);
        let expected = [
            "PRAGMA", "SELECT", "INSERT", "BEGIN", "SELECT", "INSERT", "COMMIT",
        ];
        assert_eq!(
            (remote.ran(), times.get(), applied.has_met),
            (expected.map(str::to_owned).into(), 1, true)
        );
        let project = remote.file.store().project(&id()).unwrap().unwrap();
        assert_eq!((project.file_count, project.cursor()), (2, applied.cursor));
        let revs: Vec<_> = applied.outcomes.iter().map(|outcome| outcome.rev).collect();
        assert_eq!(revs, [Some(52), Some(53)]);
    }

    #[test]
    fn a_push_that_expects_others_begins_with_the_transaction() {
        let remote = remote(|_| panic!("it writes without one"));
        let (edit, id, rules) = (push(&[("a", Some("y"))]), id(), rules());
        let to = PushTo::new(&id, 10, &rules).in_transaction();
        let applied = remote.store.apply(&edit, &to).unwrap();
        assert!(!applied.has_met);
        let expected = ["BEGIN", "SELECT", "INSERT", "COMMIT"];
        assert_eq!(remote.ran()[1..], expected);
    }

    #[test]
    fn a_name_that_met_another_push_changes_no_count() {
        let remote = remote(|here| drop(here.push_at(50, &[("b", Some("other"))])));
        let name = Push {
            name: Some("name".to_owned()),
            ..Push::default()
        };
        let applied = remote.store.apply(&name, &PushTo::new(&id(), 10, &rules()));
        let summary = remote.file.store().project_summary(&id()).unwrap().unwrap();
        assert_eq!(summary.name.as_deref(), Some("name"));
        assert_eq!(summary.project.file_count, 2);
        assert_eq!(applied.unwrap().cursor, summary.project.cursor());
    }

    #[test]
    fn a_project_that_was_made_anew_is_another_one() {
        let remote = remote(|here| {
            here.delete_project(&id(), 100).unwrap();
            here.push_at(1, &[("other", Some("x"))]);
        });
        let applied = remote.push(10, &[("a", Some("y"))]).unwrap();
        assert_eq!(statuses(&applied), [Status::Created]);
        let project = remote.file.store().project(&id()).unwrap().unwrap();
        assert_eq!((project.file_count, project.cursor()), (2, applied.cursor));
    }

    #[test]
    fn a_refused_push_writes_nothing() {
        let remote = remote(|_| panic!("it writes"));
        let refused = remote.push(10, &[("a/b", Some("y"))]);
        assert!(matches!(
            refused,
            Err(Error::Rejected(Rejection::PathClash(_)))
        ));
    }

    /// A server that interrupts the first write, before it has stored anything or after.
    struct Interrupting {
        server: Server,
        has_stored: bool,
        interrupts: Cell<bool>,
    }

    impl Sql for Interrupting {
        fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
            if !statement.starts_with("INSERT") || !self.interrupts.replace(false) {
                return self.server.execute(statement, parameters);
            }
            if self.has_stored {
                self.server.execute(statement, parameters)?;
            }
            Err(SqlError::TimedOut)
        }
    }

    #[test]
    fn a_push_that_was_interrupted_is_done_again_and_finds_what_is_stored() {
        for (has_stored, expected) in [(false, Status::Updated), (true, Status::Unchanged)] {
            let file = TestFile::new();
            file.store().push_at(1, &[("a", Some("x"))]);
            let store = Store::open_unchanged(Interrupting {
                server: Server {
                    connection: file.connection(),
                    statements: Rc::default(),
                    other: Rc::new(|| {}),
                },
                has_stored,
                interrupts: Cell::new(true),
            });
            let edit = push(&[("a", Some("y"))]);
            let applied = store.apply(&edit, &PushTo::new(&id(), 10, &rules()));
            assert_eq!(statuses(&applied.unwrap()), [expected]);
            let project = file.store().project(&id()).unwrap().unwrap();
            assert_eq!((project.file_count, project.last_rev), (1, 10));
        }
    }
}
