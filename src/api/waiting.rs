//! How many requests wait at once on a host that does not hold connections itself, such as Spin.
//!
//! They are counted in the `memory` store, all together and by key, each in the window of time in which its place ends. A
//! window counts for nothing once it is over, so what a killed instance leaves behind is forgotten within two
//! minutes.

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

/// One that waits.
pub struct Waiting {
    /// What it is counted in.
    counts: Vec<String>,
    /// The window that counts it.
    window: u64,
}

impl Waiting {
    /// Counts one that waits as this says; `None` when so many wait already, or as many of its key as may.
    pub fn begin(app: &App, hold: &Hold, most: usize) -> Result<Option<Self>, Error> {
        begin(app, now_s(), hold, most)
    }

    /// It goes on waiting; to be called at least every 30 seconds by one that waits longer than a minute.
    pub fn go_on(&mut self, app: &App) -> Result<(), Error> {
        self.move_to(app, window_of(now_s() + LONGEST_S))
    }

    /// It waits no longer.
    pub fn end(self, app: &App) -> Result<(), Error> {
        self.counts
            .iter()
            .try_for_each(|count| leave(app, count, self.window))
    }

    fn move_to(&mut self, app: &App, window: u64) -> Result<(), Error> {
        if window == self.window {
            return Ok(());
        }
        for count in &self.counts {
            app.memory.add(&key(count, window), 1)?;
            leave(app, count, self.window)?;
        }
        self.window = window;
        Ok(())
    }
}

fn begin(app: &App, now_s: u64, hold: &Hold, most: usize) -> Result<Option<Waiting>, Error> {
    let own = hold.key().map(|key| (key, hold.most));
    let limits = [(ALL, most)].into_iter().chain(own);
    let waiting = Waiting {
        counts: limits.clone().map(|(count, _)| count.to_owned()).collect(),
        window: window_of(now_s + hold.timeout.as_secs().min(LONGEST_S)),
    };
    let mut is_full = false;
    for (count, most) in limits {
        app.memory.add(&key(count, waiting.window), 1)?;
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
fn leave(app: &App, count: &str, window: u64) -> Result<(), Error> {
    let key = key(count, window);
    if app.memory.add(&key, -1)? <= 0 {
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
        let app = in_memory();
        let begin = |now_s, seconds| begin(&app, now_s, &hold(None, seconds), 64).unwrap();
        let mut all: Vec<_> = (0..64)
            .map(|number| begin(1000, 1 + number % 60).unwrap())
            .collect();
        assert!(begin(1000, 60).is_none() && begin(1000, 1).is_none());
        all.pop().unwrap().end(&app).unwrap();
        let _last = begin(1000, 60).unwrap();
        assert!(begin(1019, 60).is_none());
        assert!(begin(1061 + WINDOW_S, 60).is_some());
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
    fn who_goes_on_waiting_keeps_a_place_and_leaves_nothing_behind() {
        let app = in_memory();
        let begin = |now_s| begin(&app, now_s, &hold(None, 300), 1).unwrap();
        let windows = || {
            let is_kept = |window: &u64| app.memory.get(&key(ALL, *window)).unwrap().is_some();
            (0..200).filter(is_kept).count()
        };
        let mut waiting = begin(3000).unwrap();
        for now_s in (3000..3300).step_by(15) {
            waiting.move_to(&app, window_of(now_s + LONGEST_S)).unwrap();
            assert!(begin(now_s).is_none());
            assert_eq!(windows(), 1);
        }
        waiting.end(&app).unwrap();
        assert_eq!(windows(), 0);
    }
}
