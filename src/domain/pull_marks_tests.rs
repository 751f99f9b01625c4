//! Devices whose clocks are wrong, on a server with the rules of [`pull_marks`](super::pull_marks).

use std::collections::{BTreeMap, BTreeSet};

use support::Random;

use super::pull_marks::{Marks, Pull};
use super::version::Rev;

const SECOND: Rev = 1_000_000;
const NOW: Rev = 1_000_000 * SECOND;

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
