//! Good clients get their answers beside clients that make the server work for long, and not after them.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Client, Host, file, gzip};

/// Answers of each kind that come before the load is over. Where requests wait for all that came before
/// them, there are one or two.
const MANY: usize = 8;

/// Asks and pushes while `load` runs. Every answer must be right.
fn beside(host: &Host, load: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    let answers = |ask: &dyn Fn(&Client)| {
        let client = host.client();
        let mut answers = 0;
        loop {
            ask(&client);
            if is_over.load(Relaxed) {
                return answers;
            }
            answers += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let health = |client: &Client| _ = client.get("/health").good();
    let pull = |client: &Client| _ = client.pull("good", "since=0");
    let push = |client: &Client| {
        let text = format!("{:?}", Instant::now());
        client.push_files("good", &[("a", &text)]).good();
    };
    let answers: [usize; 3] = std::thread::scope(|scope| {
        let asking = [
            scope.spawn(|| answers(&health)),
            scope.spawn(|| answers(&pull)),
            scope.spawn(|| answers(&push)),
        ];
        load();
        is_over.store(true, Relaxed);
        asking.map(|asking| asking.join().unwrap())
    });
    assert!(
        answers.iter().all(|answers| *answers >= MANY),
        "health, pull and push: {answers:?}"
    );
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
    beside(&host, || {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| host.client().post("/v1/projects/long/diff", &never).good());
            }
        });
    });
}

#[test]
fn a_push_that_deletes_many_unknown_names_delays_nobody() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let names: Vec<String> = (0..500_000).map(|i| format!("\"{i}\"")).collect();
    let body = format!(r#"{{"files":[],"deletions":[{}]}}"#, names.join(","));
    let (body, encoding) = (gzip(body.as_bytes()), [("content-encoding", "gzip")]);
    beside(&host, || {
        let path = "/v1/projects/p/sync";
        let answer = host.client().send("POST", path, &encoding, &body).good();
        assert_eq!(answer["deleted"], 500_000);
    });
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
    beside(&host, || {
        host.client().delete("/v1/projects/large").good();
    });
}

/// Gives a project so many contents of 10 MB, which no file has any more.
fn fill(host: &Host, project: &str, contents: i64) {
    let database = rusqlite::Connection::open(host.database()).unwrap();
    let insert = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?2)
        INSERT INTO content (project, checksum, bytes)
        SELECT (SELECT number FROM project WHERE id = ?1), randomblob(32), randomblob(10000000) FROM n";
    database
        .execute(insert, rusqlite::params![project, contents])
        .unwrap();
}

#[ignore = "needs 3 GB of disk"]
#[test]
fn a_deletion_of_a_gigabyte_delays_nobody() {
    let host = Host::start();
    host.client().push_files("large", &[("a", "x")]).good();
    fill(&host, "large", 97);
    beside(&host, || {
        host.client().delete("/v1/projects/large").good();
    });
}

#[ignore = "takes half a minute"]
#[test]
fn large_pages_that_nobody_reads_delay_nobody_for_long() {
    let host = Host::start();
    for i in 0..8 {
        let content = format!("{i}").repeat(1 << 20);
        let path = i.to_string();
        host.client().push_files("p", &[(&path, &content)]).good();
    }
    let mut unread = Vec::new();
    beside(&host, || {
        for _ in 0..300 {
            let mut socket = host.socket();
            let request = "GET /v1/projects/p/files?limit=1000 HTTP/1.1\r\nhost: x";
            let head = format!(
                "{request}\r\nauthorization: Bearer {}\r\n\r\n",
                support::KEY
            );
            socket.write_all(head.as_bytes()).unwrap();
            unread.push(socket);
        }
        std::thread::sleep(Duration::from_secs(20));
    });
}

#[ignore = "needs thousands of open files"]
#[test]
fn clients_that_read_nothing_of_many_answers_delay_nobody() {
    for connections in [64, 1000, 2000] {
        let host = Host::start();
        let requests = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(60);
        let mut unread = Vec::new();
        beside(&host, || {
            for _ in 0..connections {
                let mut socket = host.socket();
                socket.write_all(requests.as_bytes()).unwrap();
                unread.push(socket);
            }
            std::thread::sleep(Duration::from_secs(10));
        });
    }
}
