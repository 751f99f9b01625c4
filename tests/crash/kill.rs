//! `kill -9` at random moments under concurrent pushes.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use support::{Client, Host, content, file, sha256};

const WRITERS: usize = 4;
/// Files that only one push writes.
const OWN_FILES: usize = 4;

/// Path and checksum of every known live file.
type Tree = HashMap<String, String>;

fn rounds() -> usize {
    match std::env::var_os("KAMIFLOW_LONG") {
        Some(_) => 300,
        None => 8,
    }
}

fn path(writer: usize, round: usize, number: usize, file: usize) -> String {
    format!("w{writer}/r{round}/n{number}/{file}.md")
}

fn latest(writer: usize) -> String {
    format!("w{writer}/latest.md")
}

/// Small files, and sometimes a long one.
fn text(path: &str, number: usize) -> String {
    let lines = if number % 7 == 3 { 1500 } else { 10 };
    format!("{path} in push {number}\n").repeat(lines)
}

/// New files, one that every push of the writer replaces, and the deletion of a file of the push
/// before.
fn push(writer: usize, round: usize, number: usize) -> Value {
    let mut files: Vec<Value> = (0..OWN_FILES)
        .map(|i| path(writer, round, number, i))
        .map(|path| file(&path, text(&path, number).as_bytes()))
        .collect();
    let newest = latest(writer);
    files.push(file(
        &newest,
        text(&format!("{round}"), number).repeat(2).as_bytes(),
    ));
    let before = number.checked_sub(1);
    let deletions: Vec<String> = before
        .map(|n| path(writer, round, n, 0))
        .into_iter()
        .collect();
    json!({ "files": files, "deletions": deletions })
}

/// Pushes until the server is gone. Returns the revs of every acknowledged push.
fn write(client: &Client, writer: usize, round: usize) -> Vec<Vec<i64>> {
    let mut acknowledged = Vec::new();
    loop {
        let body = push(writer, round, acknowledged.len()).to_string();
        match client.try_send("POST", "/v1/projects/p/sync", &[], body.as_bytes()) {
            Ok(answer) => acknowledged.push(revs(&answer.good())),
            Err(_) => return acknowledged,
        }
    }
}

