//! `GET /v1/projects/:id/status`

use serde_json::{Value, json};

use support::{Host, file};

#[test]
fn an_unknown_project_is_an_empty_one() {
    let host = Host::start();
    let status = host.client().status("nobody");
    assert_eq!(
        (
            &status["lastSync"],
            &status["fileCount"],
            &status["totalSize"]
        ),
        (&Value::Null, &json!(0), &json!(0))
    );
}

#[test]
fn counts_follow_pushes_and_deletions() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a.md", "12345"), ("b.md", "123")])
        .good();
    client.push_files("p", &[("a.md", "1")]).good();
    client
        .push("p", &json!({ "files": [], "deletions": ["b.md"] }))
        .good();
    let status = client.status("p");
    assert_eq!(
        (&status["fileCount"], &status["totalSize"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn last_sync_is_the_newest_change_and_never_goes_back() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a.md", "1"), ("b.md", "2")])
        .good();
    let before = client.status("p")["lastSync"].as_f64().unwrap();
    assert_eq!(
        client.pull("p", "")["files"][1]["synced_at"].as_f64(),
        Some(before)
    );
    client
        .push("p", &json!({ "files": [], "deletions": ["b.md"] }))
        .good();
    assert!(client.status("p")["lastSync"].as_f64().unwrap() > before);
}

#[test]
fn equal_trees_have_equal_digests_whatever_their_history() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("left", &[("a.md", "1"), ("b.md", "2")])
        .good();
    client.push_files("right", &[("b.md", "old")]).good();
    client
        .push(
            "right",
            &json!({ "files": [file("a.md", b"1"), file("b.md", b"2"), file("c", b"")] }),
        )
        .good();
    assert_ne!(
        client.status("left")["digest"],
        client.status("right")["digest"]
    );
    client
        .push("right", &json!({ "files": [], "deletions": ["c"] }))
        .good();
    assert_eq!(
        client.status("left")["digest"],
        client.status("right")["digest"]
    );
}

#[test]
fn it_is_told_that_a_project_was_deleted_until_it_is_begun_again() {
    let host = Host::start();
    let client = host.client();
    assert_eq!(client.status("p").get("deletedAt"), None);
    client.push_files("p", &[("a.md", "1")]).good();
    let last = client.status("p")["lastSync"].as_f64().unwrap();
    client.delete("/v1/projects/p").good();
    let status = client.status("p");
    assert!(status["deletedAt"].as_f64().unwrap() > last, "{status}");
    assert_eq!(status["fileCount"], 0);
    client.push_files("p", &[("a.md", "1")]).good();
    assert_eq!(client.status("p").get("deletedAt"), None);
}
