//! The program calls the component in its own way, other hosts by `wasi:http`: clients see no difference.

use std::collections::BTreeMap;

use serde_json::json;

use support::{Answer, Host, KEY};

use crate::events::as_on_spin;

/// Sends the same request to both servers, which must answer the same.
fn ask_both(hosts: &[Host; 2], method: &str, path: &str, key: &str, body: &[u8]) -> Answer {
    let ask = |host: &Host| {
        let headers = [("x-request-id", "same"), ("accept-encoding", "identity")];
        let client = host.with_key(Some(key));
        client.send(method, path, &headers, body)
    };
    let [ours, other] = [ask(&hosts[0]), ask(&hosts[1])];
    assert_eq!(ours.status, other.status, "{method} {path}");
    assert_eq!(described(&ours), described(&other), "{method} {path}");
    ours
}

/// All headers, but for what tells the time.
fn described(answer: &Answer) -> BTreeMap<String, Vec<String>> {
    let headers = answer.headers.iter();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers.filter(|(name, _)| !is_of_time(name.as_str())) {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        all.entry(name.to_string()).or_default().push(value);
    }
    // A cursor has a number that each server draws, with more or fewer digits.
    if answer.json.get("cursor").is_some() {
        all.remove("content-length");
    }
    all
}

fn is_of_time(name: &str) -> bool {
    ["date", "etag", "x-rev"].contains(&name) || name.ends_with("ratelimit-reset")
}

#[test]
fn clients_see_no_difference_between_the_two_ways() {
    let hosts = [Host::start(), as_on_spin()];
    let text = "a line of a long note\n".repeat(10_000);
    for host in &hosts {
        host.client()
            .push_files("p", &[("long.md", &text), ("short.md", "x"), ("ü?.md", "")])
            .good();
    }
    let long = "/v1/projects/p/files/long.md";
    for (method, path) in [
        ("GET", long),
        ("HEAD", long),
        ("GET", "/v1/projects/p/files/short.md"),
        ("GET", "/v1/projects/p/files/%C3%BC%3F.md"),
        ("HEAD", "/v1/keys/self"),
        ("OPTIONS", "/v1/projects/p/status"),
        ("GET", "/nowhere?a=b%20c"),
        ("GET", "/openapi.json"),
        ("DELETE", "/v1/projects/other"),
    ] {
        let answer = ask_both(&hosts, method, path, KEY, b"");
        if (method, path) == ("GET", long) {
            assert_eq!(answer.bytes, text.as_bytes());
        }
    }
    let body = json!({ "files": [], "deletions": ["short.md"] }).to_string();
    let push = |key: &str, body: &[u8]| {
        let path = "/v1/projects/p/sync";
        ask_both(&hosts, "POST", path, key, body)
    };
    push("a wrong key", body.as_bytes()).failed(403, "forbidden");
    push(KEY, b"{").failed(400, "bad_json");
    let large = [body.as_bytes(), &vec![b' '; 3 << 20]].concat();
    assert_eq!(push(KEY, &large).good()["deleted"], 1);
}
