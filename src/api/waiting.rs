//! How many requests wait at once on a host that does not hold connections itself, such as Spin.
//!
//! They are counted in the `memory` store, all together and by key, each in the window of time in which its place ends. A
//! window counts for nothing once it is over, so what a killed instance leaves behind is forgotten within two
//! minutes. Those of one instance that are counted together go on together: for a thousand that each moved their own
//! place, that was up to a sixth of what they cost while nothing happened.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::app::App;
use super::clock::now_us;
use super::error::Error;
use super::hold::{Hold, MAX_WAIT_S};

/// Seconds of a window.
const WINDOW_S: u64 = 30;
/// Seconds for which a place is taken at most. Who waits longer takes it anew.
const LONGEST_S: u64 = MAX_WAIT_S as u64;
/// The count of all.
const ALL: &str = "all";

/// The places that are taken in one instance, by what they are counted in.
#[derive(Default)]
pub struct Places(RefCell<BTreeMap<String, Rc<Taken>>>);

/// Places that are counted together, and so in the same window.
#[derive(Default)]
struct Taken {
    window: Cell<u64>,
    places: Cell<u64>,
}

/// One that waits. What was dropped before its end is counted until its window is over.
pub struct Waiting(Vec<(String, Rc<Taken>)>);

impl Waiting {
    /// Counts one that waits as this says; `None` when so many wait already, or as many of its key as may.
    pub fn begin(app: &App, hold: &Hold, most: usize) -> Result<Option<Self>, Error> {
        begin(app, now_s(), hold, most)
    }

    /// It goes on waiting; to be called at least every 30 seconds by one that waits longer than a minute.
    pub fn go_on(&self, app: &App) -> Result<(), Error> {
        self.go_on_from(app, now_s())
    }

    /// It waits no longer.
    pub fn end(self, app: &App) -> Result<(), Error> {
        self.0
            .iter()
            .try_for_each(|(count, taken)| give_back(app, count, taken.window.get(), 1))
    }

    fn go_on_from(&self, app: &App, now_s: u64) -> Result<(), Error> {
        self.0
            .iter()
            .try_for_each(|(count, taken)| taken.move_on(app, count, now_s))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        for (_, taken) in &self.0 {
            taken.places.update(|places| places - 1);
        }
    }
}

impl Places {
    /// Takes one more.
    fn take(&self, app: &App, count: &str, now_s: u64) -> Result<Rc<Taken>, Error> {
        let mut all = self.0.borrow_mut();
        all.retain(|_, taken| taken.places.get() > 0);
        let taken = all.entry(count.to_owned()).or_default().clone();
        taken.move_on(app, count, now_s)?;
        app.memory.add(&key(count, taken.window.get()), 1)?;
        taken.places.update(|places| places + 1);
        Ok(taken)
    }
}

impl Taken {
    /// Counts them in the window in which a place ends that is taken now.
    fn move_on(&self, app: &App, count: &str, now_s: u64) -> Result<(), Error> {
        let (before, places) = (self.window.get(), self.places.get());
        let window = window_of(now_s + LONGEST_S);
        if window == before || places == 0 {
            self.window.set(window);
            return Ok(());
        }
        app.memory.add(&key(count, window), places as i64)?;
        self.window.set(window);
        give_back(app, count, before, places)
    }
}

fn begin(app: &App, now_s: u64, hold: &Hold, most: usize) -> Result<Option<Waiting>, Error> {
    let own = hold.key().map(|key| (key, hold.most));
    let mut waiting = Waiting(Vec::new());
    let mut is_full = false;
    for (count, most) in [(ALL, most)].into_iter().chain(own) {
        let taken = app.places.take(app, count, now_s)?;
        waiting.0.push((count.to_owned(), taken));
        is_full |= sum(app, count, window_of(now_s))? > most as u64;
    }
    if is_full {
        waiting.end(app)?;
        return Ok(None);
    }
    Ok(Some(waiting))
}

/// How many wait in this window or a later one.
fn sum(app: &App, count: &str, now: u64) -> Result<u64, Error> {
    app.memory.delete(&key(count, now.saturating_sub(1)))?;
    let mut sum = 0;
    for window in now..=now + LONGEST_S.div_ceil(WINDOW_S) {
        let waiting = app.memory.get(&key(count, window))?;
        sum += waiting.unwrap_or(0).max(0) as u64;
    }
    Ok(sum)
}

