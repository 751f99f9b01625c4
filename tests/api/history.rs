//! `GET /v1/projects/:id/history`

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use support::{Client, Host, encode, file, first_rev, sha256};

fn push_as(client: &Client, headers: &[(&str, &str)], text: &str) -> i64 {
    let body = json!({ "files": [file("a", text.as_bytes())] }).to_string();
    first_rev(client.send("POST", "/v1/projects/p/sync", headers, body.as_bytes()))
}

#[test]
fn versions_come_newest_first_with_operation_device_and_time() {
    let host = Host::start();
    let client = host.client();
    let began = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as f64;
    let one = push_as(
        &client,
        &[("x-device", "Bob’s iPhone"), ("user-agent", "x")],
        "one",
    );
    let two = push_as(&client, &[("user-agent", "KamiFlow-Sync/1.0")], "two!");
    let delete = json!({ "files": [], "deletions": ["a"] });
    let deletion = first_rev(client.push("p", &delete));
    client.push_files("p", &[("other", "x")]).good();
    let versions = client.history("p", "a");
    let column = |name: &str| -> Vec<&Value> { versions.iter().map(|row| &row[name]).collect() };
    assert_eq!(column("rev"), [&json!(deletion), &json!(two), &json!(one)]);
    assert_eq!(column("op"), ["delete", "put", "put"]);
    let checksums = [Value::Null, json!(sha256(b"two!")), json!(sha256(b"one"))];
    assert_eq!(column("checksum"), checksums.iter().collect::<Vec<_>>());
    assert_eq!(column("size")[1..], [4, 3]);
    assert_eq!(column("device")[1..], ["KamiFlow-Sync/1.0", "Bob’s iPhone"]);
    assert_eq!(column("available")[1..], [true, true]);
    assert_eq!(column("modified")[1], 1_760_000_000_000_i64);
    for stored_at in column("stored_at") {
        let after = stored_at.as_f64().unwrap() - began;
        assert!((-1.0..60_000.0).contains(&after), "{stored_at}");
    }
}

#[test]
fn every_version_can_be_read() {
    let host = Host::start();
    let client = host.client();
    let texts: Vec<String> = (0..30).map(|i| format!("text {}", i % 7)).collect();
    for text in &texts {
        client.push_files("p", &[("ghi chú", text)]).good();
    }
    let versions = client.history("p", "ghi chú");
    assert_eq!(versions.len(), texts.len());
    for (version, text) in versions.iter().rev().zip(&texts) {
        let address = format!("files/{}?rev={}", encode("ghi chú"), version["rev"]);
        assert_eq!(client.ask("p", &address).bytes, text.as_bytes());
    }
    let never = client.ask("p", &format!("files/{}?rev=5", encode("ghi chú")));
    let error = never.failed(404, "not_found")["error"].clone();
    assert!(error.as_str().unwrap().contains("has no version 5"));
}

#[test]
fn a_push_that_changes_nothing_is_no_version() {
    let host = Host::start();
    let client = host.client();
    for _ in 0..3 {
        client.push_files("p", &[("a", "same")]).good();
        let delete = json!({ "files": [], "deletions": ["never"] });
        client.push("p", &delete).good();
    }
    assert_eq!(client.history("p", "a").len(), 1);
    assert_eq!(client.history("p", "never").len(), 0);
}

#[test]
fn pages_go_back_in_time() {
    let host = Host::start();
    let client = host.client();
    let revs: Vec<i64> = (0..7)
        .map(|i| first_rev(client.push_files("p", &[("a", &i.to_string())])))
        .collect();
    for limit in 1..=8 {
        let (mut seen, mut before) = (Vec::new(), String::new());
        loop {
            let query = format!("history?path=a&limit={limit}{before}");
            let page = client.ask("p", &query).good();
            let versions = page["versions"].as_array().unwrap();
            assert!(versions.len() <= limit);
            seen.extend(
                versions
                    .iter()
                    .map(|version| version["rev"].as_i64().unwrap()),
            );
            before = format!("&before={}", seen.last().unwrap());
            if page["hasMore"] == false {
                break;
            }
        }
        assert!(seen.iter().eq(revs.iter().rev()), "limit {limit}");
    }
}

#[test]
fn an_unknown_path_has_no_history() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "x")]).good();
    for (project, path) in [("p", "b"), ("p", "A"), ("unknown", "a")] {
        let answer = client.ask(project, &format!("history?path={path}")).good();
        assert_eq!(
            answer,
            json!({ "path": path, "versions": [], "hasMore": false })
        );
    }
    for query in ["history", "history?path=", "history?path=..%2Fa"] {
        let answer = client.ask("p", query);
        assert!(matches!(answer.status, 400 | 422), "{query}");
    }
}

#[test]
fn a_deleted_project_has_no_history_left() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "a secret text")]));
    client.delete("/v1/projects/p").good();
    assert_eq!(client.history("p", "a"), Vec::<Value>::new());
    let again = first_rev(client.push_files("p", &[("a", "another")]));
    assert_eq!(client.history("p", "a").len(), 1);
    assert!(again > rev);
    client
        .ask("p", &format!("files/a?rev={rev}"))
        .failed(404, "not_found");
    let bytes = std::fs::read(host.database()).unwrap();
    let is_secret = |window: &[u8]| window == b"a secret text";
    assert!(!bytes.windows(13).any(is_secret));
}
