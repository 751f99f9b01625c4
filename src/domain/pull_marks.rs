//! Pulls of a client that sends the time of its own clock as `since`, with a key of its own.
//!
//! The KamiFlow CLI stores its clock at the end of a pull, and sends it with the next one. Taken as a
//! position, that misses what was stored in between, and everything within the error of the clock; and it
//! sends a device what it has pushed itself, over edits that it has not pushed yet. With a key of its own
//! the server knows how far the pages of a device got, and the clock only tells how its last pull ended.

use super::clock::DAY_US;
use super::version::Rev;

/// How far the pulls of a key have come in a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// The `since` of the last pull.
    pub asked: Rev,
    /// Where its pages got to.
    pub sent: Rev,
    /// What the device surely has.
    pub confirmed: Rev,
    /// Until when the key counts as one of several devices.
    pub shared_until: Rev,
}

/// How long a key counts as shared after it was seen to be, in microseconds.
const SHARED_US: Rev = DAY_US;
/// How far the clocks of devices that share a key may be off.
const SHARED_SLACK_US: Rev = 120_000_000;
/// How far the clock of a device may be off of which nothing is known.
const FIRST_SLACK_US: Rev = DAY_US;

/// How long pulls that find nothing change no marks, in microseconds by the clock of the client.
const IDLE_US: Rev = 600_000_000;

/// A page of a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pull {
    /// What is newer than this is sent.
    pub from: Rev,
    /// Whether that includes what the same key has stored.
    pub own: bool,
    /// None for a page of a pull that nothing is known of.
    marks: Option<Marks>,
    before: Option<Marks>,
}

impl Pull {
    /// Decides where a page begins. Marks may be older than the last pull, or missing: then something is
    /// sent again, and nothing is missed.
    pub fn begin(marks: Option<Marks>, since: Rev, now_us: Rev) -> Self {
        // No rev is a whole millisecond, and every clock is.
        let pull = match marks {
            _ if since % 1000 != 0 => Self::next_page(marks, since, now_us),
            _ if since == 0 => Self::from_beginning(marks, now_us),
            None => Self::first(since, now_us),
            Some(marks) => Self::following(marks, since, now_us),
        };
        Self {
            before: marks,
            ..pull
        }
    }

    /// The marks when this page, which ends at `rev`, was sent; none where those before will do.
    pub fn reached(&self, rev: Rev) -> Option<Marks> {
        let marks = Marks {
            sent: rev,
            ..self.marks?
        };
        let is_idle = |before: Marks| {
            let waited_us = marks.asked - before.asked;
            marks.sent == before.sent
                && marks.shared_until == before.shared_until
                && (0..IDLE_US).contains(&waited_us)
        };
        (!self.before.is_some_and(is_idle)).then_some(marks)
    }

    fn next_page(marks: Option<Marks>, since: Rev, now_us: Rev) -> Self {
        let marks = marks.filter(|marks| marks.sent == since);
        Self {
            from: since,
            own: marks.is_none_or(|marks| marks.asked == 0 || now_us < marks.shared_until),
            marks,
            before: None,
        }
    }

    /// A new device, or one that has lost its state. Where another has pulled before, it may be both.
    fn from_beginning(marks: Option<Marks>, now_us: Rev) -> Self {
        let before = marks.unwrap_or_default();
        let shared_until = match before.asked {
            0 => before.shared_until,
            _ => now_us + SHARED_US,
        };
        Self {
            from: 0,
            own: true,
            marks: Some(Marks {
                shared_until,
                ..Marks::default()
            }),
            before: None,
        }
    }

    /// A device that has pulled before, with another key or in another life of the project. Of one whose clock is further
    /// ahead than it may be, nothing tells what it has.
    fn first(since: Rev, now_us: Rev) -> Self {
        let is_possible = since <= now_us + FIRST_SLACK_US;
        let from = if is_possible {
            (since.min(now_us) - FIRST_SLACK_US).max(0)
        } else {
            0
        };
        Self {
            from,
            own: true,
            marks: Some(Marks {
                asked: since,
                sent: from,
                confirmed: from,
                shared_until: 0,
            }),
            before: None,
        }
    }

