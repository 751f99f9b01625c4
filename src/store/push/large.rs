//! Looks up what is stored around the paths of a large push before others have to wait for it.

use std::collections::HashSet;

use super::current_state::paths;
use super::unlocked::PushAttempt;
use super::write::{Applied, PushTo};
use crate::domain::{CurrentState, ProjectId, Push};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::row::Row;
use crate::store::store::Store;

/// Entries of a push whose lookup takes others too long.
const LARGE: usize = 5_000;

impl Store {
    /// Applies a push in a transaction of its own. Of a large one, only what has changed since the
    /// lookup is looked up in the transaction.
    pub fn apply(&self, push: &Push, to: &PushTo) -> Result<Applied, Error> {
        self.retried(|store| store.with_names(to.id, |store| store.apply_once(push, to)))
    }

    fn apply_once(&self, push: &Push, to: &PushTo) -> Result<Applied, Error> {
        let is_small = push.puts.len() + push.deletes.len() < LARGE;
        let attempt = if is_small && !to.is_contended && self.is_remote() {
            self.apply_unlocked(push, to)?
        } else {
            PushAttempt::NotPossible
        };
        if let PushAttempt::Applied(applied) = attempt {
            return Ok(applied);
        }
        let small = |store: &Self| store.push(push, to);
        let applied = if is_small {
            self.write(small)
        } else {
            self.apply_large(push, to)
        };
        let applied = if push.puts.is_empty() {
            self.despite_full_disk(applied, small)
        } else {
            applied
        };
        applied.map(|applied| Applied {
            has_met: matches!(attempt, PushAttempt::Met),
            ..applied
        })
    }

    fn apply_large(&self, push: &Push, to: &PushTo) -> Result<Applied, Error> {
        let (before, current) = self.snapshot(|store| store.current_state(to.id, push))?;
        self.write(|store| {
            let (project, current) = store.catch_up(to.id, push, before, current)?;
            store.push_onto(project, &current, push, to)
        })
    }

    /// The present state, from an earlier one.
    fn catch_up<'p>(
        &self,
        id: &ProjectId,
        push: &'p Push,
        before: Option<Project>,
        mut current: CurrentState<'p>,
    ) -> Result<(Option<Project>, CurrentState<'p>), Error> {
        let (Some(before), Some(project)) = (before, self.project(id)?) else {
            return self.current_state(id, push);
        };
        if (before.number, before.epoch) != (project.number, project.epoch) {
            return self.current_state(id, push);
        }
        if before.head != project.head {
            let changed = self.changed_since(&before)?;
            self.look_up_again(id, push, &changed, &mut current)?;
        }
        Ok((Some(project), current))
    }

    fn changed_since(&self, before: &Project) -> Result<Vec<String>, Error> {
        let rows = self.execute(
            "SELECT path FROM file WHERE project = ?1 AND deleted = 0 AND rev > ?2
             UNION ALL
             SELECT path FROM file WHERE project = ?1 AND deleted = 1 AND rev > ?2",
            [before.number.into(), before.head.unwrap_or(0).into()],
        )?;
        let path = |mut row: Row| row.take_text(0);
        rows.into_iter().map(path).collect()
    }

    /// What is stored at the changed paths, and below the folders that they are in; and the twins of all
    /// names.
    fn look_up_again<'p>(
        &self,
        id: &ProjectId,
        push: &'p Push,
        changed: &[String],
        current: &mut CurrentState<'p>,
    ) -> Result<(), Error> {
        let affected: HashSet<&str> = changed.iter().flat_map(|path| with_folders(path)).collect();
        let (asked, outermost) = paths(push);
        let (first, rest) = asked.split_at(outermost);
        let again = |asked: &[&'p str]| -> Vec<&'p str> {
            let asked = asked.iter().copied();
            asked.filter(|path| affected.contains(path)).collect()
        };
        let (mut asked, rest) = (again(first), again(rest));
        let outermost = asked.len();
        asked.extend(rest);
        for path in &asked {
            current.newest.remove(path);
            current.below.remove(path);
        }
        for name in &mut current.names {
            name.twins.clear();
        }
        self.look_up_all(id, push, &asked, outermost, current)
            .map(drop)
    }
}

/// A path and the folders above it.
fn with_folders(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
    folders.chain([path])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::test_support::{TestFile, id, push, rules};

    fn sorted(current: &CurrentState) -> String {
        let newest: BTreeMap<_, _> = current.newest.iter().collect();
        let below: BTreeMap<_, _> = current.below.iter().collect();
        format!("{newest:?} {below:?} {:?}", current.names)
    }

    #[test]
    fn the_state_is_the_present_one_whatever_was_pushed_since_the_lookup() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("1")), ("b", Some("1")), ("x/y", Some("1"))]);
        let push = push(&[
            ("a", Some("2")),
            ("d/e", Some("2")),
            ("n", Some("2")),
            ("x", Some("2")),
            ("b", None),
            ("c", None),
            ("never", None),
        ]);
        let ahead = || store.current_state(&id(), &push).unwrap();
        let check = |(before, current): (Option<Project>, CurrentState)| {
            let caught_up = store.catch_up(&id(), &push, before, current).unwrap();
            let (project, expected) = ahead();
            assert_eq!(sorted(&caught_up.1), sorted(&expected));
            assert_eq!(caught_up.0.unwrap().head, project.unwrap().head);
        };
        check(ahead());
        for changes in [
            &[("a", None), ("b", Some("3")), ("c", Some("3"))][..],
            &[("N", Some("3")), ("D/f", Some("3")), ("B", Some("3"))],
            &[("d", Some("3")), ("n/o/p", Some("3")), ("x/y", None)],
            &[("d", None), ("d/e/f", Some("4")), ("other", Some("4"))],
        ] {
            let earlier = ahead();
            store.push_at(10, changes);
            check(earlier);
        }
        let earlier = ahead();
        store.delete_project(&id(), 100).unwrap();
        store.push_at(20, &[("a", Some("5"))]);
        check(earlier);
    }

    #[test]
    fn a_large_push_is_applied_like_any_other() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("1"))]);
        let names: Vec<String> = (0..LARGE).map(|i| i.to_string()).collect();
        let mut entries: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
        entries.push(("a", Some("2")));
        let push = push(&entries);
        let applied = store
            .apply(&push, &PushTo::new(&id(), 10, &rules()))
            .unwrap();
        let last = applied.outcomes.first().unwrap();
        assert_eq!((last.path.as_str(), last.rev), ("a", Some(10)));
        assert_eq!(applied.outcomes.len(), LARGE + 1);
    }
}
