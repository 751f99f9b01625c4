//! Pulls of a client that sends its own clock as `since`, as the KamiFlow CLI does, with a key of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use support::{Client, Host, Random, first_rev, paths, sha256};

use super::keys::device;

/// Pulls all pages, as the CLI does. Returns the paths.
fn pull(client: &Client, since: u64) -> Vec<String> {
    let files = client.pull_since("p", &json!(since), 2);
    paths(&json!(files))
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// Waits for what is written after an answer.
fn settle(host: &Host) {
    let database = Connection::open(host.database()).unwrap();
    let began = Instant::now();
    let is_behind = || -> bool {
        let behind = "SELECT count(*) = 0 OR sum(sent IS NOT head) > 0
            FROM device_project JOIN project ON number = project";
        database.query_row(behind, [], |row| row.get(0)).unwrap()
    };
    while is_behind() {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_device_gets_what_others_stored_whatever_its_clock_says() {
    let host = Host::start();
    let (device, other) = (device(&host, "write"), device(&host, "write"));
    device.push_files("p", &[("own", "x")]).good();
    other
        .push_files("p", &[("a", "1"), ("b", "1"), ("c", "1")])
        .good();
    assert_eq!(pull(&device, 0), ["own", "a", "b", "c"]);
    // Clocks of devices: in 1970, in ten years, and anything in between.
    for (round, clock) in [5, 2_000_000_000_000, 2_100_000_000_000]
        .into_iter()
        .enumerate()
    {
        settle(&host);
        device
            .push_files("p", &[("own", &format!("{round}"))])
            .good();
        let text = format!("new {round}");
        other
            .push_files("p", &[("a", &text), ("b", &text), ("c", &text)])
            .good();
        assert_eq!(pull(&device, clock), ["a", "b", "c"], "{clock}");
        settle(&host);
        // The answer was lost: the clock of the client has not moved.
        assert_eq!(pull(&device, clock), ["a", "b", "c"], "{clock}");
        settle(&host);
        assert_eq!(pull(&device, clock + 1), [] as [&str; 0]);
    }
}

/// A device with the KamiFlow CLI, and a clock that is off.
struct Laptop {
    key: String,
    clock_error_ms: i64,
    since: i64,
    /// The checksum of each file.
    files: BTreeMap<String, String>,
}

impl Laptop {
    fn push(&mut self, host: &Host, random: &mut Random) {
        let path = format!("f{}", random.in_range(0..25));
        let text = random.in_range(0..1_000_000).to_string();
        let client = host.with_key(Some(&self.key));
        client.push_files("p", &[(&path, &text)]).good();
        self.files.insert(path, sha256(text.as_bytes()));
    }

    /// Each page is lost in `lost` of 100 cases; then the CLI gives up, and its clock stays as it was.
    fn pull(
        &mut self,
        host: &Host,
        random: &mut Random,
        lost: u64,
        before_stamp: impl FnOnce(&mut Random),
    ) {
        let client = host.with_key(Some(&self.key));
        let mut since = json!(self.since);
        loop {
            let page = client.pull("p", &format!("since={since}&limit=4"));
            if random.percent(lost) {
                return;
            }
            for file in page["files"].as_array().unwrap() {
                let text = |field: &str| file[field].as_str().unwrap().to_owned();
                self.files.insert(text("path"), text("checksum"));
                since = file["synced_at"].clone();
            }
            if page["hasMore"] != true {
                break;
            }
        }
        before_stamp(random);
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        self.since = now.as_millis() as i64 + self.clock_error_ms;
    }
}

/// Clocks that are off and set, answers that are lost, pushes between the last page and the stamp of the
/// CLI, and a server that is killed.
#[test]
fn laptops_with_wrong_clocks_miss_nothing() {
    let mut host = Host::start();
    let mut random = Random::new(7);
    let mut laptops: Vec<_> = [0, 600_000, -600_000, 5_000]
        .into_iter()
        .map(|clock_error_ms| Laptop {
            key: super::keys::make(&host, &json!({ "name": "x", "scope": "append" }))["key"]
                .as_str()
                .unwrap()
                .to_owned(),
            clock_error_ms,
            since: 0,
            files: BTreeMap::new(),
        })
        .collect();
    for round in 0..240 {
        let (laptop, other) = (
            random.in_range(0..4) as usize,
            random.in_range(0..4) as usize,
        );
        match random.in_range(0..3) {
            0 if laptop != other => {
                let [one, two] = laptops.get_disjoint_mut([laptop, other]).unwrap();
                one.pull(&host, &mut random, 10, |random| two.push(&host, random));
            }
            _ => laptops[laptop].push(&host, &mut random),
        }
        if round == 120 {
            for (laptop, step) in laptops
                .iter_mut()
                .zip([300_000, -300_000, 300_000, -300_000])
            {
                laptop.clock_error_ms += step;
            }
            host = Host::resume(host.kill(), &[]);
        }
    }
    let manifest = host.client().ask("p", "manifest").good();
    let files = manifest["files"].as_array().unwrap().iter();
    let text = |file: &Value, field: &str| file[field].as_str().unwrap().to_owned();
    let expected: BTreeMap<_, _> = files
        .map(|file| (text(file, "path"), text(file, "checksum")))
        .collect();
    for laptop in &mut laptops {
        laptop.pull(&host, &mut random, 0, |_| {});
        assert_eq!(
            laptop.files, expected,
            "a clock off by {} ms",
            laptop.clock_error_ms
        );
    }
}

#[test]
fn marks_survive_a_restart() {
    let host = Host::start();
    let other = device(&host, "append");
    let made = super::keys::make(&host, &json!({ "name": "x", "scope": "read" }));
    other
        .push_files("p", &[("a", "1"), ("b", "1"), ("c", "1")])
        .good();
    assert_eq!(
        pull(&host.with_key(made["key"].as_str()), 0),
        ["a", "b", "c"]
    );
    settle(&host);
    let host = Host::resume(host.kill(), &[]);
    let reader = host.with_key(made["key"].as_str());
    host.client().push_files("p", &[("d", "1")]).good();
    assert_eq!(pull(&reader, 1000), ["d"]);
}

#[test]
fn a_lost_mark_sends_something_again_and_misses_nothing() {
    let host = Host::start();
    let (reader, other) = (device(&host, "read"), device(&host, "append"));
    other
        .push_files("p", &[("a", "1"), ("b", "1"), ("c", "1")])
        .good();
    let first = reader.pull("p", "since=0&limit=2");
    assert_eq!(first["hasMore"], true);
    let database = Connection::open(host.database()).unwrap();
    database
        .execute_batch("DELETE FROM device_project")
        .unwrap();
    let last = &first["files"][1]["synced_at"];
    let second = reader.pull("p", &format!("since={last}&limit=2"));
    assert_eq!(
        (paths(&second["files"]), &second["hasMore"]),
        (vec!["c"], &json!(false))
    );
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert_eq!(pull(&reader, now.as_millis() as u64), ["a", "b", "c"]);
}

#[test]
fn a_key_of_two_devices_is_noticed_when_one_asks_for_less() {
    let host = Host::start();
    let shared = device(&host, "write");
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = now.as_millis() as u64;
    shared.push_files("p", &[("a", "1"), ("b", "1")]).good();
    assert_eq!(pull(&shared, 0), ["a", "b"]);
    settle(&host);
    assert_eq!(pull(&shared, now + 5000), [] as [&str; 0]);
    // Ten minutes after the last `since` that was written, so it is written too.
    assert_eq!(pull(&shared, now + 700_000), [] as [&str; 0]);
    let database = Connection::open(host.database()).unwrap();
    let asked = || -> i64 {
        database
            .query_row("SELECT asked FROM device_project", [], |row| row.get(0))
            .unwrap()
    };
    let began = Instant::now();
    while asked() != (now as i64 + 700_000) * 1000 {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(pull(&shared, now), ["a", "b"]);
}

#[test]
fn what_was_restored_is_sent_to_the_device_that_asked_for_it() {
    let host = Host::start();
    let device = device(&host, "write");
    let rev = first_rev(device.push_files("p", &[("a", "old")]));
    device.push_files("p", &[("a", "new")]).good();
    assert_eq!(pull(&device, 0), ["a"]);
    settle(&host);
    let version = json!({ "path": "a", "rev": rev });
    device.post("/v1/projects/p/restore", &version).good();
    assert_eq!(pull(&device, 1000), ["a"]);
}

#[test]
fn a_project_that_was_made_again_is_sent_from_its_beginning() {
    let host = Host::start();
    let (reader, other) = (device(&host, "read"), device(&host, "append"));
    other.push_files("p", &[("a", "1")]).good();
    assert_eq!(pull(&reader, 0), ["a"]);
    settle(&host);
    host.client().delete("/v1/projects/p").good();
    other.push_files("p", &[("b", "1")]).good();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert_eq!(pull(&reader, now.as_millis() as u64), ["b"]);
}

#[test]
fn with_the_key_of_the_owner_since_is_a_position() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    assert_eq!(pull(&client, 0), ["a"]);
    assert_eq!(pull(&client, 1000), ["a"]);
    assert_eq!(pull(&client, 9_000_000_000_000), [] as [&str; 0]);
    let database = Connection::open(host.database()).unwrap();
    let rows: i64 = database
        .query_row("SELECT count(*) FROM device_project", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn a_head_request_and_a_304_are_no_pull() {
    let host = Host::start();
    let (reader, other) = (device(&host, "read"), device(&host, "append"));
    other.push_files("p", &[("a", "1")]).good();
    let page = reader.ask("p", "files?since=0");
    settle(&host);
    let tag = [("if-none-match", page.header("etag"))];
    other.push_files("p", &[("b", "1")]).good();
    let files = "/v1/projects/p/files?since=1000";
    assert_eq!(reader.send("HEAD", files, &[], b"").status, 200);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(pull(&reader, 1000), ["b"]);
    let again = reader.send("GET", "/v1/projects/p/files?since=0", &tag, b"");
    assert_eq!(again.status, 200);
    let tag = [("if-none-match", again.header("etag"))];
    let known = reader.send("GET", "/v1/projects/p/files?since=0", &tag, b"");
    assert_eq!(known.status, 304);
    assert_eq!(known.json, Value::Null);
}

#[test]
fn the_owner_sees_how_far_behind_a_device_is() {
    let host = Host::start();
    let reader = device(&host, "read");
    host.client().push_files("p", &[("a", "1")]).good();
    let (_, cursor) = reader.changes("p", "0", 10);
    let cursors = || host.client().get("/v1/keys").good()["keys"][0]["cursors"].clone();
    let began = Instant::now();
    while cursors() == json!({}) {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(cursors(), json!({ "p": "0" }));
    let database = Connection::open(host.database()).unwrap();
    let older = "UPDATE device_project SET cursor_at = cursor_at - 600000000";
    database.execute(older, []).unwrap();
    reader.ask("p", &format!("changes?since={cursor}")).good();
    let began = Instant::now();
    while cursors() != json!({ "p": cursor }) {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
}
