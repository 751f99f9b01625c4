//! Everything together: what happens, in which order, and what must hold in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Child;
use std::time::Duration;

use support::Random;

use crate::cli::Cli;
use crate::device::{Device, Ended, finish};
use crate::ledger::Ledger;
use crate::person;
use crate::proxy::Proxy;
use crate::server::Server;

/// How many things happen before the devices settle.
const STEPS: u64 = 60;
/// The device in whose folder the KamiFlow CLI works too.
const WITH_CLI: usize = 2;
/// After so many rounds of all devices they must be in step.
const PATIENCE: u32 = 12;

/// A server and its devices.
pub struct World {
    seed: u64,
    random: Random,
    server: Server,
    proxies: Vec<Proxy>,
    devices: Vec<Device>,
    ledger: Ledger,
    cli: Cli,
    /// What each device could not sync in its last round: a file that is a folder elsewhere.
    left: Vec<BTreeSet<String>>,
    marks: u64,
    rounds: u64,
    log: Vec<String>,
}

impl World {
    /// Three devices with empty folders.
    pub fn new(seed: u64) -> Self {
        let server = Server::start();
        let proxy = |number| Proxy::new(server.address(), seed * 10 + number);
        let proxies: Vec<Proxy> = (0..3).map(proxy).collect();
        let named = [
            ("laptop", None),
            ("phone", Some("-1h")),
            ("máy tính", Some("+1d")),
        ];
        let devices = named.into_iter().zip(&proxies);
        let devices = devices.map(|((name, offset), proxy)| Device::new(name, offset, &proxy.url));
        Self {
            seed,
            random: Random::new(seed),
            devices: devices.collect(),
            ledger: Ledger::new(3),
            cli: Cli::default(),
            left: vec![BTreeSet::new(); 3],
            server,
            proxies,
            marks: 0,
            rounds: 0,
            log: Vec::new(),
        }
    }

    /// Lets things happen, and checks what must hold in the end. Returns the number of rounds.
    pub fn run(mut self) -> u64 {
        for _ in 0..STEPS {
            self.step();
        }
        self.settle();
        self.pull_by_cli();
        self.push_by_cli();
        self.settle();
        self.check();
        self.rounds
    }

    fn step(&mut self) {
        let device = person::index(&mut self.random, self.devices.len());
        match self.random.in_range(0..100) {
            0..50 => self.act(device),
            50..72 => _ = self.round(device),
            72..84 => self.killed_round(device),
            84..92 => self.rounds_at_once(),
            92..95 => self.change_weather(),
            95 => self.proxies[device].repeat(),
            96 => self.pull_by_cli(),
            97 => self.push_by_cli(),
            98 => self.lose_state(device),
            _ => self.kill_server(),
        }
    }

    fn note(&mut self, what: String) {
        self.log.push(what);
    }

    /// A person saves, deletes or renames a file.
    fn act(&mut self, device: usize) {
        let path = person::path(&mut self.random);
        match self.random.in_range(0..10) {
            0..6 => self.save(device, path),
            6 | 7 => self.delete(device, path),
            _ => {
                let to = person::path(&mut self.random);
                self.rename(device, path, to);
            }
        }
    }

    fn save(&mut self, device: usize, path: &str) {
        self.marks += 1;
        let mark = format!("{} on {device}", self.marks);
        let before = self.devices[device].read(path);
        let text = match &before {
            Some(text) => person::edited(&mut self.random, text, &mark),
            None => person::new_text(&mut self.random, &mark),
        };
        let place = self.devices[device].place(path);
        let in_place = self.random.percent(50);
        let written = fs::create_dir_all(place.parent().expect("a folder")).and_then(|()| {
            let beside = place.with_extension("editor");
            match in_place {
                true => fs::write(&place, &text),
                false => fs::write(&beside, &text).and_then(|()| fs::rename(&beside, &place)),
            }
        });
        _ = fs::remove_file(place.with_extension("editor"));
        // A folder may be in the place of the file, or the other way round.
        if written.is_ok() {
            self.ledger.overwritten(device, before);
            self.ledger.saved(device, &text);
            self.note(format!("{device} saves {path}: {mark}"));
        }
    }

    fn delete(&mut self, device: usize, path: &str) {
        let before = self.devices[device].read(path);
        if fs::remove_file(self.devices[device].place(path)).is_ok() {
            self.ledger.overwritten(device, before);
            self.note(format!("{device} deletes {path}"));
        }
    }

    fn rename(&mut self, device: usize, from: &str, to: &str) {
        let text = self.devices[device].read(from);
        let before = self.devices[device].read(to);
        let (from, to) = (
            self.devices[device].place(from),
            self.devices[device].place(to),
        );
        let is_file = from.is_file() && from != to;
        _ = fs::create_dir_all(to.parent().expect("a folder"));
        if is_file && fs::rename(&from, &to).is_ok() {
            self.ledger.overwritten(device, before);
            self.ledger.moved(device, text);
            self.note(format!("{device} renames {from:?} to {to:?}"));
        }
    }

