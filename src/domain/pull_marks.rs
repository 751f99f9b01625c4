//! Pulls of a client that sends the time of its own clock as `since`, with a key of its own.
//!
//! The KamiFlow CLI stores its clock at the end of a pull, and sends it with the next one. Taken as a
//! position, that misses what was stored in between, and everything within the error of the clock; and it
//! sends a device what it has pushed itself, over edits that it has not pushed yet. With a key of its own
//! the server knows how far the pages of a device got, and the clock only tells how its last pull ended.

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
const SHARED_US: Rev = 86_400_000_000;
/// How far the clocks of devices that share a key may be off.
const SHARED_SLACK_US: Rev = 120_000_000;
/// How far the clock of a device may be off of which nothing is known.
const FIRST_SLACK_US: Rev = 86_400_000_000;

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
            None => Self::first(since),
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

    /// A device that has pulled before, with another key.
    fn first(since: Rev) -> Self {
        let from = (since - FIRST_SLACK_US).max(0);
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
        let shared_until = match since < marks.asked {
            true => now_us + SHARED_US,
            false => marks.shared_until,
        };
        let is_shared = now_us < shared_until;
        let had = if has_finished {
            marks.sent
        } else {
            marks.confirmed
        };
        let from = match is_shared {
            true => (since.min(had) - SHARED_SLACK_US).max(0),
            false => had,
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
    use std::collections::{BTreeMap, BTreeSet};

    use support::Random;

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

    /// How the server decides where a page begins.
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Rule {
        /// `since` is a position, as with a key of several devices.
        Clock,
        /// The marks of a key of its own.
        Marks,
    }

    /// The newest version of each path: its rev and the device that stored it.
    #[derive(Default)]
    struct Server {
        files: BTreeMap<u64, (Rev, usize)>,
        last_rev: Rev,
    }

    #[derive(Default)]
    struct Device {
        /// The version that it has of each path.
        has: BTreeMap<u64, Rev>,
        since: Rev,
        marks: Option<Marks>,
        clock_error: Rev,
    }

    const LIMIT: usize = 5;

    struct World {
        rule: Rule,
        random: Random,
        now: Rev,
        server: Server,
        devices: Vec<Device>,
        loses_answers: bool,
        again: usize,
    }

    impl World {
        fn is_lost(&mut self) -> bool {
            self.loses_answers && self.random.in_range(0..20) == 0
        }

        fn pass(&mut self) {
            self.now += self.random.in_range(0..2 * SECOND as u64) as Rev + 1;
        }

        fn push(&mut self, device: usize) {
            let path = self.random.in_range(0..60);
            let rev = self.now.max(self.server.last_rev + 1);
            let rev = if rev % 1000 == 0 { rev + 1 } else { rev };
            self.server.last_rev = rev;
            self.server.files.insert(path, (rev, device));
            self.devices[device].has.insert(path, rev);
        }

        /// The rows of a page, and whether more follow.
        fn page(&self, device: usize, from: Rev, own: bool) -> (Vec<(Rev, u64)>, bool) {
            let rows = self.server.files.iter();
            let rows = rows.filter(|(_, (rev, by))| *rev > from && (own || *by != device));
            let mut rows: Vec<_> = rows.map(|(path, (rev, _))| (*rev, *path)).collect();
            rows.sort_unstable();
            let has_more = rows.len() > LIMIT;
            rows.truncate(LIMIT);
            (rows, has_more)
        }

        /// The pull of the CLI: on an error it gives up, and its clock stays as it was.
        fn pull(&mut self, device: usize) {
            let mut since = self.devices[device].since;
            loop {
                self.pass();
                let Some((rows, has_more)) = self.ask(device, since) else {
                    return;
                };
                since = rows.last().map_or(since, |(rev, _)| *rev);
                for (rev, path) in rows {
                    let before = self.devices[device].has.insert(path, rev);
                    self.again += usize::from(before >= Some(rev));
                }
                if !has_more {
                    break;
                }
            }
            // Others push between the last page and the moment at which the client looks at its clock.
            for other in 0..self.devices.len() {
                if other != device && self.random.in_range(0..3) == 0 {
                    self.pass();
                    self.push(other);
                }
            }
            self.pass();
            let clock = self.now + self.devices[device].clock_error;
            self.devices[device].since = clock / 1000 * 1000;
        }

        fn ask(&mut self, device: usize, since: Rev) -> Option<(Vec<(Rev, u64)>, bool)> {
            if self.rule == Rule::Clock {
                let page = self.page(device, since, true);
                return (!self.is_lost()).then_some(page);
            }
            let pull = Pull::begin(self.devices[device].marks, since, self.now);
            let (rows, has_more) = self.page(device, pull.from, pull.own);
            let end = match (rows.last(), has_more) {
                (Some((rev, _)), true) => *rev,
                _ => self.server.last_rev.max(pull.from),
            };
            // A mark that cannot be written, as on a full disk, is lost.
            if !self.is_lost() {
                let reached = pull.reached(end);
                self.devices[device].marks = reached.or(self.devices[device].marks);
            }
            (!self.is_lost()).then_some((rows, has_more))
        }

        /// Paths of which some device has another version than the server.
        fn missing(&self) -> usize {
            let missing = |device: &Device| {
                let files = self.server.files.iter();
                files
                    .filter(|(path, (rev, _))| device.has.get(path) != Some(rev))
                    .count()
            };
            self.devices.iter().map(missing).sum()
        }
    }

    /// Four devices push and pull for some hours. Returns what is missing in the end, and what was sent
    /// although it was there.
    fn simulate(rule: Rule, seed: u64, skew: u64, step: Rev) -> (usize, usize) {
        let mut random = Random::new(seed);
        let mut error = || random.in_range(0..2 * skew + 1) as Rev - skew as Rev;
        let devices = (0..4).map(|_| Device {
            clock_error: error() * SECOND,
            ..Device::default()
        });
        let mut world = World {
            rule,
            devices: devices.collect(),
            random,
            now: NOW,
            server: Server::default(),
            loses_answers: true,
            again: 0,
        };
        for round in 0..600 {
            world.now += world.random.in_range(0..30 * SECOND as u64) as Rev;
            let device = world.random.in_range(0..4) as usize;
            if round == 300 {
                for (device, sign) in world.devices.iter_mut().zip([1, -1, 1, -1]) {
                    device.clock_error += sign * step * SECOND;
                }
            }
            match world.random.in_range(0..3) {
                0 => world.pull(device),
                _ => world.push(device),
            }
        }
        world.loses_answers = false;
        // What is pushed after the last of these is not asked for any more.
        let paths: BTreeSet<_> = world.server.files.keys().copied().collect();
        assert_eq!(paths.len(), 60);
        settle(&mut world);
        (world.missing(), world.again)
    }

    /// Every device pulls once more, and nobody pushes.
    fn settle(world: &mut World) {
        for device in 0..world.devices.len() {
            let mut since = world.devices[device].since;
            loop {
                let (rows, has_more) = world.ask(device, since).expect("an answer");
                since = rows.last().map_or(since, |(rev, _)| *rev);
                let rows = rows.into_iter().map(|(rev, path)| (path, rev));
                world.devices[device].has.extend(rows);
                if !has_more {
                    break;
                }
            }
        }
    }

    #[test]
    fn devices_with_keys_of_their_own_miss_nothing_whatever_their_clocks_say() {
        for (skew, step) in [(0, 0), (60, 0), (600, 0), (600, 300)] {
            let total = |rule| {
                let runs = (0..20).map(|seed| simulate(rule, seed, skew, step));
                runs.fold((0, 0), |(missing, again), run| {
                    (missing + run.0, again + run.1)
                })
            };
            let (clock, marks) = (total(Rule::Clock), total(Rule::Marks));
            println!("{skew} s, step {step} s: clock {clock:?}, marks {marks:?}");
            assert_eq!(marks.0, 0, "{skew} {step}");
            assert!(clock.0 > 0 && marks.1 < clock.1 / 2, "{clock:?} {marks:?}");
        }
    }
}
