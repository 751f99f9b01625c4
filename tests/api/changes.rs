//! `GET /v1/projects/:id/changes`: what is in the feed and how it is cut into pages.

use serde_json::{Value, json};

use support::{Client, Host, content, file, first_rev, sha256};

fn delete(client: &Client, path: &str) -> i64 {
    first_rev(client.push("p", &json!({ "files": [], "deletions": [path] })))
}

fn push_numbered(client: &Client, count: usize) {
    let files: Vec<Value> = (0..count)
        .map(|i| file(&format!("f{i:03}"), format!("text {i}").as_bytes()))
        .collect();
    client.push("p", &json!({ "files": files })).good();
}

fn lines(changes: &[Value]) -> Vec<String> {
    let line = |change: &Value| {
        let (op, path) = (change["op"].as_str(), change["path"].as_str());
        format!("{} {}", op.unwrap(), path.unwrap())
    };
    changes.iter().map(line).collect()
}

#[test]
fn every_path_is_there_once_with_its_latest_change_and_oldest_first() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a", "1"), ("b", "1"), ("c", "1")])
        .good();
    client.push_files("p", &[("a", "2")]).good();
    delete(&client, "b");
    let (changes, cursor) = client.changes("p", "0", 100);
    assert_eq!(lines(&changes), ["put c", "put a", "delete b"]);
    assert!(changes.is_sorted_by(|left, right| left["rev"].as_i64() < right["rev"].as_i64()));
    assert_eq!(client.status("p")["cursor"], *cursor);
    assert_eq!(client.changes("p", &cursor, 100), (vec![], cursor));
}

#[test]
fn a_put_and_a_delete_have_all_their_fields() {
    let host = Host::start();
    let client = host.client();
    let mut edit = file("ghi chú/🔒.md", "ü".as_bytes());
    edit["modified"] = json!(1_700_000_000_123_i64);
    let push = json!({ "files": [edit] }).to_string();
    let named = [("x-device", "laptop")];
    let push = client.send("POST", "/v1/projects/p/sync", &named, push.as_bytes());
    let put = first_rev(push);
    client.push_files("p", &[("b", "text")]).good();
    let deleted = delete(&client, "b");
    let (changes, _) = client.changes("p", "0", 100);
    assert_eq!(
        changes[0],
        json!({
            "rev": put,
            "path": "ghi chú/🔒.md",
            "op": "put",
            "checksum": sha256("ü".as_bytes()),
            "size": 2,
            "modified": 1_700_000_000_123_i64,
            "device": "laptop",
        })
    );
    let gone = &changes[1];
    assert_eq!(
        (&gone["rev"], &gone["op"], &gone["checksum"]),
        (&json!(deleted), &json!("delete"), &Value::Null)
    );
}

#[test]
fn content_comes_only_when_asked_for() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a", "text"), ("empty", ""), ("b", "x")])
        .good();
    delete(&client, "b");
    for query in ["", "?content=0"] {
        let page = client.ask("p", &format!("changes{query}")).good();
        assert!(page["changes"][0].get("content").is_none(), "{page}");
    }
    let page = client.ask("p", "changes?content=1").good();
    assert_eq!(content(&page["changes"][0]), b"text");
    assert_eq!(content(&page["changes"][1]), b"");
    assert!(page["changes"][2].get("content").is_none(), "{page}");
}

#[test]
fn a_feed_can_be_resumed_at_any_page() {
    let host = Host::start();
    let client = host.client();
    push_numbered(&client, 12);
    delete(&client, "f003");
    delete(&client, "f007");
    let (whole, end) = client.changes("p", "0", 1000);
    assert_eq!(whole.len(), 12);
    for limit in 1..=13 {
        let (pages, last) = client.changes("p", "0", limit);
        assert_eq!((pages, &last), (whole.clone(), &end), "limit {limit}");
        let start = client.ask("p", &format!("changes?limit={limit}")).good();
        let (rest, last) = client.changes("p", start["cursor"].as_str().unwrap(), 5);
        assert_eq!((&rest[..], &last), (&whole[limit.min(12)..], &end));
    }
}

#[test]
fn has_more_is_true_only_when_changes_follow() {
    let host = Host::start();
    let client = host.client();
    for count in [0, 1, 4, 5, 6, 10] {
        client.delete("/v1/projects/p").good();
        push_numbered(&client, count);
        let page = client.ask("p", "changes?limit=5").good();
        assert_eq!(page["changes"].as_array().unwrap().len(), count.min(5));
        assert_eq!(page["hasMore"], count > 5, "{count} changes");
        assert_eq!(client.changes("p", "0", 5).0.len(), count);
    }
}

#[test]
fn the_feed_starts_at_the_beginning_by_default() {
    let host = Host::start();
    let client = host.client();
    push_numbered(&client, 103);
    for (query, count) in [
        ("", 100),
        ("?since=", 100),
        ("?since=0", 100),
        ("?limit=0", 100),
        ("?limit=abc", 100),
        ("?limit=-1", 100),
        ("?limit=", 100),
        ("?limit=102", 102),
        ("?limit=1000000", 103),
    ] {
        let page = client.ask("p", &format!("changes{query}")).good();
        assert_eq!(page["changes"].as_array().unwrap().len(), count, "{query}");
    }
}

#[test]
fn the_cursor_of_a_push_resumes_the_feed_after_it() {
    let host = Host::start();
    let client = host.client();
    let first = client.push_files("p", &[("a", "1")]).good();
    client.push_files("p", &[("b", "1")]).good();
    let (changes, _) = client.changes("p", first["cursor"].as_str().unwrap(), 100);
    assert_eq!(lines(&changes), ["put b"]);
}

#[test]
fn a_cursor_stays_valid_when_its_change_is_superseded() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1"), ("b", "1")]).good();
    let page = client.ask("p", "changes?limit=1").good();
    client.push_files("p", &[("a", "2")]).good();
    let (changes, _) = client.changes("p", page["cursor"].as_str().unwrap(), 100);
    assert_eq!(lines(&changes), ["put b", "put a"]);
}

#[test]
fn a_page_with_content_ends_at_eight_mebibytes_and_never_before_its_first_change() {
    let host = Host::start();
    let client = host.client();
    for (path, size) in [("first", 9), ("second", 5), ("third", 3), ("fourth", 1)] {
        client
            .push_files("p", &[(path, &"x".repeat(size << 20))])
            .good();
    }
    let mut since = "0".to_owned();
    for expected in [
        &["put first"][..],
        &["put second", "put third"],
        &["put fourth"],
    ] {
        let page = client
            .ask("p", &format!("changes?content=1&since={since}"))
            .good();
        assert_eq!(lines(page["changes"].as_array().unwrap()), expected);
        assert_eq!(page["hasMore"], expected != ["put fourth"]);
        since = page["cursor"].as_str().unwrap().to_owned();
    }
    assert_eq!(client.ask("p", "changes").good()["hasMore"], false);
}

#[test]
fn a_deletion_comes_before_the_file_that_takes_its_path() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "file")]).good();
    let folder = json!({ "files": [file("a/b", b"x")], "deletions": ["a"] });
    let answer = client.push("p", &folder).good();
    assert_eq!(answer["results"][0]["path"], "a/b");
    assert_eq!(answer["results"][1]["path"], "a");
    let (changes, _) = client.changes("p", "0", 100);
    assert_eq!(lines(&changes), ["delete a", "put a/b"]);
}