    fn round(&mut self, device: usize) -> bool {
        let unseen = self.ledger.unseen(device);
        let child = self.start(device);
        self.finish(device, unseen, child)
    }

    fn start(&mut self, device: usize) -> Child {
        self.rounds += 1;
        match self.random.percent(50) {
            true => self.devices[device].start(&["--accept-deletions"]),
            false => self.devices[device].start(&[]),
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

    fn killed_round(&mut self, device: usize) {
        let mut child = self.start(device);
        let time = self.random.in_range(0..200);
        std::thread::sleep(Duration::from_millis(time));
        _ = child.kill();
        _ = child.wait();
        self.note(format!("{device} syncs and is killed after {time} ms"));
    }

    /// All devices sync, while their owners go on.
    fn rounds_at_once(&mut self) {
        let devices: Vec<usize> = (0..self.devices.len()).collect();
        let unseen: Vec<_> = devices
            .iter()
            .map(|device| self.ledger.unseen(*device))
            .collect();
        let children: Vec<Child> = devices.iter().map(|device| self.start(*device)).collect();
        for _ in 0..self.random.in_range(0..12) {
            let device = person::index(&mut self.random, self.devices.len());
            self.act(device);
            std::thread::sleep(Duration::from_millis(self.random.in_range(0..15)));
        }
        for ((device, unseen), child) in devices.into_iter().zip(unseen).zip(children) {
            self.finish(device, unseen, child);
        }
    }

    /// The CLI writes over what is there, as its user knows.
    fn pull_by_cli(&mut self) {
        for (path, text) in self.cli.pull(&self.server.client()) {
            let place = self.devices[WITH_CLI].place(&path);
            let before = self.devices[WITH_CLI].read(&path);
            _ = fs::create_dir_all(place.parent().expect("a folder"));
            if fs::write(place, text).is_ok() {
                self.ledger.overwritten(WITH_CLI, before);
            }
        }
        self.note("the CLI pulls".to_owned());
    }

    fn push_by_cli(&mut self) {
        let device = &self.devices[WITH_CLI];
        self.cli.push(device, &self.server.client());
        self.note("the CLI pushes".to_owned());
    }

    fn change_weather(&mut self) {
        for proxy in &self.proxies {
            let share = [0, 0, 30, 60, 100][person::index(&mut self.random, 5)];
            proxy.disturb(share);
        }
        self.note("the weather changes".to_owned());
    }

    fn lose_state(&mut self, device: usize) {
        self.devices[device].lose_state();
        self.note(format!("{device} loses its state"));
    }

    fn kill_server(&mut self) {
        self.server.kill();
        for proxy in &self.proxies {
            proxy.move_to(self.server.address());
        }
        self.note("the server is killed".to_owned());
    }

    /// The weather is fine, and the devices sync until nothing is left to do.
    fn settle(&mut self) {
        for proxy in &self.proxies {
            proxy.disturb(0);
        }
        self.note("the weather is fine".to_owned());
        for _ in 0..PATIENCE {
            let devices = 0..self.devices.len();
            let quiet = devices.filter(|device| self.round(*device)).count();
            if quiet == self.devices.len() {
                return;
            }
        }
        self.fail("the devices do not come to rest");
    }

    fn check(&self) {
        let files = self.server.files();
        for (device, left) in self.devices.iter().zip(&self.left) {
            let here = device.files();
            let differences = differences(&here, &files, left);
            if !differences.is_empty() {
                self.fail(&format!(
                    "{} has other files: {differences:#?}",
                    device.name
                ));
            }
        }
        let mut found: BTreeSet<String> = files.into_values().collect();
        for device in &self.devices {
            found.extend(device.files().into_values());
            found.extend(device.kept());
        }
        found.extend(self.server.history());
        assert!(self.ledger.len() > 0, "nothing was saved");
        if let Some(text) = self.ledger.lost(&found) {
            self.fail(&format!("a text is lost:\n{text}"));
        }
    }

    fn fail(&self, what: &str) -> ! {
        let log = self.log.join("\n");
        panic!("{log}\n\n{what}\n\nKAMISYNC_SEED={}", self.seed)
    }
}

/// The files that a device and the server do not have in common, except those that it has told.
fn differences<'a>(
    a: &'a BTreeMap<String, String>,
    b: &'a BTreeMap<String, String>,
    left: &BTreeSet<String>,
) -> Vec<(&'a String, Option<&'a String>, Option<&'a String>)> {
    let paths: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let paths = paths.into_iter().filter(|path| !left.contains(*path));
    let pairs = paths.map(|path| (path, a.get(path), b.get(path)));
    pairs.filter(|(_, a, b)| a != b).collect()
}
