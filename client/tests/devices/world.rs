//! Everything together: what happens, in which order, and what must hold in the end.

use std::collections::{BTreeMap, BTreeSet};

use support::Random;

use crate::cli::Cli;
use crate::device::Device;
use crate::ledger::Ledger;
use crate::proxy::Proxy;
use crate::server::Server;

/// The device in whose folder the KamiFlow CLI works too.
pub const WITH_CLI: usize = 2;

/// A server and its devices.
pub struct World {
    seed: u64,
    pub(super) random: Random,
    pub(super) server: Server,
    pub(super) proxies: Vec<Proxy>,
    pub(super) devices: Vec<Device>,
    pub(super) ledger: Ledger,
    pub(super) cli: Cli,
    /// What each device could not sync in its last round: a file that is a folder elsewhere.
    pub(super) left: Vec<BTreeSet<String>>,
    /// The step, and how many texts it has.
    marks: (u64, u64),
    pub(super) rounds: u64,
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
            marks: (0, 0),
            rounds: 0,
            log: Vec::new(),
        }
    }

    /// Lets these steps happen, and checks what must hold in the end. Returns the number of rounds, and of texts
    /// that must be somewhere.
    pub fn run(mut self, steps: &[u64]) -> (u64, usize) {
        for number in steps {
            self.step(*number);
        }
        self.begin(u64::from(u32::MAX));
        self.settle();
        self.pull_by_cli();
        self.push_by_cli();
        self.settle();
        self.check();
        (self.rounds, self.ledger.len())
    }

    /// What happens next depends on the seed and this number alone.
    pub(super) fn begin(&mut self, number: u64) {
        let mut seeds = Random::new(self.seed);
        self.random = Random::new(seeds.in_range(0..u64::MAX) ^ number);
        self.marks = (number, 0);
    }

    /// What makes a text unlike any other.
    pub(super) fn mark(&mut self, device: usize) -> String {
        self.marks.1 += 1;
        format!("{}.{} on {device}", self.marks.0, self.marks.1)
    }

    pub(super) fn note(&mut self, what: String) {
        self.log.push(what);
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
        if let Some(text) = self.ledger.lost(&found) {
            self.fail(&format!("a text is lost:\n{text}"));
        }
    }

    pub(super) fn fail(&self, what: &str) -> ! {
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
