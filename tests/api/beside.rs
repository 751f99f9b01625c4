//! How long a good client waits beside clients that make the server work for long.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Client, Host, file, gzip};

/// How long requests took, by kind, in ascending order.
type Times = BTreeMap<&'static str, Vec<Duration>>;

/// Asks and pushes while `load` runs, and prints how long that took. Every answer must be right.
fn beside(host: &Host, what: &str, load: impl FnOnce()) -> Times {
    let is_over = AtomicBool::new(false);
    let repeat = |ask: &dyn Fn(&Client)| {
        let client = host.client();
        let mut times = Vec::new();
        while !is_over.load(Relaxed) || times.is_empty() {
            let began = Instant::now();
            ask(&client);
            times.push(began.elapsed());
            std::thread::sleep(Duration::from_millis(10));
        }
        times.sort();
        times
    };
    let health = |client: &Client| _ = client.get("/health").good();
    let pull = |client: &Client| _ = client.pull("good", "since=0");
    let push = |client: &Client| {
        let text = format!("{:?}", Instant::now());
        client.push_files("good", &[("a", &text)]).good();
    };
    let times: Times = std::thread::scope(|scope| {
        let [health, pull, push]: [_; 3] = [
            scope.spawn(|| repeat(&health)),
            scope.spawn(|| repeat(&pull)),
            scope.spawn(|| repeat(&push)),
        ];
        load();
        is_over.store(true, Relaxed);
        let all = [("health", health), ("pull", pull), ("push", push)];
        let join =
            |(kind, times): (_, std::thread::ScopedJoinHandle<_>)| (kind, times.join().unwrap());
        all.map(join).into()
    });
    for (kind, times) in &times {
        let (p50, p99) = (times[times.len() / 2], p99(times));
        println!(
            "{what}: {kind} {p50:.1?} at the median, {p99:.1?} at p99, of {}",
            times.len()
        );
    }
    times
}

fn p99(times: &[Duration]) -> Duration {
    times[times.len() * 99 / 100]
}

/// Ten times what a build with optimization needs on an idle machine.
fn is_soon(times: &Times) {
    for (kind, most) in [("health", 1), ("pull", 2), ("push", 5)] {
        let p99 = p99(&times[kind]);
        assert!(p99 < Duration::from_secs(most), "{kind}: {p99:?}");
    }
}

/// Gives the only file of a project this many versions more.
fn lengthen_history(host: &Host, project: &str, versions: i64) {
    let database = rusqlite::Connection::open(host.database()).unwrap();
    let newest = "SELECT number, last_rev FROM project WHERE id = ?1";
    let read = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
    let (number, rev): (i64, i64) = database.query_row(newest, [project], read).unwrap();
    let insert = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?3)
        INSERT INTO version (project, rev, path, checksum, size, modified, previous, tag)
        SELECT ?1, ?2 + i, 'a', zeroblob(32), 1, 1, ?2 + i - 1, 0 FROM n";
    database.execute(insert, [number, rev, versions]).unwrap();
    let head = "UPDATE project SET last_rev = ?2, head = ?2 WHERE number = ?1";
    database.execute(head, [number, rev + versions]).unwrap();
}

#[test]
fn diffs_of_a_long_history_delay_nobody() {
    let host = Host::start();
    host.client().push_files("long", &[("a", "x")]).good();
    lengthen_history(&host, "long", 100_000);
    let never = json!({ "files": [{ "path": "a", "checksum": "cd".repeat(32) }] });
    let times = beside(&host, "16 diffs of 100,000 versions", || {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| host.client().post("/v1/projects/long/diff", &never).good());
            }
        });
    });
    is_soon(&times);
}

#[test]
fn a_push_that_deletes_many_unknown_names_delays_nobody() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let names: Vec<String> = (0..500_000).map(|i| format!("\"{i}\"")).collect();
    let body = format!(r#"{{"files":[],"deletions":[{}]}}"#, names.join(","));
    let (body, encoding) = (gzip(body.as_bytes()), [("content-encoding", "gzip")]);
    let times = beside(&host, "500,000 unknown names", || {
        let path = "/v1/projects/p/sync";
        let answer = host.client().send("POST", path, &encoding, &body).good();
        assert_eq!(answer["deleted"], 500_000);
    });
    is_soon(&times);
}

#[test]
fn a_deletion_of_a_large_project_delays_nobody() {
    let host = Host::start();
    for number in 0..10 {
        let text = |i: usize| format!("{number} {i} ").repeat(150_000);
        let files: Vec<Value> = (0..10)
            .map(|i| file(&format!("{number}/{i}"), text(i).as_bytes()))
            .collect();
        host.client()
            .push("large", &json!({ "files": files }))
            .good();
    }
    let times = beside(&host, "a deletion of 70 MB", || {
        host.client().delete("/v1/projects/large").good();
    });
    is_soon(&times);
}

#[ignore = "measures, and needs thousands of open files"]
#[test]
fn clients_that_read_nothing_of_many_answers_delay_nobody() {
    for connections in [64, 1000, 2000] {
        let host = Host::start();
        let requests = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(60);
        let mut unread = Vec::new();
        let times = beside(&host, &format!("{connections} that read nothing"), || {
            for _ in 0..connections {
                let mut socket = host.socket();
                socket.write_all(requests.as_bytes()).unwrap();
                unread.push(socket);
            }
            std::thread::sleep(Duration::from_secs(10));
        });
        is_soon(&times);
    }
}
