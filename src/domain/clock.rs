//! What the readings of a clock are worth that may be wrong, jump, or begin in 1970.
//!
//! Two things must not follow a wrong clock. Revs must not go back below a moment at which a device
//! has pulled, because that device asks for what is newer. And content must not be pruned by a time
//! that has not come yet.

use super::version::Rev;

/// Microseconds between two readings that are recorded.
pub const READING_INTERVAL_US: Rev = 60_000_000;

/// Microseconds of a day.
pub const DAY_US: Rev = 86_400_000_000;
/// After so long without a reading, nobody can tell whether the time has passed or the clock jumped.
const LONGEST_SILENCE_US: Rev = 30 * DAY_US;
/// A step back of up to this corrects a clock that runs fast: revs wait until it has caught up.
const SMALL_STEP_US: Rev = 10_000_000;

/// What is known of the server's clock, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The latest moment that the server has acted on; revs continue from here.
    pub latest: Rev,
    /// The last reading that was recorded.
    pub reading: Rev,
    /// A reading that is trusted when the clock has run on for a day, and not before.
    pub pending: Rev,
    /// The reading before the pending one.
    pub before_pending: Rev,
    /// The newest reading that is trusted; content is pruned by this time.
    pub trusted: Rev,
}

impl Clock {
    /// A clock that is read for the first time. `newest` is the newest change, if there is any.
    pub fn first(now: Rev, newest: Option<Rev>) -> Self {
        Self {
            latest: now,
            reading: now,
            pending: now,
            before_pending: now,
            trusted: newest.unwrap_or(now).min(now),
        }
    }

    /// Takes in a reading.
    pub fn read(&mut self, now: Rev) {
        self.latest = self.next_latest(now);
        self.judge(now);
        self.reading = now;
    }

    /// Forgets moments after `now`, when the clock was ahead and is right again.
    pub fn set_right(&mut self, now: Rev) {
        *self = Self::first(now, Some(self.trusted));
    }

    /// While the clock is behind, the time continues from the latest moment, and at half the speed: the
    /// clock may as well have been ahead before, and then it catches up.
    fn next_latest(&self, now: Rev) -> Rev {
        let behind = self.latest - now;
        if behind <= 0 || self.has_undone_a_jump(now) {
            now
        } else if behind <= SMALL_STEP_US {
            self.latest
        } else if now < self.reading {
            // What the server acted on since the last reading may not be known.
            self.latest + READING_INTERVAL_US
        } else {
            self.latest + (now - self.reading) / 2
        }
    }

    /// Whether the clock, after a jump ahead that is not trusted yet, is back where it was before.
    fn has_undone_a_jump(&self, now: Rev) -> bool {
        now >= self.before_pending && now - self.before_pending < self.pending - now
    }