fn revs(answer: &Value) -> Vec<i64> {
    let results = answer["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| result["rev"].as_i64().unwrap())
        .collect()
}

fn rev(file: &Value) -> i64 {
    (file["synced_at"].as_f64().unwrap() * 1000.0).round() as i64
}

/// A device that pulls: its files, and where it continues.
struct Puller {
    tree: Tree,
    since: Value,
}

impl Puller {
    /// Pulls until there are no more pages or the server is gone; false when it is gone.
    fn pull(&mut self, client: &Client) -> bool {
        loop {
            let query = format!("/v1/projects/p/files?since={}&limit=50", self.since);
            let Ok(answer) = client.try_send("GET", &query, &[], b"") else {
                return false;
            };
            let page = answer.good();
            for file in page["files"].as_array().unwrap() {
                assert!(file["synced_at"].as_f64() > self.since.as_f64());
                self.since = file["synced_at"].clone();
                let (path, checksum) = (file["path"].as_str(), file["checksum"].as_str());
                self.tree
                    .insert(path.unwrap().to_owned(), checksum.unwrap().to_owned());
            }
            if page["hasMore"] != true {
                return true;
            }
        }
    }
}

/// Checks the pushes of one writer in one round.
fn check(writer: usize, round: usize, acknowledged: &[Vec<i64>], live: &HashMap<String, Value>) {
    let in_flight = acknowledged.len();
    let is_there =
        (0..OWN_FILES).filter(|i| live.contains_key(&path(writer, round, in_flight, *i)));
    let stored = match is_there.count() {
        0 => in_flight,
        OWN_FILES => in_flight + 1,
        part => panic!("{part} files of push {in_flight} of writer {writer} are there"),
    };
    for number in 0..stored {
        for i in 0..OWN_FILES {
            let path = path(writer, round, number, i);
            let deleted = i == 0 && number + 1 < stored;
            match live.get(&path) {
                None => assert!(deleted, "{path} is gone"),
                Some(file) => {
                    assert!(!deleted, "{path} is back");
                    assert_eq!(file["checksum"], sha256(text(&path, number).as_bytes()));
                    let acknowledged = acknowledged.get(number).map(|revs| revs[i]);
                    assert!(acknowledged.is_none_or(|acknowledged| acknowledged == rev(file)));
                }
            }
        }
    }
    if let Some(last) = stored.checked_sub(1) {
        let expected = text(&format!("{round}"), last).repeat(2);
        assert_eq!(
            live[&latest(writer)]["checksum"],
            sha256(expected.as_bytes())
        );
    }
}

/// Kills the server while writers push and a puller pulls.
fn disturb(host: Host, mut puller: Puller, round: usize) -> (TempDir, Vec<Vec<Vec<i64>>>, Puller) {
    let wait = Duration::from_millis(u64::from(getrandom::u32().unwrap() % 250));
    println!("round {round} is killed after {wait:?}");
    let clients: Vec<Client> = (0..=WRITERS).map(|_| host.client()).collect();
    let (reader, writers) = clients.split_last().unwrap();
    thread::scope(|scope| {
        let writing: Vec<_> = (0..)
            .zip(writers)
            .map(|(writer, client)| scope.spawn(move || write(client, writer, round)))
            .collect();
        let pulling = scope.spawn(move || {
            while puller.pull(reader) {}
            puller
        });
        thread::sleep(wait);
        let folder = host.kill();
        let acknowledged = writing.into_iter().map(|writer| writer.join().unwrap());
        let acknowledged = acknowledged.collect();
        (folder, acknowledged, pulling.join().unwrap())
    })
}

/// The live files that changed since, by path, with their content checked.
fn live_since(host: &Host, since: &Value) -> HashMap<String, Value> {
    let mut live = HashMap::new();
    for file in host.client().pull_since("p", since, 1000) {
        assert_eq!(file["checksum"], sha256(&content(&file)));
        live.insert(file["path"].as_str().unwrap().to_owned(), file);
    }
    live
}

/// Applies the change feed from a cursor from before the kill. Returns the cursor at its end.
fn follow(client: &Client, tree: &mut Tree, cursor: &str) -> String {
    let (changes, end) = client.changes("p", cursor, 100);
    for change in changes {
        let path = change["path"].as_str().unwrap();
        match change["checksum"].as_str() {
            Some(checksum) => tree.insert(path.to_owned(), checksum.to_owned()),
            None => tree.remove(path),
        };
    }
    let manifest = client.ask("p", "manifest?limit=10000").good();
    if manifest["hasMore"] == false {
        let file = |file: &Value| {
            let field = |name: &str| file[name].as_str().unwrap().to_owned();
            (field("path"), field("checksum"))
        };
        let files = manifest["files"].as_array().unwrap();
        assert_eq!(*tree, files.iter().map(file).collect());
    }
    end
}

fn check_integrity(host: &Host) {
    let database = Connection::open(host.database()).unwrap();
    let result = database.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(result.unwrap(), "ok");
}

#[test]
fn a_kill_loses_no_acknowledged_push_and_leaves_none_in_part() {
    let mut host = Host::start();
    let mut puller = Puller {
        tree: Tree::new(),
        since: json!(0),
    };
    let (mut before, mut last_rev, mut pushes) = (json!(0), 0, 0);
    let (mut followed, mut cursor) = (Tree::new(), "0".to_owned());
    for round in 0..rounds() {
        let (folder, acknowledged, caught_up) = disturb(host, puller, round);
        host = Host::resume(folder, &[]);
        check_integrity(&host);
        let live = live_since(&host, &before);
        puller = caught_up;
        assert!(puller.pull(&host.client()));
        for (path, file) in &live {
            assert_eq!(file["checksum"], puller.tree[path], "{path}");
        }
        cursor = follow(&host.client(), &mut followed, &cursor);
        for (writer, acknowledged) in acknowledged.iter().enumerate() {
            check(writer, round, acknowledged, &live);
            // Within a push, deletions come first.
            let mut in_order = acknowledged.clone();
            in_order.iter_mut().for_each(|revs| revs.sort_unstable());
            let revs = in_order.concat();
            assert!(revs.is_sorted_by(|left, right| left < right));
            assert!(revs.first().is_none_or(|first| *first > last_rev));
            pushes += acknowledged.len();
        }
        last_rev = live.values().map(rev).fold(last_rev, i64::max);
        before = match host.client().status("p")["lastSync"].clone() {
            Value::Null => json!(0),
            last => last,
        };
    }
    println!("{pushes} pushes were acknowledged");
    assert!(pushes >= rounds());
}
