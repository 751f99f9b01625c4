//! `GET /v1/projects/:id/files`

use serde_json::{Value, json};

use support::{Client, Host, file, paths};

fn push_numbered(client: &Client, project: &str, count: usize) {
    let files: Vec<Value> = (0..count)
        .map(|i| file(&format!("ideas/{i:04}.md"), format!("text {i}").as_bytes()))
        .collect();
    client.push(project, &json!({ "files": files })).good();
}

/// Every file exactly once and in order, and `hasMore` only when files follow.
fn check_pages(count: usize, limit: usize) {
    let host = Host::start();
    let client = host.client();
    push_numbered(&client, "p", count);
    let all = Value::Array(client.pull_all("p", limit));
    let expected: Vec<String> = (0..count).map(|i| format!("ideas/{i:04}.md")).collect();
    assert_eq!(paths(&all), expected);
    let first = client.pull("p", &format!("since=0&limit={limit}"));
    assert_eq!(first["files"].as_array().unwrap().len(), count.min(limit));
    assert_eq!(first["hasMore"], count > limit);
}

#[test]
fn an_empty_project() {
    check_pages(0, 10);
}

#[test]
fn a_single_file() {
    check_pages(1, 10);
}

#[test]
fn a_partial_page() {
    check_pages(9, 10);
}

#[test]
fn an_exact_page() {
    check_pages(10, 10);
}

#[test]
fn a_page_plus_one() {
    check_pages(11, 10);
}

#[test]
fn exact_pages() {
    check_pages(20, 10);
}

#[test]
fn pages_of_one() {
    check_pages(3, 1);
}

#[test]
fn synced_at_increases_strictly_and_reads_back_as_since() {
    let host = Host::start();
    let client = host.client();
    push_numbered(&client, "p", 50);
    push_numbered(&client, "p", 50);
    let files = client.pull_all("p", 7);
    let stamps: Vec<f64> = files
        .iter()
        .map(|file| file["synced_at"].as_f64().unwrap())
        .collect();
    assert!(stamps.is_sorted_by(|left, right| left < right));
    let last = client.pull("p", &format!("since={}", files[48]["synced_at"]));
    assert_eq!(paths(&last["files"]), ["ideas/0049.md"]);
    assert_eq!(
        client.pull("p", &format!("since={}", files[49]["synced_at"]))["files"],
        json!([])
    );
}

#[test]
fn only_what_changed_is_sent_again() {
    let host = Host::start();
    let client = host.client();
    push_numbered(&client, "p", 5);
    let last = client.pull_all("p", 100)[4]["synced_at"].clone();
    client
        .push_files("p", &[("ideas/0001.md", "changed")])
        .good();
    assert_eq!(
        paths(&client.pull("p", &format!("since={last}"))["files"]),
        ["ideas/0001.md"]
    );
    assert_eq!(client.pull_all("p", 100).len(), 5);
}

#[test]
fn a_deleted_file_is_never_among_the_files() {
    let host = Host::start();
    let client = host.client();
    push_numbered(&client, "p", 3);
    client
        .push("p", &json!({ "files": [], "deletions": ["ideas/0001.md"] }))
        .good();
    assert_eq!(
        paths(&Value::Array(client.pull_all("p", 1))),
        ["ideas/0000.md", "ideas/0002.md"]
    );
}

#[test]
fn numbers_are_read_as_the_original_server_reads_them() {
    let host = Host::start();
    let client = host.client();
    push_numbered(&client, "p", 105);
    for (query, count) in [
        ("", 100),
        ("limit=", 100),
        ("limit=0", 100),
        ("limit=abc", 100),
        ("limit=-1", 100),
        ("limit=NaN", 100),
        ("limit=2.5", 2),
        ("limit=7abc", 7),
        ("limit=0x10", 16),
        ("limit=1e9", 1),
        ("limit=1000000000", 105),
        ("limit=3&limit=5", 3),
        ("limit[a]=3", 100),
        ("since=abc", 100),
        ("since=-1", 100),
        ("since=1e9", 100),
        ("since=99999999999999", 0),
        ("since=9223372036854775807000", 0),
    ] {
        assert_eq!(
            client.pull("p", query)["files"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
}

#[test]
fn a_page_ends_at_eight_mebibytes_and_never_before_its_first_file() {
    let host = Host::start();
    let client = host.client();
    let megabytes = |count: usize| "x".repeat(count << 20);
    for (path, size) in [("first", 9), ("second", 5), ("third", 3), ("fourth", 1)] {
        client.push_files("p", &[(path, &megabytes(size))]).good();
    }
    let pages = |since: &Value| {
        let page = client.pull("p", &format!("since={since}"));
        let names: Vec<String> = paths(&page["files"])
            .iter()
            .map(|path| (*path).to_owned())
            .collect();
        let last = page["files"].as_array().unwrap().last().unwrap()["synced_at"].clone();
        (names, page["hasMore"] == true, last)
    };
    let (first, more, last) = pages(&json!(0));
    assert_eq!((first, more), (vec!["first".to_owned()], true));
    let (second, more, last) = pages(&last);
    assert_eq!(
        (second, more),
        (vec!["second".to_owned(), "third".to_owned()], true)
    );
    let (third, more, _) = pages(&last);
    assert_eq!((third, more), (vec!["fourth".to_owned()], false));
}

#[test]
fn answers_are_ascii_with_an_exact_length() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("ghi chú/🔒.md", "ü")]).good();
    let answer = client.get("/v1/projects/p/files");
    assert!(answer.bytes.is_ascii());
    assert_eq!(
        answer.header("content-length"),
        answer.bytes.len().to_string()
    );
    assert_eq!(answer.header("transfer-encoding"), "");
    assert_eq!(answer.json["files"][0]["path"], "ghi chú/🔒.md");
}
