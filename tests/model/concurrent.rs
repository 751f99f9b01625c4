//! Devices that send requests at the same time, and a record of requests, answers and times.

use std::array;
use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::call::{Call, Request};
use crate::model::Entry;
use crate::world::PATHS;
use support::{Answer, Client, Host, Random};

/// Devices at the same time.
const DEVICES: u64 = 6;
/// Requests of each device.
const CALLS: u64 = 100;

/// Runs all devices on two projects and returns the calls of each project.
pub fn record(host: &Host, round: u64) -> [Vec<Call>; 2] {
    let mut all = [Vec::new(), Vec::new()];
    let start = Instant::now();
    thread::scope(|scope| {
        let device = |number| scope.spawn(move || live(host, start, round, number));
        let devices: Vec<_> = (0..DEVICES).map(device).collect();
        for device in devices {
            let calls = device.join().expect("a device");
            all.iter_mut()
                .zip(calls)
                .for_each(|(all, of)| all.extend(of));
        }
    });
    all
}

fn live(host: &Host, start: Instant, round: u64, number: u64) -> [Vec<Call>; 2] {
    let mut random = Random::new(round * DEVICES + number);
    let mut devices = array::from_fn(|project| Device {
        client: host.client(),
        name: format!("device-{number}"),
        project: format!("round-{round}-{project}"),
        start,
        texts: 0,
        revs: BTreeMap::new(),
        since: ("0".to_owned(), 0),
        calls: Vec::new(),
    });
    for _ in 0..CALLS {
        devices[random.in_range(0..2) as usize].act(&mut random);
    }
    devices.map(|device| device.calls)
}

/// A device in one project.
struct Device {
    client: Client,
    name: String,
    project: String,
    start: Instant,
    /// Number of texts that it has written.
    texts: usize,
    /// The newest rev of each path that it has seen.
    revs: BTreeMap<String, i64>,
    /// A cursor and the rev in it.
    since: (String, i64),
    calls: Vec<Call>,
}

impl Device {
    fn act(&mut self, random: &mut Random) {
        let request = self.choose(random);
        let sent = self.start.elapsed();
        let answer = request.send(&self.client, &self.name, &self.project);
        let answered = self.start.elapsed();
        assert!([200, 404, 409].contains(&answer.status), "{answer:?}");
        self.learn(&request, &answer);
        self.calls.push(Call {
            device: self.name.clone(),
            request,
            sent,
            answered,
            answer,
        });
    }

    fn choose(&mut self, random: &mut Random) -> Request {
        let (cursor, since) = self.since.clone();
        let limit = random.in_range(1..PATHS.len() as u64 + 2) as usize;
        match random.in_range(0..10) {
            0..5 => Request::Push(self.entries(random)),
            5 => Request::Status,
            6 => Request::Files { since, limit },
            7 => Request::Changes {
                cursor,
                since,
                limit,
            },
            _ => Request::File(PATHS[random.in_range(0..PATHS.len() as u64) as usize]),
        }
    }

    /// Files before deletions, as the server orders its results.
    fn entries(&mut self, random: &mut Random) -> Vec<Entry> {
        let mut entries = Vec::new();
        for path in PATHS {
            if random.percent(40) {
                entries.push(self.entry(path, random));
            }
        }
        entries.sort_by_key(|entry| entry.text.is_none());
        entries
    }

    fn entry(&mut self, path: &str, random: &mut Random) -> Entry {
        self.texts += 1;
        let text = match random.in_range(0..10) {
            0..2 => None,
            2..4 => Some("what others write too".to_owned()),
            _ => Some(format!("{} {}", self.name, self.texts)),
        };
        let base = self.revs.get(path).copied().unwrap_or(0);
        Entry {
            path: path.to_owned(),
            text,
            base: random.percent(60).then_some(base),
        }
    }

    fn learn(&mut self, request: &Request, answer: &Answer) {
        let list = |name: &str| answer.json[name].as_array().cloned().unwrap_or_default();
        for entry in list("results").iter().chain(&list("changes")) {
            self.remember(entry, &entry["rev"]);
        }
        for conflict in list("conflicts") {
            self.remember(&conflict, &conflict["current"]["rev"]);
        }
        if let (Request::Changes { .. }, Some(last)) = (request, list("changes").last()) {
            let cursor = answer.json["cursor"].as_str().expect("a cursor");
            self.since = (cursor.to_owned(), last["rev"].as_i64().expect("a rev"));
        }
    }

    fn remember(&mut self, entry: &Value, rev: &Value) {
        if let (Some(path), Some(rev)) = (entry["path"].as_str(), rev.as_i64()) {
            self.revs.insert(path.to_owned(), rev);
        }
    }
}