    fn following(marks: Marks, since: Rev, now_us: Rev) -> Self {
        // Only a pull that is finished moves the clock that the client stores.
        let has_finished = since > marks.asked;
        // Another device, a clock that was set back, or a state from before.
        let shared_until = if since < marks.asked {
            now_us + SHARED_US
        } else {
            marks.shared_until
        };
        let is_shared = now_us < shared_until;
        let had = if has_finished {
            marks.sent
        } else {
            marks.confirmed
        };
        let from = if is_shared {
            (since.min(had) - SHARED_SLACK_US).max(0)
        } else {
            had
        };
        Self {
            from,
            own: is_shared,
            marks: Some(Marks {
                asked: since,
                sent: from,
                confirmed: from,
                shared_until,
            }),
            before: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Rev = 1_000_000;
    const NOW: Rev = 1_000_000 * SECOND;

    fn marks(asked: Rev, sent: Rev, confirmed: Rev) -> Option<Marks> {
        Some(Marks {
            asked,
            sent,
            confirmed,
            shared_until: 0,
        })
    }

    #[test]
    fn the_clock_of_a_client_tells_how_its_last_pull_ended() {
        for (marks, since, from, own) in [
            // A new device, and the pages of its pull.
            (None, 0, 0, true),
            (marks(0, 4001, 0), 4001, 4001, true),
            // It finished: its clock has moved, however wrong it is.
            (marks(0, 9001, 0), 1000, 9001, false),
            (marks(5000, 9001, 2001), 6000, 9001, false),
            (marks(5000, 9001, 2001), 600_000_000, 9001, false),
            (marks(5000, 9001, 2001), 9001, 9001, false),
            // It did not.
            (marks(5000, 9001, 2001), 5000, 2001, false),
            // A page of a pull whose marks were lost.
            (marks(5000, 9001, 2001), 3001, 3001, true),
            (None, 3001, 3001, true),
        ] {
            let pull = Pull::begin(marks, since, NOW);
            assert_eq!((pull.from, pull.own), (from, own), "{marks:?} {since}");
        }
    }

    #[test]
    fn a_device_of_which_nothing_is_known_misses_nothing_of_the_last_day_and_what_a_wrong_clock_hides()
     {
        const DAY: Rev = 86_400 * SECOND;
        let now = 1000 * DAY;
        for (since, from) in [
            (now, now - DAY),
            (now - DAY / 2, now - DAY - DAY / 2),
            (now + DAY / 2, now - DAY),
            (now + DAY + 1000, 0),
            (now + 3 * DAY, 0),
            (1000, 0),
        ] {
            let pull = Pull::begin(None, since, now);
            assert_eq!((pull.from, pull.own), (from, true), "{since}");
            assert_eq!(pull.reached(from).unwrap().confirmed, from, "{since}");
        }
    }

    #[test]
    fn a_pull_that_finds_nothing_changes_the_marks_once_in_ten_minutes() {
        let before = marks(900 * SECOND, 800_000_001, 800_000_001);
        let pull = |since| Pull::begin(before, since, NOW);
        assert_eq!(pull(1499 * SECOND).reached(800_000_001), None);
        assert!(pull(1500 * SECOND).reached(800_000_001).is_some());
        assert!(pull(901 * SECOND).reached(800_000_002).is_some());
        assert!(pull(899 * SECOND).reached(800_000_001).is_some());
        assert!(Pull::begin(None, 0, NOW).reached(0).is_some());
    }

    #[test]
    fn a_clock_that_was_set_back_makes_the_key_shared_for_a_day() {
        let before = marks(900 * SECOND, 800 * SECOND + 1, 700 * SECOND + 1);
        let pull = Pull::begin(before, 600 * SECOND, NOW);
        assert_eq!((pull.from, pull.own), (480 * SECOND, true));
        let after = pull.reached(950 * SECOND + 1);
        let again = Pull::begin(after, 601 * SECOND, NOW + SHARED_US - 1);
        assert_eq!((again.from, again.own), (481 * SECOND, true));
        let later = Pull::begin(after, 601 * SECOND, NOW + SHARED_US);
        assert_eq!((later.from, later.own), (950 * SECOND + 1, false));
        let reset = Pull::begin(after, 0, NOW).reached(950 * SECOND + 1);
        let other = Pull::begin(reset, 600 * SECOND, NOW + 1);
        assert_eq!((other.from, other.own), (480 * SECOND, true));
    }

    #[test]
    fn a_device_that_changes_to_a_key_of_its_own_starts_a_day_before_its_clock() {
        let pull = Pull::begin(None, NOW, NOW);
        assert_eq!((pull.from, pull.own), (NOW - FIRST_SLACK_US, true));
        assert_eq!(Pull::begin(None, 5000, NOW).from, 0);
    }
}
