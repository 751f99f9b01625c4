//! Every answer in the `OpenAPI` document is provoked.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use rusqlite::Connection;
use serde_json::{Value, json};

use support::openapi::{self, DOCUMENT};
use support::{Client, Host, KEY, file, first_rev};

/// Path, method and status of an answer, as the document names them.
type Seen = BTreeSet<(String, String, u16)>;

/// A request to every operation that succeeds.
const SOUND: [(&str, &str, &str); 24] = [
    ("GET", "/", ""),
    ("GET", "/health", ""),
    ("GET", "/openapi.json", ""),
    ("GET", "/v1/info", ""),
    ("GET", "/v1/projects", ""),
    // GET would not end.
    ("HEAD", "/v1/events", ""),
    ("HEAD", "/v1/projects/p/events", ""),
    ("POST", "/v1/projects/p/sync", r#"{"files":[]}"#),
    ("GET", "/v1/projects/p/files", ""),
    ("GET", "/v1/projects/p/files/a", ""),
    ("GET", "/v1/projects/p/changes?content=1", ""),
    ("GET", "/v1/projects/p/status", ""),
    ("GET", "/v1/projects/p/manifest", ""),
    ("GET", "/v1/projects/p/portability", ""),
    ("POST", "/v1/projects/p/diff", r#"{"files":[]}"#),
    ("GET", "/v1/projects/p/history?path=a", ""),
    (
        "POST",
        "/v1/projects/p/restore",
        r#"{"at":"2100-01-01T00:00:00Z"}"#,
    ),
    ("POST", "/v1/projects/p/purge", r#"{"path":"a"}"#),
    ("DELETE", "/v1/projects/q", ""),
    ("GET", "/v1/keys", ""),
    ("POST", "/v1/keys", r#"{"name":"x","scope":"read"}"#),
    ("GET", "/v1/keys/self", ""),
    ("POST", "/v1/keys/0000000000/rotate", ""),
    ("DELETE", "/v1/keys/0000000000", ""),
];

/// Makes keys with the ids 0000000000, 0000000001 and so on.
fn make_keys(database: &Connection, count: u32) {
    let insert = "WITH RECURSIVE number (value) AS (
          SELECT 0 UNION ALL SELECT value + 1 FROM number WHERE value + 1 < ?1)
        INSERT INTO device_key (id, name, scope, hash, secret_at, created_at)
        SELECT format('%010d', value), 'x', 'read', zeroblob(32), 1, 1 FROM number";
    database.execute(insert, [count]).unwrap();
}

fn ask(
    seen: &mut Seen,
    client: &Client,
    (method, target, body): (&str, &str, &str),
    headers: &[(&str, &str)],
) {
    let answer = client.send(method, target, headers, body.as_bytes());
    let path = openapi::find(target).expect("an address").to_owned();
    seen.insert((path, documented(method), answer.status));
}

/// The document has HEAD as GET.
fn documented(method: &str) -> String {
    method.replace("HEAD", "GET").to_lowercase()
}

/// Answers that any address may give.
fn ask_everything(seen: &mut Seen) {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let database = Connection::open(host.database()).unwrap();
    make_keys(&database, 1);
    let outdated = r#"{"secret_at":0}"#;
    let rotate = ("POST", "/v1/keys/0000000000/rotate", outdated);
    ask(seen, &host.client(), rotate, &[]);
    let narrow = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "1")]);
    narrow.client().get("/v1/info").good();
    for request in SOUND {
        ask(seen, &host.client(), request, &[]);
        ask(seen, &host.client(), request, &[("if-none-match", "*")]);
        ask(seen, &host.client(), request, &[("host", "a b")]);
        ask(seen, &host.anonymous(), request, &[]);
        ask(seen, &host.with_key(Some("guess")), request, &[]);
        ask(seen, &narrow.client(), request, &[]);
        ask(seen, &narrow.anonymous(), request, &[]);
    }
    let browser = [("accept", "text/html")];
    ask(seen, &host.client(), ("GET", "/", ""), &browser);
    let drop = "DROP TABLE project; DROP TABLE device_key";
    database.execute_batch(drop).unwrap();
    for request in SOUND {
        ask(seen, &host.client(), request, &[]);
    }
}

