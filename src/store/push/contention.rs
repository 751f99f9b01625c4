//! Whether pushes into a project meet, where the database is a server. There a push is one statement, which is for
//! nothing when another push came first, and then a transaction, which waits. While pushes meet, the transaction alone
//! costs less.
//!
//! Each instance finds out by itself: on WASI 0.3 it serves many requests, on WASI 0.2 Spin makes one for each. To ask the
//! `memory` store before each push took more there than it saved.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::write::{Applied, PushTo};
use crate::domain::{Push, Rev};
use crate::store::error::Error;
use crate::store::store::Store;

/// How long it is remembered that pushes met, in microseconds. Then one of them finds out whether they still do.
const REMEMBERED_US: Rev = 10_000_000;
/// Projects that are remembered; more are unlikely in ten seconds.
const MAX_PROJECTS: usize = 100;

/// When pushes into a project met last, in microseconds since 1970, by its id.
#[derive(Default)]
pub(in crate::store) struct Contention(RefCell<BTreeMap<String, Rev>>);

impl Contention {
    /// Applies a push in a transaction from the start, if pushes into its project have met.
    pub(in crate::store) fn apply(
        &self,
        store: &Store,
        push: &Push,
        to: &PushTo,
    ) -> Result<Applied, Error> {
        if store.is_remote() {
            self.apply_remote(store, push, to)
        } else {
            store.apply(push, to)
        }
    }

    fn apply_remote(&self, store: &Store, push: &Push, to: &PushTo) -> Result<Applied, Error> {
        if self.is_known(to) {
            return store.apply(push, &to.in_transaction());
        }
        let applied = store.apply(push, to)?;
        if applied.has_met {
            self.remember(to);
        }
        Ok(applied)
    }

    fn is_known(&self, to: &PushTo) -> bool {
        let met = self.0.borrow();
        let met = met.get(to.id.as_str());
        met.is_some_and(|met| (*met..met + REMEMBERED_US).contains(&to.now_us))
    }

    fn remember(&self, to: &PushTo) {
        let mut met = self.0.borrow_mut();
        if met.len() >= MAX_PROJECTS {
            met.clear();
        }
        met.insert(to.id.as_str().to_owned(), to.now_us);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::domain::ProjectId;
    use crate::store::test_support::{Statements, TestFile, id, push, rules};

    const AT_ONCE: &[&str] = &["SELECT", "INSERT"];
    const TRANSACTION: &[&str] = &["BEGIN", "SELECT", "INSERT", "COMMIT"];
    const BOTH: &[&str] = &["SELECT", "INSERT", "BEGIN", "SELECT", "INSERT", "COMMIT"];

    #[test]
    fn pushes_that_met_are_transactions_for_ten_seconds_and_then_one_finds_out() {
        let (file, ran) = (TestFile::new(), Statements::default());
        let meet = Rc::new(Cell::new(false));
        let (others_push, pushes) = (meet.clone(), Cell::new(0));
        let other = move |store: &Store| {
            if others_push.get() {
                pushes.set(pushes.get() + 1);
                store.push_at(1, &[("other", Some(&pushes.get().to_string()))]);
            }
        };
        let database = file.served(&ran, other);
        for (now_ms, do_meet, expected) in [
            (10_000, true, BOTH),
            (19_999, true, TRANSACTION),
            (20_000, true, BOTH),
            (29_999, false, TRANSACTION),
            (30_000, false, AT_ONCE),
            (30_001, false, AT_ONCE),
        ] {
            meet.set(do_meet);
            let (content, id, rules) = (now_ms.to_string(), id(), rules());
            let edit = push(&[("a", Some(&content))]);
            let to = PushTo::new(&id, now_ms * 1000, &rules);
            database.apply(&edit, &to).unwrap();
            let word = |ran: String| ran.split(' ').next().unwrap().to_owned();
            let words = ran.take().into_iter().map(word);
            let words: Vec<_> = words.filter(|word| word != "PRAGMA").collect();
            assert_eq!(words, expected, "{now_ms} ms");
        }
    }

    #[test]
    fn no_more_than_a_hundred_projects_are_remembered() {
        let (contention, rules) = (Contention::default(), rules());
        let ids = (0..250).map(|number| ProjectId::parse(number.to_string()).unwrap());
        for id in ids {
            let to = PushTo::new(&id, 1, &rules);
            contention.remember(&to);
            assert!(contention.is_known(&to));
            assert!(contention.0.borrow().len() <= MAX_PROJECTS);
        }
    }
}