/// A window in which nobody is left takes no memory.
fn give_back(app: &App, count: &str, window: u64, places: u64) -> Result<(), Error> {
    let key = key(count, window);
    if app.memory.add(&key, -(places as i64))? <= 0 {
        app.memory.delete(&key)?;
    }
    Ok(())
}

fn key(count: &str, window: u64) -> String {
    format!("waiting/{count}/{window}")
}

fn window_of(time_s: u64) -> u64 {
    time_s / WINDOW_S
}

fn now_s() -> u64 {
    now_us() as u64 / 1_000_000
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::api::testing::{self, InMemory};
    use crate::api::{Caller, hold};

    fn in_memory() -> App {
        App {
            memory: Box::new(InMemory::default()),
            ..testing::app()
        }
    }

    /// Of the owner's key, or of a device key with this id.
    fn hold(key: Option<&str>, seconds: u64) -> Hold {
        let length = Duration::from_secs(seconds);
        let mut hold = Hold::stream(Vec::new(), &Caller::Owner, length, String::new());
        if let Some(key) = key {
            (hold.caller, hold.most) = (key.to_owned(), hold::MOST_OF_A_KEY);
        }
        hold
    }

    #[test]
    fn no_more_wait_than_the_limit_and_what_was_killed_is_forgotten() {
        let mut app = in_memory();
        let begin =
            |app: &App, now_s, seconds| begin(app, now_s, &hold(None, seconds), 64).unwrap();
        let mut all: Vec<_> = (0..64)
            .map(|number| begin(&app, 1000, 1 + number % 60).unwrap())
            .collect();
        assert!(begin(&app, 1000, 60).is_none() && begin(&app, 1000, 1).is_none());
        all.pop().unwrap().end(&app).unwrap();
        let _last = begin(&app, 1000, 60).unwrap();
        assert!(begin(&app, 1019, 60).is_none());
        // Their instance was killed, and another asks.
        app.places = Places::default();
        assert!(begin(&app, 1019, 60).is_none());
        assert!(begin(&app, 1061 + WINDOW_S, 60).is_some());
    }

    #[test]
    fn a_key_has_four_places_whatever_others_have() {
        let app = in_memory();
        let begin = |key| begin(&app, 1000, &hold(key, 60), 64).unwrap();
        let mut all: Vec<_> = (0..4).map(|_| begin(Some("a")).unwrap()).collect();
        assert!(begin(Some("a")).is_none());
        assert!(begin(Some("b")).is_some() && begin(None).is_some());
        all.pop().unwrap().end(&app).unwrap();
        assert!(begin(Some("a")).is_some());
    }

    #[test]
    fn those_of_an_instance_go_on_together_without_one_that_was_dropped() {
        let mut app = in_memory();
        let begin = |app: &App| begin(app, 3000, &hold(None, 300), 64).unwrap().unwrap();
        let [first, second, dropped] = [(); 3].map(|()| begin(&app));
        drop(dropped);
        app.places = Places::default();
        let _of_another_instance = begin(&app);
        let counted = |now_s| app.memory.get(&key(ALL, window_of(now_s + LONGEST_S)));
        assert_eq!(counted(3000).unwrap(), Some(4));
        for one in [&first, &second] {
            one.go_on_from(&app, 3060).unwrap();
            assert_eq!(counted(3000).unwrap(), Some(2));
            assert_eq!(counted(3060).unwrap(), Some(2));
        }
        [first, second].map(|one| one.end(&app).unwrap());
        assert_eq!(counted(3060).unwrap(), None);
    }

    #[test]
    fn who_goes_on_waiting_keeps_a_place_and_leaves_nothing_behind() {
        let app = in_memory();
        let begin = |now_s| begin(&app, now_s, &hold(None, 300), 1).unwrap();
        let windows = || {
            let is_kept = |window: &u64| app.memory.get(&key(ALL, *window)).unwrap().is_some();
            (0..200).filter(is_kept).count()
        };
        let waiting = begin(3000).unwrap();
        for now_s in (3000..3300).step_by(15) {
            waiting.go_on_from(&app, now_s).unwrap();
            assert!(begin(now_s).is_none());
            assert_eq!(windows(), 1);
        }
        waiting.end(&app).unwrap();
        assert_eq!(windows(), 0);
    }
}
