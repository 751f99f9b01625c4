//! What those who wait in one instance of the component wait for: one look at the database serves all of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::{Cursor, ProjectId};
use crate::store::{Database, Error};

/// How often they look.
const INTERVAL: Duration = Duration::from_millis(500);

/// The projects that are waited for.
pub struct Watch {
    start: Instant,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// How many wait for each.
    waiting: BTreeMap<ProjectId, usize>,
    /// Where their feeds ended at the last look.
    ends: BTreeMap<ProjectId, Option<Cursor>>,
    looked: Option<Instant>,
}

/// A project that one waits for.
pub struct Watched {
    project: ProjectId,
    /// Where its feed ended when it was last asked for, if it was.
    end: Option<Option<Cursor>>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            state: RefCell::default(),
        }
    }
}

impl Watch {
    /// How long until the next look, which is the same moment for all.
    pub fn pause(&self) -> Duration {
        pause_at(self.start.elapsed())
    }

    fn end(&self, database: &Database, project: &ProjectId) -> Result<Option<Cursor>, Error> {
        let mut state = self.state.borrow_mut();
        let is_recent = |looked: Instant| looked.elapsed() < INTERVAL / 2;
        if !state.looked.is_some_and(is_recent) || !state.ends.contains_key(project) {
            state.look(database)?;
        }
        Ok(state.ends.get(project).copied().flatten())
    }
}

/// From this time since the start.
fn pause_at(time: Duration) -> Duration {
    let interval = INTERVAL.as_nanos();
    Duration::from_nanos((interval - time.as_nanos() % interval) as u64)
}

impl State {
    fn look(&mut self, database: &Database) -> Result<(), Error> {
        let found = database.with(|store| store.cursors(self.waiting.keys()))?;
        let end = |project: &ProjectId| {
            let end = found.get(project.as_str()).copied();
            (project.clone(), end)
        };
        self.ends = self.waiting.keys().map(end).collect();
        self.looked = Some(Instant::now());
        Ok(())
    }
}

impl Watched {
    /// From now on.
    pub fn begin(watch: &Watch, project: ProjectId) -> Self {
        let mut state = watch.state.borrow_mut();
        *state.waiting.entry(project.clone()).or_default() += 1;
        Self { project, end: None }
    }

    /// Whether the project may have changed since the last call; always at the first.
    pub fn has_changed(&mut self, watch: &Watch, database: &Database) -> bool {
        match watch.end(database, &self.project) {
            Ok(end) => self.end.replace(end) != Some(end),
            // The request finds out why.
            Err(_) => true,
        }
    }

    /// Nobody waits for it here any more.
    pub fn end(self, watch: &Watch) {
        let mut state = watch.state.borrow_mut();
        match state.waiting.get_mut(&self.project) {
            Some(waiting) if *waiting > 1 => *waiting -= 1,
            _ => drop(state.waiting.remove(&self.project)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::testing::TestFile;

    fn id(text: &str) -> ProjectId {
        ProjectId::parse(text.to_owned()).unwrap()
    }

    fn begin<const N: usize>(watch: &Watch, projects: [&str; N]) -> [Watched; N] {
        projects.map(|project| Watched::begin(watch, id(project)))
    }

    #[test]
    fn a_project_that_is_made_has_changed_once_and_no_other() {
        let file = TestFile::new();
        let (watch, database) = (Watch::default(), file.database());
        let mut waiting = begin(&watch, ["test", "other"]);
        let mut changed = || {
            let changed = waiting.iter_mut();
            let changed = changed.map(|waiting| waiting.has_changed(&watch, &database));
            changed.collect::<Vec<_>>()
        };
        assert_eq!(changed(), [true, true]);
        assert_eq!(changed(), [false, false]);
        let push = |store: &Store| Ok::<_, Error>(store.push_at(5, &[("a", Some("x"))]));
        database.with(push).unwrap();
        watch.state.borrow_mut().looked = None;
        assert_eq!(changed(), [true, false]);
        assert_eq!(changed(), [false, false]);
    }

    #[test]
    fn one_that_comes_later_is_looked_at_too_and_what_nobody_waits_for_is_not() {
        let file = TestFile::new();
        let (watch, database) = (Watch::default(), file.database());
        let [mut first] = begin(&watch, ["a"]);
        first.has_changed(&watch, &database);
        let [mut second, third] = begin(&watch, ["b", "b"]);
        let mut changed = || second.has_changed(&watch, &database);
        assert!(changed() && !changed());
        let waiting = |project: &str| watch.state.borrow().waiting.get(&id(project)).copied();
        first.end(&watch);
        third.end(&watch);
        assert_eq!((waiting("a"), waiting("b")), (None, Some(1)));
        second.end(&watch);
        assert_eq!(waiting("b"), None);
    }

    #[test]
    fn all_look_at_the_same_moments() {
        for (time_ms, pause_ms) in [(0, 500), (1, 499), (499, 1), (500, 500), (60_123, 377)] {
            let pause = pause_at(Duration::from_millis(time_ms));
            assert_eq!(pause, Duration::from_millis(pause_ms), "{time_ms}");
        }
    }
}
