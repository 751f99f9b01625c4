//! How many requests wait at once on a host that does not hold connections itself, such as Spin.
//!
//! They are counted in the `memory` store, all together and by key, each in the window of time in which its place ends. A
//! window counts for nothing once it is over, so what a killed instance leaves behind is forgotten within two
//! minutes.

use super::hold::{Hold, MAX_WAIT_S, NoPlace};
use super::places::{self, Place, Places};
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::counters::Counters;

/// Seconds of a window.
const WINDOW_S: u64 = 30;
/// Seconds for which a place is taken. Who waits longer takes it anew.
const LONGEST_S: u64 = MAX_WAIT_S as u64;
/// The count of all.
const ALL: &str = "all";

/// One that waits, with its place in each count.
pub struct CountedWait(Vec<Place>);

impl CountedWait {
    /// Counts one that waits as this says, unless so many wait already, or as many of its key as may.
    pub fn begin(
        places: &Places,
        memory: &dyn Counters,
        hold: &Hold,
        most: usize,
    ) -> Result<Result<Self, NoPlace>, Error> {
        begin(places, memory, now_s(), hold, most)
    }

    /// It continues waiting; to be called at least every 30 seconds by one that waits longer than a minute.
    pub fn go_on(&self, memory: &dyn Counters) -> Result<(), Error> {
        self.go_on_from(memory, now_s())
    }

    /// It waits no longer.
    pub fn end(self, memory: &dyn Counters) -> Result<(), Error> {
        let mut places = self.0.iter();
        Ok(places.try_for_each(|place| place.give_back(memory))?)
    }

    fn go_on_from(&self, memory: &dyn Counters, now_s: u64) -> Result<(), Error> {
        let (mut places, window) = (self.0.iter(), window_of(now_s + LONGEST_S));
        Ok(places.try_for_each(|place| place.move_to(memory, window))?)
    }
}

fn begin(
    places: &Places,
    memory: &dyn Counters,
    now_s: u64,
    hold: &Hold,
    most: usize,
) -> Result<Result<CountedWait, NoPlace>, Error> {
    let own = hold.key().map(|key| (key, hold.most, NoPlace::ForKey));
    let window = window_of(now_s + LONGEST_S);
    let mut waiting = CountedWait(Vec::new());
    let mut full = None;
    let all = (ALL, most, NoPlace::ForAnybody);
    for (count, most, reason) in [all].into_iter().chain(own) {
        waiting.0.push(places.take(memory, count, window)?);
        if sum(memory, count, window_of(now_s))? > most as u64 {
            full = Some(reason);
        }
    }
    let Some(reason) = full else {
        return Ok(Ok(waiting));
    };
    waiting.end(memory)?;
    Ok(Err(reason))
}

/// How many wait in this window or a later one.
fn sum(memory: &dyn Counters, count: &str, now: u64) -> Result<u64, Error> {
    places::forget(memory, count, now.saturating_sub(1))?;
    let windows = now..=now + LONGEST_S.div_ceil(WINDOW_S);
    let mut counted = windows.map(|window| places::counted(memory, count, window));
    counted.try_fold(0, |sum, counted| Ok(sum + counted?))
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

    use super::super::hold;
    use super::*;
    use crate::api::test_support::{self, InMemory};
    use crate::api::{App, Caller};

    fn in_memory() -> App {
        App {
            memory: Box::new(InMemory::default()),
            ..test_support::app()
        }
    }

    /// Of the owner's key, or of a device key with this id.
    fn hold(key: Option<&str>, seconds: u64) -> Hold {
        let length = Duration::from_secs(seconds);
        let mut hold = Hold::stream(Vec::new(), &Caller::Owner, length, String::new());
        if let Some(key) = key {
            (hold.caller, hold.most) = (key.to_owned(), hold::MAX_WAITING_PER_KEY);
        }
        hold
    }

    #[test]
    fn no_more_wait_than_the_limit_and_what_was_killed_is_forgotten() {
        let mut app = in_memory();
        let begin = |app: &App, now_s, seconds| {
            let hold = hold(None, seconds);
            begin(&app.places, &*app.memory, now_s, &hold, 64).unwrap()
        };
        let mut all: Vec<_> = (0..64)
            .map(|number| begin(&app, 1000, 1 + number % 60).unwrap())
            .collect();
        assert!(begin(&app, 1000, 60).is_err() && begin(&app, 1000, 1).is_err());
        all.pop().unwrap().end(&*app.memory).unwrap();
        let _last = begin(&app, 1000, 60).unwrap();
        assert!(begin(&app, 1019, 60).is_err());
        // Their instance was killed, and another asks.
        app.places = Places::default();
        assert!(begin(&app, 1019, 60).is_err());
        assert!(begin(&app, 1061 + WINDOW_S, 60).is_ok());
    }

    #[test]
    fn a_key_has_four_places_whatever_others_have() {
        let app = in_memory();
        let begin = |key| begin(&app.places, &*app.memory, 1000, &hold(key, 60), 64).unwrap();
        let mut all: Vec<_> = (0..4).map(|_| begin(Some("a")).unwrap()).collect();
        assert!(begin(Some("a")).is_err());
        assert!(begin(Some("b")).is_ok() && begin(None).is_ok());
        all.pop().unwrap().end(&*app.memory).unwrap();
        assert!(begin(Some("a")).is_ok());
    }

    #[test]
    fn who_goes_on_waiting_keeps_a_place_and_leaves_nothing_behind() {
        let app = in_memory();
        let begin = |now_s| begin(&app.places, &*app.memory, now_s, &hold(None, 300), 1).unwrap();
        let windows = || {
            let is_counted =
                |window: &u64| places::counted(&*app.memory, ALL, *window).unwrap() > 0;
            (0..200).filter(is_counted).count()
        };
        let waiting = begin(3000).unwrap();
        for now_s in (3000..3300).step_by(15) {
            waiting.go_on_from(&*app.memory, now_s).unwrap();
            assert!(begin(now_s).is_err());
            assert_eq!(windows(), 1);
        }
        waiting.end(&*app.memory).unwrap();
        assert_eq!(windows(), 0);
    }
}