/// Answers that only some addresses give.
fn ask_for_trouble(seen: &mut Seen) {
    let limits = [("MAX_BODY_SIZE", "2000"), ("MAX_FILES_PER_PROJECT", "1")];
    let host = Host::with(&limits);
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "x")]));
    let replace = json!({ "files": [file("b", b"x")], "deletions": ["a"] });
    client.push("p", &replace).good();
    let purge = "/v1/projects/p/purge";
    let (restore, of_rev) = (
        "/v1/projects/p/restore",
        format!("/v1/projects/p/files/a?rev={rev}"),
    );
    let version = json!({ "path": "a", "rev": rev }).to_string();
    let mut based = file("b", b"y");
    based["base"] = json!(1);
    let push = |file: Value| json!({ "files": [file] }).to_string();
    for (method, target, body) in [
        ("GET", "/v1/projects/p/files/none", String::new()),
        ("GET", "/v1/projects/p/files/.hidden", String::new()),
        ("GET", "/v1/projects/p/changes?since=1-1-1", String::new()),
        ("HEAD", "/v1/projects/p/events?since=1-1-1", String::new()),
        ("GET", "/v1/projects/p/history?path=.hidden", String::new()),
        ("POST", "/v1/projects/p/sync", push(based)),
        ("POST", "/v1/projects/p/sync", push(file("c", b"y"))),
        ("POST", "/v1/projects/p/sync", push(file(".hidden", b"y"))),
        ("POST", "/v1/projects/p/diff", push(file(".hidden", b"y"))),
        ("POST", purge, r#"{"path":"none"}"#.to_owned()),
        ("POST", purge, r#"{"path":".hidden"}"#.to_owned()),
        ("POST", restore, version.clone()),
        ("POST", restore, r#"{"path":"a","rev":1}"#.to_owned()),
        ("POST", restore, r#"{"at":1,"cursor":"0"}"#.to_owned()),
        ("POST", restore, r#"{"path":".hidden","rev":1}"#.to_owned()),
        ("POST", "/v1/keys/none/rotate", String::new()),
        ("DELETE", "/v1/keys/none", String::new()),
    ] {
        ask(seen, &client, (method, target, &body), &[]);
    }
    for target in [
        "projects/p/sync",
        "projects/p/diff",
        "projects/p/restore",
        "projects/p/purge",
        "keys",
        "keys/x/rotate",
    ] {
        let target = format!("/v1/{target}");
        ask(seen, &client, ("POST", &target, &" ".repeat(2001)), &[]);
        ask(
            seen,
            &client,
            ("POST", &target, ""),
            &[("content-encoding", "br")],
        );
    }
    let database = Connection::open(host.database()).unwrap();
    make_keys(&database, 1000);
    let key = r#"{"name":"x","scope":"read"}"#;
    ask(seen, &client, ("POST", "/v1/keys", key), &[]);
    database
        .execute_batch("UPDATE version SET content = NULL")
        .unwrap();
    ask(seen, &client, ("GET", &of_rev, ""), &[]);
    ask(seen, &client, ("POST", restore, &version), &[]);
    database
        .execute_batch("UPDATE version SET content = 1, size = 104857601 WHERE path = 'b'")
        .unwrap();
    // The feed has the deletion of the other file first.
    let feed = client.ask("p", "changes?content=1").good();
    let since = feed["cursor"].as_str().unwrap();
    let changes = format!("changes?content=1&since={since}");
    for target in ["files", "files/b", &changes] {
        let target = format!("/v1/projects/p/{target}");
        ask(seen, &client, ("GET", &target, ""), &[]);
    }
}

/// Whether this test can provoke it.
fn can_happen(path: &str, status: u16) -> bool {
    match status {
        // `a_head_too_large_is_documented`.
        431 => false,
        // A held write lock, a failing deep health check, or the deadline.
        503 => false,
        // Without the database only a missing setting or a trap causes it.
        500 => {
            path.starts_with("/v1/projects")
                || path.starts_with("/v1/keys") && path != "/v1/keys/self"
        }
        // A full disk.
        507 => {
            !["/v1/projects/{id}", "/v1/projects/{id}/purge"].contains(&path)
                && !path.starts_with("/v1/keys")
        }
        _ => true,
    }
}

#[test]
fn every_documented_answer_occurs() {
    let mut documented = Seen::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for status in operation["responses"].as_object().into_iter().flatten() {
                let status = status.0.parse().unwrap();
                if can_happen(path, status) {
                    documented.insert((path.clone(), method.clone(), status));
                }
            }
        }
    }
    let mut seen = Seen::new();
    ask_everything(&mut seen);
    ask_for_trouble(&mut seen);
    seen.retain(|(path, _, status)| can_happen(path, *status));
    let missing: Vec<_> = documented.difference(&seen).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_head_too_large_is_documented() {
    let host = Host::start();
    for (method, target, _) in SOUND {
        let mut socket = host.socket();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nx: {}",
            "y".repeat(80_000)
        );
        // The server may close before it has read everything.
        _ = socket.write_all(head.as_bytes());
        let mut start = [0; 12];
        socket.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 431");
        let path = openapi::find(target).unwrap();
        let operation = &DOCUMENT["paths"][path][documented(method)];
        assert!(operation["responses"]["431"].is_object(), "{method} {path}");
    }
}