    fn judge(&mut self, now: Rev) {
        let since_pending = now - self.pending;
        if since_pending < 0 {
            (self.pending, self.before_pending) = (now, now);
        } else if since_pending >= DAY_US {
            if since_pending <= LONGEST_SILENCE_US {
                self.trusted = self.pending;
            }
            (self.pending, self.before_pending) = (now, self.reading);
        }
        self.trusted = self.trusted.min(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Rev = 60_000_000;
    const HOUR: Rev = 60 * MINUTE;
    const YEAR: Rev = 365 * DAY_US;
    /// In November 2026.
    const NOW: Rev = 1_795_000_000_000_000;

    /// A clock that was read every ten minutes up to `NOW`, for as long as this.
    fn running(time: Rev) -> Clock {
        let start = NOW - time;
        let mut clock = Clock::first(start, None);
        read_until(&mut clock, start, NOW);
        clock
    }

    fn read_until(clock: &mut Clock, from: Rev, to: Rev) {
        let mut now = from;
        while now < to {
            now = (now + 10 * MINUTE).min(to);
            clock.read(now);
        }
    }

    #[test]
    fn the_trusted_time_follows_a_right_clock_by_one_to_two_days() {
        let mut clock = running(10 * DAY_US);
        for hour in 0..100 {
            let now = NOW + hour * HOUR;
            clock.read(now);
            assert!((DAY_US..=2 * DAY_US + HOUR).contains(&(now - clock.trusted)));
            assert_eq!(clock.latest, now);
        }
    }

    #[test]
    fn readings_that_are_weeks_apart_are_enough() {
        let mut clock = Clock::first(NOW, None);
        for week in 1..10 {
            clock.read(NOW + week * 7 * DAY_US);
            assert_eq!(clock.trusted, NOW + (week - 1) * 7 * DAY_US);
        }
    }

    #[test]
    fn a_jump_ahead_is_trusted_after_a_day_and_not_before() {
        for jump in [3 * DAY_US, YEAR, 100 * YEAR] {
            let mut clock = running(10 * DAY_US);
            let after = NOW + jump;
            read_until(&mut clock, after, after + DAY_US - 1);
            assert!(clock.trusted <= NOW);
            clock.read(after + DAY_US + 10 * MINUTE);
            assert!(clock.trusted > NOW);
        }
    }

    #[test]
    fn a_second_jump_does_not_prove_the_first() {
        let mut clock = running(10 * DAY_US);
        for years in 1..5 {
            clock.read(NOW + years * YEAR);
            assert!(clock.trusted <= NOW);
        }
    }

    #[test]
    fn a_jump_that_is_undone_leaves_no_trace() {
        for jump in [2 * DAY_US, YEAR] {
            let mut clock = running(10 * DAY_US);
            read_until(&mut clock, NOW + jump, NOW + jump + HOUR);
            assert_eq!(clock.latest, NOW + jump + HOUR);
            clock.read(NOW + HOUR);
            assert_eq!(clock.latest, NOW + HOUR);
            assert!(clock.trusted <= NOW);
            read_until(&mut clock, NOW + HOUR, NOW + 3 * DAY_US);
            assert_eq!(clock.latest, NOW + 3 * DAY_US);
            assert!(clock.trusted >= NOW + DAY_US - HOUR);
        }
    }

    #[test]
    fn revs_go_on_from_the_latest_moment_when_the_clock_is_behind() {
        for behind in [HOUR, YEAR, NOW] {
            let mut clock = running(10 * DAY_US);
            let back = NOW - behind;
            clock.read(back);
            assert_eq!(clock.latest, NOW + READING_INTERVAL_US);
            clock.read(back + 2 * MINUTE);
            assert_eq!(clock.latest, NOW + READING_INTERVAL_US + MINUTE);
            clock.read(NOW + 10 * MINUTE);
            assert_eq!(clock.latest, NOW + 10 * MINUTE);
        }
    }

    #[test]
    fn a_clock_behind_after_a_quiet_time_is_not_taken_for_one_that_was_ahead() {
        let mut clock = running(10 * DAY_US);
        let later = NOW + 2 * DAY_US;
        read_until(&mut clock, later, later + 30 * MINUTE);
        clock.read(later - 30 * MINUTE);
        assert!(clock.latest > later + 30 * MINUTE);
    }

    #[test]
    fn a_clock_that_is_ahead_by_hours_catches_up() {
        let mut clock = running(10 * DAY_US);
        read_until(&mut clock, NOW + HOUR, NOW + HOUR + 10 * MINUTE);
        read_until(&mut clock, NOW, NOW + 3 * HOUR);
        assert_eq!(clock.latest, NOW + 3 * HOUR);
    }

    #[test]
    fn small_steps_back_do_not_add_up() {
        let mut clock = running(DAY_US);
        for step in 1..1000 {
            let now = NOW + step * 10 * MINUTE;
            clock.read(now);
            clock.read(now - 1_000_000);
            assert_eq!(clock.latest, now);
        }
        assert!(clock.trusted > NOW);
    }

    #[test]
    fn a_wrong_time_that_was_trusted_is_given_up() {
        let mut clock = running(10 * DAY_US);
        read_until(&mut clock, NOW + YEAR, NOW + YEAR + 3 * DAY_US);
        assert!(clock.trusted > NOW);
        clock.read(NOW + 3 * DAY_US);
        assert_eq!(clock.trusted, NOW + 3 * DAY_US);
        clock.set_right(NOW + 3 * DAY_US);
        assert_eq!(clock.latest, NOW + 3 * DAY_US);
    }

    #[test]
    fn the_first_reading_trusts_no_time_after_the_newest_change() {
        assert_eq!(Clock::first(NOW, Some(5)).trusted, 5);
        assert_eq!(Clock::first(NOW, Some(NOW + YEAR)).trusted, NOW);
        assert_eq!(Clock::first(0, None).latest, 0);
    }
}
