//! The window of the rate limit, as the last answer described it.

use std::time::{Duration, Instant};

use ureq::http::HeaderMap;

/// How many requests are left, and for how long.
#[derive(Debug, Default)]
pub struct Rate(Option<Window>);

/// A longer pause than this is not made, whatever a proxy says of the window.
const LONGEST: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
struct Window {
    limit: u32,
    remaining: u32,
    end: Instant,
}

impl Rate {
    /// Takes note of what an answer says; one that was not counted says nothing.
    pub fn note(&mut self, headers: &HeaderMap, now: Instant) {
        let number = |name| headers.get(name)?.to_str().ok()?.parse::<u32>().ok();
        let (limit, remaining, reset) = (
            number("ratelimit-limit"),
            number("ratelimit-remaining"),
            number("ratelimit-reset"),
        );
        if let (Some(limit), Some(remaining), Some(reset)) = (limit, remaining, reset) {
            let end = now + Duration::from_secs(reset.into());
            self.0 = Some(Window {
                limit,
                remaining,
                end,
            });
        }
    }

    /// How long to wait before the next round: not at all during the first half of a window's
    /// requests; the others are spread over the rest of its time.
    pub fn pause(&self, now: Instant) -> Duration {
        let Some(window) = &self.0 else {
            return Duration::ZERO;
        };
        let left = window.end.saturating_duration_since(now);
        if window.remaining > window.limit / 2 {
            Duration::ZERO
        } else {
            (left / window.remaining.max(1)).min(LONGEST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(limit: &str, remaining: &str, reset: &str, now: Instant) -> Rate {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("ratelimit-limit", limit),
            ("ratelimit-remaining", remaining),
            ("ratelimit-reset", reset),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let mut rate = Rate::default();
        rate.note(&headers, now);
        rate
    }

    #[test]
    fn rounds_get_rarer_as_the_window_is_used_up() {
        let now = Instant::now();
        let pause = |remaining| rate("100", remaining, "900", now).pause(now).as_secs();
        assert_eq!(pause("99"), 0);
        assert_eq!(pause("51"), 0);
        assert_eq!(pause("50"), 18);
        assert_eq!(pause("10"), 90);
        assert_eq!(pause("1"), 900);
        assert_eq!(pause("0"), 900);
        let ever = rate("100", "0", "4294967295", now);
        assert_eq!(ever.pause(now), LONGEST);
    }

    #[test]
    fn a_window_that_is_over_or_unknown_asks_for_no_pause() {
        let now = Instant::now();
        let rate = rate("100", "0", "900", now);
        assert_eq!(rate.pause(now + Duration::from_secs(901)), Duration::ZERO);
        assert_eq!(Rate::default().pause(now), Duration::ZERO);
    }

    #[test]
    fn an_answer_that_was_not_counted_changes_nothing() {
        let now = Instant::now();
        let mut rate = rate("100", "10", "900", now);
        rate.note(&HeaderMap::new(), now);
        assert_eq!(rate.pause(now).as_secs(), 90);
    }
}
