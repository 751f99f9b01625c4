//! `GET /v1/projects/:id/manifest`, and the digest that sums it up

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use support::{Client, Host, encode, file, paths, sha256};

/// XOR of SHA-256(path, a zero byte, checksum in hex) over all files: what a client computes.
fn digest(files: &[Value]) -> String {
    let mut sum = [0; 32];
    for file in files {
        let (path, checksum) = (file["path"].as_str(), file["checksum"].as_str());
        let entry = format!("{}\0{}", path.unwrap(), checksum.unwrap());
        let entry = Sha256::digest(entry);
        sum.iter_mut()
            .zip(entry)
            .for_each(|(byte, other)| *byte ^= other);
    }
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn all(client: &Client, limit: usize) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let query = format!("manifest?limit={limit}&after={}", encode(&after));
        let page = client.ask("p", &query).good();
        let files = page["files"].as_array().unwrap().clone();
        assert!(files.len() <= limit);
        assert!(!files.is_empty() || page["hasMore"] == false);
        all.extend(files);
        if page["hasMore"] == false {
            return all;
        }
        after = all.last().unwrap()["path"].as_str().unwrap().to_owned();
    }
}

const PATHS: [&str; 9] = ["B", "a", "a b", "a-b", "a.b/c", "ab", "z/é", "ä", "ﬀ"];

fn push_all(client: &Client) {
    let mut files: Vec<Value> = PATHS
        .iter()
        .map(|path| file(path, path.as_bytes()))
        .collect();
    files.reverse();
    files.push(file("gone", b"x"));
    files.push(file("🔒", b"x"));
    client.push("p", &json!({ "files": files })).good();
    let gone = json!({ "files": [], "deletions": ["gone"] });
    client.push("p", &gone).good();
}

#[test]
fn every_live_file_is_listed_in_byte_order_of_path() {
    let host = Host::start();
    push_all(&host.client());
    let page = host.client().ask("p", "manifest").good();
    assert_eq!(paths(&page["files"]), [&PATHS[..], &["🔒"]].concat());
    assert_eq!(page["hasMore"], false);
}

#[test]
fn an_entry_describes_the_newest_version() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "old")]).good();
    let mut edit = file("a", b"newest");
    edit["modified"] = json!(123);
    let pushed = client.push("p", &json!({ "files": [edit] })).good();
    let page = client.ask("p", "manifest").good();
    assert_eq!(
        page["files"],
        json!([{
            "path": "a",
            "rev": pushed["results"][0]["rev"],
            "checksum": sha256(b"newest"),
            "size": 6,
            "modified": 123,
        }])
    );
    assert_eq!(page["cursor"], pushed["cursor"]);
}

#[test]
fn pages_of_any_size_make_the_same_list() {
    let host = Host::start();
    let client = host.client();
    push_all(&client);
    let whole = all(&client, 10_000);
    assert_eq!(whole.len(), 10);
    for limit in 1..=11 {
        assert_eq!(all(&client, limit), whole, "limit {limit}");
    }
}

#[test]
fn after_need_not_be_an_existing_path() {
    let host = Host::start();
    push_all(&host.client());
    for (after, first) in [
        ("", "B"),
        ("A", "B"),
        ("a ", "a b"),
        ("gone", "z/é"),
        ("b", "z/é"),
    ] {
        let query = format!("manifest?after={}", encode(after));
        let page = host.client().ask("p", &query).good();
        assert_eq!(page["files"][0]["path"], first, "after {after}");
    }
    let page = host.client().ask("p", "manifest?after=%F0%9F%94%92").good();
    assert_eq!(
        (&page["files"], &page["hasMore"]),
        (&json!([]), &json!(false))
    );
}

#[test]
fn a_page_has_a_thousand_files_by_default() {
    let host = Host::start();
    let files: Vec<Value> = (0..1003).map(|i| file(&format!("f{i:04}"), b"x")).collect();
    host.client().push("p", &json!({ "files": files })).good();
    for (limit, count) in [
        ("", 1000),
        ("0", 1000),
        ("-1", 1000),
        ("abc", 1000),
        ("1002", 1002),
        ("99999", 1003),
        ("99999999999999999999", 1003),
    ] {
        let page = host
            .client()
            .ask("p", &format!("manifest?limit={limit}"))
            .good();
        assert_eq!(page["files"].as_array().unwrap().len(), count, "{limit}");
        assert_eq!(page["hasMore"], count < 1003);
    }
}

#[test]
fn the_digest_is_what_a_client_computes_from_its_files() {
    let host = Host::start();
    let client = host.client();
    let empty = "0".repeat(64);
    let unknown = client.ask("p", "manifest").good();
    assert_eq!(
        (&unknown["files"], &unknown["digest"]),
        (&json!([]), &json!(empty))
    );
    push_all(&client);
    let expected = digest(&all(&client, 100));
    assert_ne!(expected, empty);
    for page in ["manifest", "manifest?limit=1", "manifest?after=zzz"] {
        assert_eq!(client.ask("p", page).good()["digest"], *expected);
    }
    assert_eq!(client.status("p")["digest"], *expected);
}
