//! How many requests were answered in each of the last hours, and how.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kamiflow_sync_component::wire::host_report::AnswerCount;

/// Hours that are kept.
const HOURS: usize = 24;
const HOUR: Duration = Duration::from_secs(3600);

/// The answers of this process.
#[derive(Debug)]
pub struct AnswerHours {
    started: Instant,
    hours: Mutex<Hours>,
}

/// The counts of some hours, up to one since the start.
#[derive(Debug, Default)]
struct Hours {
    newest: u64,
    counts: [AnswerCount; HOURS],
}

impl AnswerHours {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            hours: Mutex::default(),
        }
    }

    /// Counts an answer of this status.
    pub fn count(&self, status: u16) {
        self.with_now(|hours| hours.counts[HOURS - 1].add(status));
    }

    /// The counts of the last 24 hours, the oldest first.
    pub fn counts(&self) -> Vec<AnswerCount> {
        self.with_now(|hours| hours.counts.to_vec())
    }

    fn with_now<T>(&self, act: impl FnOnce(&mut Hours) -> T) -> T {
        let hour = self.started.elapsed().as_secs() / HOUR.as_secs();
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        hours.go_on_to(hour);
        act(&mut hours)
    }
}

impl Hours {
    /// Makes room for an hour. Another thread may have seen a later one already.
    fn go_on_to(&mut self, hour: u64) {
        let passed = hour.saturating_sub(self.newest);
        for _ in 0..passed.min(HOURS as u64) {
            self.counts.rotate_left(1);
            self.counts[HOURS - 1] = AnswerCount::default();
        }
        self.newest = self.newest.max(hour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_moves_to_the_front_and_is_forgotten_after_a_day() {
        let mut hours = Hours::default();
        let totals = |hours: &Hours| hours.counts.map(AnswerCount::total);
        hours.counts[HOURS - 1].add(200);
        hours.go_on_to(2);
        hours.counts[HOURS - 1].add(404);
        hours.go_on_to(1);
        hours.counts[HOURS - 1].add(500);
        let counts = totals(&hours);
        assert_eq!((counts[HOURS - 3], counts[HOURS - 1]), (1, 2));
        hours.go_on_to(24);
        let counts = totals(&hours);
        assert_eq!((counts[0], counts[1]), (0, 2));
        hours.go_on_to(u64::MAX);
        assert_eq!(totals(&hours), [0; HOURS]);
    }

    #[test]
    fn an_answer_counts_in_the_newest_hour() {
        let answers = AnswerHours::new();
        answers.count(200);
        answers.count(503);
        let counts = answers.counts();
        assert_eq!(counts.len(), HOURS);
        assert_eq!((counts[HOURS - 1].good, counts[HOURS - 1].failed), (1, 1));
    }
}
