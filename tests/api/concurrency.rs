//! Many devices at once.

use std::collections::HashSet;
use std::thread;

use serde_json::json;

use support::{Host, file};

/// A lost update would show as a missing version, a shared rev as a smaller set of revs.
#[test]
fn concurrent_writers_lose_nothing_and_share_no_rev() {
    const THREADS: usize = 8;
    const PUSHES: usize = 25;
    let host = Host::start();
    let revs: Vec<i64> = thread::scope(|scope| {
        let writer = |thread: usize| {
            let client = host.client();
            (0..PUSHES).map(move |i| {
                let answer = client.push_files(
                    "p",
                    &[(&format!("t{thread}/f{}", i % 5), &format!("{thread} {i}"))],
                );
                answer.good()["results"][0]["rev"].as_i64().unwrap()
            })
        };
        let handles: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || writer(thread).collect::<Vec<_>>()))
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap())
            .collect()
    });
    assert_eq!(revs.iter().collect::<HashSet<_>>().len(), THREADS * PUSHES);
    let database = rusqlite::Connection::open(host.database()).unwrap();
    let versions: i64 = database
        .query_row("SELECT count(*) FROM version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(versions, (THREADS * PUSHES) as i64);
    assert_eq!(host.client().status("p")["fileCount"], THREADS * 5);
}

#[test]
fn of_two_devices_that_push_from_one_base_exactly_one_wins() {
    let host = Host::start();
    let mut base =
        host.client().push_files("p", &[("a.md", "start")]).good()["results"][0]["rev"].clone();
    for round in 0..20 {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let push = |device: usize| {
                let mut edit = file("a.md", format!("{round} by {device}").as_bytes());
                edit["base"] = base.clone();
                host.client().push("p", &json!({ "files": [edit] })).status
            };
            let handles = [0, 1].map(|device| scope.spawn(move || push(device)));
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap())
                .collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert!(statuses.contains(&409), "{statuses:?}");
        let status = host.client().push_files("p", &[("a.md", "next")]).good();
        base = status["results"][0]["rev"].clone();
    }
}

#[test]
fn paging_while_others_push_misses_nothing() {
    let host = Host::start();
    let push = |from: usize| {
        for i in from..from + 60 {
            host.client()
                .push_files("p", &[(&format!("f{i}"), "x")])
                .good();
        }
    };
    let (seen, since) = thread::scope(|scope| {
        let writers = [0, 60].map(|from| scope.spawn(move || push(from)));
        let client = host.client();
        let (mut seen, mut since) = (Vec::new(), json!(0));
        while !writers.iter().all(|writer| writer.is_finished()) {
            let page = client.pull("p", &format!("since={since}&limit=3"));
            let files = page["files"].as_array().unwrap().clone();
            since = files.last().map_or(since, |last| last["synced_at"].clone());
            seen.extend(files);
        }
        (seen, since)
    });
    let rest = host
        .client()
        .pull("p", &format!("since={since}&limit=1000"));
    let all: Vec<_> = seen
        .iter()
        .chain(rest["files"].as_array().unwrap())
        .map(|file| file["path"].to_string())
        .collect();
    assert_eq!(all.len(), 120);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 120);
}
