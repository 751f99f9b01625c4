//! When the next round begins: soon after a save, at once after a change elsewhere, later when the
//! server is away or asks to wait.

use std::time::{Duration, Instant};

use crate::transport::Backoff;

/// What an editor does to save a file takes less than this.
const SETTLE: Duration = Duration::from_millis(40);
/// Saves that follow one another within this time go up together.
const TOGETHER: Duration = Duration::from_secs(1);
/// A look without any sign of a change. Systems lose events.
pub const ANYWAY: Duration = Duration::from_secs(10 * 60);
/// The same where saves are not noticed.
const BLIND: Duration = Duration::from_secs(10);
/// Pauses after rounds that failed.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// How a round ended, for the time of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All was done. Before the next, this time should pass, by the rate limit.
    Well(Duration),
    /// It failed, and another may not. The server may ask to wait so long.
    Badly(Duration),
}

/// The time of the next round.
#[derive(Debug)]
pub struct Schedule {
    due: Instant,
    /// The end of the last round.
    last: Option<Instant>,
    /// No round begins before this: the server asked for it.
    not_before: Instant,
    is_failing: bool,
    backoff: Backoff,
}

impl Schedule {
    /// The first round begins now.
    pub fn new(now: Instant) -> Self {
        Self {
            due: now,
            last: None,
            not_before: now,
            is_failing: false,
            backoff: Backoff::new(FIRST, LONGEST),
        }
    }

    /// When the next round begins.
    pub fn due(&self) -> Instant {
        self.due.max(self.not_before)
    }

    /// A file was saved here. The first save after a while goes up at once; after a failure it waits
    /// for the next try.
    pub fn saved(&mut self, now: Instant) {
        if self.is_failing {
            return;
        }
        let together = self.last.map_or(now, |last| last + TOGETHER);
        self.due = self.due.min(together.max(now + SETTLE));
    }

    /// Something changed on the server, or the server is back.
    pub fn told(&mut self, now: Instant) {
        self.due = self.due.min(now);
    }

    /// A round has ended; saves are noticed, or not.
    pub fn ended(&mut self, how: Ended, is_watched: bool, now: Instant) {
        self.last = Some(now);
        self.is_failing = matches!(how, Ended::Badly(_));
        let (Ended::Well(asked) | Ended::Badly(asked)) = how;
        self.not_before = now + asked;
        self.due = now
            + match how {
                Ended::Well(_) => {
                    self.backoff.reset();
                    if is_watched { ANYWAY } else { BLIND }
                }
                Ended::Badly(_) => self.backoff.pause(),
            };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_PAUSE: Ended = Ended::Well(Duration::ZERO);

    fn idle(now: Instant) -> Schedule {
        let mut schedule = Schedule::new(now);
        schedule.ended(NO_PAUSE, true, now);
        schedule
    }

    #[test]
    fn the_first_save_goes_up_as_soon_as_the_editor_is_done() {
        let now = Instant::now();
        let mut schedule = idle(now);
        let later = now + Duration::from_secs(60);
        schedule.saved(later);
        assert_eq!(schedule.due(), later + SETTLE);
        schedule.saved(later + SETTLE / 2);
        assert_eq!(
            schedule.due(),
            later + SETTLE,
            "an editor that never rests waits no longer"
        );
    }

    #[test]
    fn saves_that_follow_go_up_together() {
        let now = Instant::now();
        let mut schedule = idle(now);
        schedule.saved(now + Duration::from_millis(300));
        schedule.saved(now + Duration::from_millis(900));
        assert_eq!(schedule.due(), now + TOGETHER);
    }

    #[test]
    fn a_change_elsewhere_comes_down_at_once() {
        let now = Instant::now();
        let mut schedule = idle(now);
        schedule.told(now + SETTLE);
        assert_eq!(schedule.due(), now + SETTLE);
    }

    #[test]
    fn rounds_are_rarer_while_the_window_is_short_and_after_failures() {
        let now = Instant::now();
        let pause = Duration::from_secs(18);
        for how in [Ended::Well(pause), Ended::Badly(pause)] {
            let mut schedule = Schedule::new(now);
            schedule.ended(how, true, now);
            schedule.saved(now);
            schedule.told(now);
            assert_eq!(schedule.due(), now + pause, "{how:?}");
        }
    }

    #[test]
    fn a_server_that_is_back_is_asked_at_once_and_saves_wait_for_it() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        for _ in 0..10 {
            schedule.ended(Ended::Badly(Duration::ZERO), true, now);
        }
        schedule.saved(now);
        assert!(schedule.due() >= now + LONGEST / 2);
        schedule.told(now);
        assert_eq!(schedule.due(), now);
    }

    #[test]
    fn without_a_sign_it_looks_anyway() {
        let now = Instant::now();
        let mut schedule = idle(now);
        assert_eq!(schedule.due(), now + ANYWAY);
        schedule.ended(NO_PAUSE, false, now);
        assert_eq!(schedule.due(), now + BLIND);
    }

    #[test]
    fn failures_that_follow_one_another_make_longer_pauses() {
        let mut now = Instant::now();
        let mut schedule = Schedule::new(now);
        for _ in 0..10 {
            schedule.ended(Ended::Badly(Duration::ZERO), true, now);
            now = schedule.due();
        }
        schedule.ended(Ended::Badly(Duration::ZERO), true, now);
        assert!(schedule.due() >= now + LONGEST / 2);
        schedule.ended(NO_PAUSE, true, now);
        schedule.ended(Ended::Badly(Duration::ZERO), true, now);
        assert!(schedule.due() <= now + FIRST);
    }
}
