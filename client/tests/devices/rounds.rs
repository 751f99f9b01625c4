//! The rounds of a world: alone, at once, killed, and until nothing is left to do.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Duration;

use crate::device::{Ended, finish};
use crate::person;
use crate::world::World;

/// After so many rounds of all devices they must be in sync.
const MAX_ROUNDS: u32 = 12;

impl World {
    pub(super) fn round(&mut self, device: usize) -> bool {
        let unseen = self.ledger.unseen(device);
        let child = self.start(device);
        self.finish(device, unseen, child)
    }

    fn start(&mut self, device: usize) -> Child {
        self.rounds += 1;
        if self.random.percent(50) {
            self.devices[device].start(&["--accept-deletions"])
        } else {
            self.devices[device].start(&[])
        }
    }

    /// Whether nothing was left to do.
    fn finish(&mut self, device: usize, unseen: BTreeSet<String>, child: Child) -> bool {
        let ended = finish(child);
        self.note(format!("{device} syncs: {ended:?}"));
        let Ended::Done(report) = ended else {
            return false;
        };
        let left = report["left"].as_array().expect("a list").iter();
        let left = left.filter_map(|left| left["path"].as_str());
        self.left[device] = left.map(str::to_owned).collect();
        let paths = self.left[device].iter();
        let texts = paths.filter_map(|path| self.devices[device].read(path));
        self.ledger.seen(device, unseen, &texts.collect());
        let counts = report.as_object().expect("an object").iter();
        let mut counts = counts.filter(|(name, _)| *name != "left");
        counts.all(|(_, list)| list.as_array().is_some_and(Vec::is_empty))
    }

    pub(super) fn killed_round(&mut self, device: usize) {
        let mut child = self.start(device);
        let time = self.random.in_range(0..200);
        std::thread::sleep(Duration::from_millis(time));
        _ = child.kill();
        _ = child.wait();
        self.note(format!("{device} syncs and is killed after {time} ms"));
    }

    /// A device watches while the owners continue and others sync, until it is killed.
    pub(super) fn watch_for_a_while(&mut self, watching: usize) {
        let mut watch = self.devices[watching].watch();
        self.note(format!("{watching} begins to watch"));
        for _ in 0..self.random.in_range(2..12) {
            let device = person::index(&mut self.random, self.devices.len());
            if device != watching && self.random.percent(30) {
                _ = self.round(device)
            } else {
                self.act(device)
            }
            std::thread::sleep(Duration::from_millis(self.random.in_range(0..200)));
        }
        _ = watch.kill();
        _ = watch.wait();
        self.note(format!("the watch of {watching} is killed"));
    }

    /// All devices sync, while their owners continue and the server may be killed.
    pub(super) fn rounds_at_once(&mut self) {
        let devices: Vec<usize> = (0..self.devices.len()).collect();
        let unseen: Vec<_> = devices
            .iter()
            .map(|device| self.ledger.unseen(*device))
            .collect();
        let children: Vec<Child> = devices.iter().map(|device| self.start(*device)).collect();
        for _ in 0..self.random.in_range(0..12) {
            let device = person::index(&mut self.random, self.devices.len());
            if self.random.percent(3) {
                self.kill_server()
            } else {
                self.act(device)
            }
            std::thread::sleep(Duration::from_millis(self.random.in_range(0..15)));
        }
        for ((device, unseen), child) in devices.into_iter().zip(unseen).zip(children) {
            self.finish(device, unseen, child);
        }
    }

    /// The weather is fine, and the devices sync until nothing is left to do.
    pub(super) fn settle(&mut self) {
        for proxy in &self.proxies {
            proxy.disturb(0);
        }
        self.note("the weather is fine".to_owned());
        for _ in 0..MAX_ROUNDS {
            let devices = 0..self.devices.len();
            let quiet = devices.filter(|device| self.round(*device)).count();
            if quiet == self.devices.len() {
                return;
            }
        }
        self.fail("the devices do not come to rest");
    }
}
