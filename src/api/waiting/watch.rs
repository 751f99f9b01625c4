//! What those who wait in one instance of the component wait for: one look at the database serves all of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::store::{Database, Error, Subject};

/// How often they look.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long a look is good for whoever asks next. On WASI 0.3 one looks at each interval for all who wait in an instance
/// (`component/bell.rs`); elsewhere each looks by itself.
const GOOD_FOR: Duration = if cfg!(feature = "wasi-0-3") {
    INTERVAL.saturating_mul(2)
} else {
    Duration::from_millis(INTERVAL.as_millis() as u64 / 2)
};

/// The subjects that are waited for.
pub struct Watch {
    start: Instant,
    state: RefCell<State>,
}

/// As the store gave it; none for what does not exist.
type Mark = Option<String>;

#[derive(Default)]
struct State {
    /// How many wait for each.
    waiting: BTreeMap<Subject, usize>,
    /// Their marks at the last look.
    marks: BTreeMap<Subject, Mark>,
    looked: Option<Instant>,
    /// Whether any of them has changed, until it is asked for.
    has_news: bool,
}

/// What one waits for.
pub struct Watched {
    subjects: Vec<Subject>,
    /// Their marks when they were last asked for, if they were.
    marks: Option<Vec<Mark>>,
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

    /// Looks, and returns whether anything that is waited for has changed since the last call, or cannot be known.
    pub fn look(&self, database: &Database) -> bool {
        let mut state = self.state.borrow_mut();
        state.look(database).is_err() | std::mem::take(&mut state.has_news)
    }

    /// Whether anybody waits here.
    pub fn is_needed(&self) -> bool {
        !self.state.borrow().waiting.is_empty()
    }

    fn marks(&self, database: &Database, subjects: &[Subject]) -> Result<Vec<Mark>, Error> {
        let mut state = self.state.borrow_mut();
        if !state.is_known(subjects) {
            state.look(database)?;
        }
        let mark = |subject| state.marks.get(subject).cloned().flatten();
        Ok(subjects.iter().map(mark).collect())
    }
}

/// The time until the next look, at this time since the start.
fn pause_at(time: Duration) -> Duration {
    let interval = INTERVAL.as_nanos();
    Duration::from_nanos((interval - time.as_nanos() % interval) as u64)
}

impl State {
    /// Whether the last look was at all of these, and is not long ago.
    fn is_known(&self, subjects: &[Subject]) -> bool {
        let is_recent = |looked: Instant| looked.elapsed() < GOOD_FOR;
        let has = |subject| self.marks.contains_key(subject);
        self.looked.is_some_and(is_recent) && subjects.iter().all(has)
    }

    fn look(&mut self, database: &Database) -> Result<(), Error> {
        let mut found = database.with(|store| store.marks(self.waiting.keys()))?;
        let mark = |subject: &Subject| (subject.clone(), found.remove(subject));
        let marks: BTreeMap<_, _> = self.waiting.keys().map(mark).collect();
        let has_changed = |(subject, mark): (&Subject, &Mark)| {
            marks.get(subject).is_some_and(|newer| newer != mark)
        };
        self.has_news |= self.marks.iter().any(has_changed);
        self.marks = marks;
        self.looked = Some(Instant::now());
        Ok(())
    }
}

impl Watched {
    /// Watches these from now on.
    pub fn begin(watch: &Watch, subjects: Vec<Subject>) -> Self {
        let mut state = watch.state.borrow_mut();
        for subject in &subjects {
            *state.waiting.entry(subject.clone()).or_default() += 1;
        }
        Self {
            subjects,
            marks: None,
        }
    }

    /// Whether it was asked if anything has changed.
    pub fn has_looked(&self) -> bool {
        self.marks.is_some()
    }

    /// Whether any of it may have changed since the last call; always at the first.
    pub fn has_changed(&mut self, watch: &Watch, database: &Database) -> bool {
        let Ok(marks) = watch.marks(database, &self.subjects) else {
            // The request finds out why.
            return true;
        };
        let is_known = self.marks.as_ref() == Some(&marks);
        self.marks = Some(marks);
        !is_known
    }

    /// Nobody waits for it here any more.
    pub fn end(&self, watch: &Watch) {
        let mut state = watch.state.borrow_mut();
        for subject in &self.subjects {
            match state.waiting.get_mut(subject) {
                Some(waiting) if *waiting > 1 => *waiting -= 1,
                _ => drop(state.waiting.remove(subject)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProjectId;
    use crate::store::Store;
    use crate::store::test_support::TestFile;

    fn project(id: &str) -> Subject {
        Subject::Project(ProjectId::parse(id.to_owned()).unwrap())
    }

    fn begin<const N: usize>(watch: &Watch, projects: [&str; N]) -> [Watched; N] {
        projects.map(|id| Watched::begin(watch, vec![project(id)]))
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
        let waiting = |id: &str| watch.state.borrow().waiting.get(&project(id)).copied();
        first.end(&watch);
        third.end(&watch);
        assert_eq!((waiting("a"), waiting("b")), (None, Some(1)));
        second.end(&watch);
        assert_eq!(waiting("b"), None);
    }

    #[test]
    fn a_look_by_another_is_no_reason_to_miss_a_change() {
        let file = TestFile::new();
        let (watch, database) = (Watch::default(), file.database());
        let [mut first] = begin(&watch, ["test"]);
        assert!(!watch.look(&database) && first.has_changed(&watch, &database));
        let push = |store: &Store| Ok::<_, Error>(store.push_at(5, &[("a", Some("x"))]));
        database.with(push).unwrap();
        let [mut second] = begin(&watch, ["other"]);
        assert!(second.has_changed(&watch, &database));
        assert!(watch.look(&database) && !watch.look(&database));
        assert!(first.has_changed(&watch, &database) && watch.is_needed());
        first.end(&watch);
        second.end(&watch);
        assert!(!watch.is_needed());
    }

    #[test]
    fn all_look_at_the_same_moments() {
        for (time_ms, pause_ms) in [(0, 500), (1, 499), (499, 1), (500, 500), (60_123, 377)] {
            let pause = pause_at(Duration::from_millis(time_ms));
            assert_eq!(pause, Duration::from_millis(pause_ms), "{time_ms}");
        }
    }
}
