//! Where something was touched in a folder since the last round.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::schedule::ANYWAY;
use crate::scan::Touched;

/// What was touched and not yet looked at.
#[derive(Default)]
pub struct Places {
    told: Arc<Mutex<Touched>>,
    /// When the last look at everything was due.
    whole: Option<Instant>,
    /// The next scan is of everything, whatever is reported.
    is_again: bool,
}

impl Places {
    /// Notes what is reported, and then calls `then`.
    pub fn listener(&self, then: impl Fn() + Send + 'static) -> impl Fn(Touched) + Send + 'static {
        let told = Arc::clone(&self.told);
        move |touched| {
            lock(&told).add(touched);
            then();
        }
    }

    /// Notes what nobody told.
    pub fn tell(&self, touched: Touched) {
        lock(&self.told).add(touched);
    }

    /// What was touched since this was last asked. Systems lose events, so now and then that is anything.
    pub fn take(&mut self, now: Instant) -> Touched {
        let told = std::mem::take(&mut *lock(&self.told));
        let is_due = self.whole.is_none_or(|whole| now - whole >= ANYWAY);
        let is_anything = told == Touched::Anything || is_due;
        // The files of a new folder are reported a moment later than the folder, so the scan of it may miss some.
        if std::mem::replace(&mut self.is_again, is_anything) || is_anything {
            self.whole = Some(now);
            return Touched::Anything;
        }
        told
    }
}

fn lock(told: &Mutex<Touched>) -> std::sync::MutexGuard<'_, Touched> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn path() -> Touched {
        ["ideas/a.md".to_owned()].into_iter().collect()
    }

    /// Places of which everything was looked at, now.
    fn settled(now: Instant) -> Places {
        let mut places = Places::default();
        assert_eq!(places.take(now), Touched::Anything);
        assert_eq!(places.take(now), Touched::Anything);
        places
    }

    #[test]
    fn what_is_told_is_looked_at_once() {
        let now = Instant::now();
        let mut places = settled(now);
        places.listener(|| {})(path());
        assert_eq!(places.take(now), path());
        assert_eq!(places.take(now), Touched::default());
    }

    #[test]
    fn after_a_new_folder_everything_is_looked_at_twice() {
        let now = Instant::now();
        let mut places = settled(now);
        places.listener(|| {})(Touched::Anything);
        assert_eq!(places.take(now), Touched::Anything);
        places.listener(|| {})(path());
        assert_eq!(places.take(now), Touched::Anything);
        assert_eq!(places.take(now), Touched::default());
    }

    #[test]
    fn now_and_then_everything_is_looked_at() {
        let now = Instant::now();
        let mut places = settled(now);
        assert_eq!(places.take(now + ANYWAY / 2), Touched::default());
        assert_eq!(places.take(now + ANYWAY), Touched::Anything);
        let soon = now + ANYWAY + Duration::from_secs(1);
        assert_eq!(places.take(soon), Touched::Anything);
        assert_eq!(places.take(soon), Touched::default());
    }
}
