//! What the retention prunes, and what it never touches.

use rusqlite::Connection;
use serde_json::json;

use support::{Client, Host};

const DAY_US: i64 = 86_400_000_000;

/// Makes everything stored so far older by this many days, and the retention due.
fn age(host: &Host, days: i64) {
    let database = Connection::open(host.database()).unwrap();
    let us = days * DAY_US;
    database
        .execute_batch(&format!(
            "UPDATE version SET rev = rev - {us}, previous = previous - {us};
             UPDATE file SET rev = rev - {us};
             UPDATE project SET swept_at = 0"
        ))
        .unwrap();
}

fn kept(client: &Client, path: &str) -> Vec<bool> {
    let history = client
        .get(&format!("/v1/projects/p/history?path={path}"))
        .good();
    let versions = history["versions"].as_array().unwrap().clone();
    versions
        .iter()
        .map(|version| version["available"] == true)
        .collect()
}

fn push_versions(client: &Client, path: &str, count: usize) {
    for i in 0..count {
        client
            .push_files("p", &[(path, &format!("{path} {i}"))])
            .good();
    }
}

#[test]
fn beyond_the_days_only_the_newest_versions_keep_their_content() {
    let host = Host::with(&[("HISTORY_VERSIONS", "2"), ("HISTORY_DAYS", "30")]);
    let client = host.client();
    push_versions(&client, "a", 5);
    age(&host, 29);
    client.push_files("p", &[("trigger", "1")]).good();
    assert_eq!(kept(&client, "a"), [true; 5]);
    age(&host, 2);
    client.push_files("p", &[("trigger", "2")]).good();
    assert_eq!(kept(&client, "a"), [true, true, false, false, false]);
    let old = client.get("/v1/projects/p/history?path=a").good()["versions"][4]["rev"].clone();
    client
        .get(&format!("/v1/projects/p/files/a?rev={old}"))
        .failed(410, "content_gone");
    let restore = json!({ "path": "a", "rev": old });
    client
        .post("/v1/projects/p/restore", &restore)
        .failed(410, "content_gone");
}

#[test]
fn live_content_stays_whatever_its_age() {
    let host = Host::with(&[
        ("HISTORY_VERSIONS", "1"),
        ("HISTORY_DAYS", "1"),
        ("HISTORY_DELETED_DAYS", "1"),
    ]);
    let client = host.client();
    push_versions(&client, "a", 1);
    age(&host, 5000);
    client.push_files("p", &[("trigger", "1")]).good();
    assert_eq!(client.get("/v1/projects/p/files/a").bytes, b"a 0");
}

#[test]
fn content_that_another_version_shares_stays() {
    let host = Host::with(&[("HISTORY_VERSIONS", "1"), ("HISTORY_DAYS", "1")]);
    let client = host.client();
    client
        .push_files("p", &[("a", "shared"), ("b", "shared")])
        .good();
    client.push_files("p", &[("a", "changed")]).good();
    age(&host, 100);
    client.push_files("p", &[("trigger", "1")]).good();
    assert_eq!(kept(&client, "a"), [true, false]);
    assert_eq!(client.get("/v1/projects/p/files/b").bytes, b"shared");
}

#[test]
fn a_deleted_file_can_be_brought_back_until_its_days_are_over() {
    let host = Host::with(&[("HISTORY_DAYS", "30"), ("HISTORY_DELETED_DAYS", "180")]);
    let client = host.client();
    push_versions(&client, "a", 2);
    client
        .push("p", &json!({ "files": [], "deletions": ["a"] }))
        .good();
    age(&host, 179);
    client.push_files("p", &[("trigger", "1")]).good();
    assert_eq!(kept(&client, "a"), [false, true, true]);
    age(&host, 2);
    client.push_files("p", &[("trigger", "2")]).good();
    assert_eq!(kept(&client, "a"), [false, false, false]);
    let database = Connection::open(host.database()).unwrap();
    let rows: i64 = database
        .query_row("SELECT count(*) FROM version WHERE path = 'a'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(rows, 3, "rows and deletions stay for ever");
    let unused = "SELECT count(*) FROM content WHERE id NOT IN (SELECT content FROM version WHERE content IS NOT NULL)";
    assert_eq!(
        database
            .query_row(unused, [], |row| row.get::<_, i64>(0))
            .unwrap(),
        0
    );
}

#[test]
fn a_large_project_is_pruned_in_steps() {
    let host = Host::with(&[("HISTORY_VERSIONS", "1"), ("HISTORY_DAYS", "1")]);
    let client = host.client();
    for round in 0..2 {
        let files: Vec<_> = (0..450)
            .map(|i| (format!("f{i:03}"), format!("{round} {i}")))
            .collect();
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        client.push_files("p", &files).good();
    }
    let mut left = Vec::new();
    for step in 0..3 {
        age(&host, 100);
        client
            .push_files("p", &[("trigger", &format!("{step}"))])
            .good();
        let database = Connection::open(host.database()).unwrap();
        let count = "SELECT count(*) FROM version WHERE content IS NOT NULL AND path LIKE 'f%'";
        left.push(
            database
                .query_row(count, [], |row| row.get::<_, i64>(0))
                .unwrap(),
        );
    }
    assert_eq!(left, [700, 500, 450]);
}

#[test]
fn any_number_of_outdated_versions_is_pruned_in_the_end() {
    let host = Host::with(&[("HISTORY_VERSIONS", "1"), ("HISTORY_DAYS", "30")]);
    let client = host.client();
    for round in 0..120 {
        let text = |i: usize| format!("{i} {round}");
        let files: Vec<serde_json::Value> = (0..100)
            .map(|i| support::file(&format!("f{i}"), text(i).as_bytes()))
            .collect();
        client.push("p", &json!({ "files": files })).good();
    }
    age(&host, 31);
    for i in 0..5 {
        age(&host, 0);
        client
            .push_files("p", &[(&format!("trigger{i}"), "x")])
            .good();
    }
    let database = Connection::open(host.database()).unwrap();
    let count = database.query_row("SELECT count(*) FROM content", [], |row| {
        row.get::<_, i64>(0)
    });
    assert_eq!(count.unwrap(), 101);
}

#[test]
fn a_deleted_file_keeps_as_many_versions_as_a_live_one() {
    let host = Host::with(&[("HISTORY_VERSIONS", "1"), ("HISTORY_DAYS", "30")]);
    let client = host.client();
    push_versions(&client, "a", 2);
    client
        .push("p", &json!({ "files": [], "deletions": ["a"] }))
        .good();
    age(&host, 31);
    client.push_files("p", &[("trigger", "1")]).good();
    assert_eq!(kept(&client, "a"), [false, true, false]);
}
