//! Devices that ask at the same time, and a record of what each asked, was answered, and when.

use std::array;
use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::call::{Asked, Call};
use crate::promise::Entry;
use crate::world::PATHS;
use support::Random;
use support::{Answer, Client, Host};

/// How many ask at the same time.
const MEMBERS: u64 = 6;
/// Questions of each.
const CALLS: u64 = 100;

/// All ask about two projects until each has asked enough; answers the calls of each project.
pub fn gather(host: &Host, round: u64) -> [Vec<Call>; 2] {
    let mut all = [Vec::new(), Vec::new()];
    let start = Instant::now();
    thread::scope(|scope| {
        let member = |number| scope.spawn(move || live(host, start, round, number));
        let members: Vec<_> = (0..MEMBERS).map(member).collect();
        for member in members {
            let calls = member.join().expect("a member");
            all.iter_mut()
                .zip(calls)
                .for_each(|(all, of)| all.extend(of));
        }
    });
    all
}

fn live(host: &Host, start: Instant, round: u64, number: u64) -> [Vec<Call>; 2] {
    let mut random = Random::new(round * MEMBERS + number);
    let mut members = array::from_fn(|project| Member {
        client: host.client(),
        name: format!("device-{number}"),
        project: format!("round-{round}-{project}"),
        start,
        texts: 0,
        known: BTreeMap::new(),
        since: ("0".to_owned(), 0),
        calls: Vec::new(),
    });
    for _ in 0..CALLS {
        members[random.in_range(0..2) as usize].act(&mut random);
    }
    members.map(|member| member.calls)
}

/// A device in one project.
struct Member {
    client: Client,
    name: String,
    project: String,
    start: Instant,
    /// How many it has made up.
    texts: usize,
    /// The newest rev of each path that it has heard of.
    known: BTreeMap<String, i64>,
    /// A cursor, and the rev of that place.
    since: (String, i64),
    calls: Vec<Call>,
}

impl Member {
    fn act(&mut self, random: &mut Random) {
        let asked = self.choose(random);
        let sent = self.start.elapsed();
        let answer = asked.ask(&self.client, &self.name, &self.project);
        let answered = self.start.elapsed();
        assert!([200, 404, 409].contains(&answer.status), "{answer:?}");
        self.learn(&asked, &answer);
        self.calls.push(Call {
            device: self.name.clone(),
            asked,
            sent,
            answered,
            answer,
        });
    }

    fn choose(&mut self, random: &mut Random) -> Asked {
        let (cursor, since) = self.since.clone();
        let limit = random.in_range(1..PATHS.len() as u64 + 2) as usize;
        match random.in_range(0..10) {
            0..5 => Asked::Push(self.entries(random)),
            5 => Asked::Status,
            6 => Asked::Files { since, limit },
            7 => Asked::Changes {
                cursor,
                since,
                limit,
            },
            _ => Asked::File(PATHS[random.in_range(0..PATHS.len() as u64) as usize]),
        }
    }

    /// Files before deletions, as the server answers them.
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
        let base = self.known.get(path).copied().unwrap_or(0);
        Entry {
            path: path.to_owned(),
            text,
            base: random.percent(60).then_some(base),
        }
    }

    fn learn(&mut self, asked: &Asked, answer: &Answer) {
        let list = |name: &str| answer.json[name].as_array().cloned().unwrap_or_default();
        for told in list("results").iter().chain(&list("changes")) {
            self.hear(told, &told["rev"]);
        }
        for conflict in list("conflicts") {
            self.hear(&conflict, &conflict["current"]["rev"]);
        }
        if let (Asked::Changes { .. }, Some(last)) = (asked, list("changes").last()) {
            let cursor = answer.json["cursor"].as_str().expect("a cursor");
            self.since = (cursor.to_owned(), last["rev"].as_i64().expect("a rev"));
        }
    }

    fn hear(&mut self, told: &Value, rev: &Value) {
        if let (Some(path), Some(rev)) = (told["path"].as_str(), rev.as_i64()) {
            self.known.insert(path.to_owned(), rev);
        }
    }
}
