//! Keys of devices: `/v1/keys`, and what each key opens.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use support::{Client, Host, KEY, file};

/// Makes a key with the owner's.
pub fn make(host: &Host, key: &Value) -> Value {
    let answer = host.client().post("/v1/keys", key);
    assert_eq!(answer.status, 201, "{}", answer.json);
    answer.json
}

/// A client with a new key of this scope.
pub fn device(host: &Host, scope: &str) -> Client {
    let made = make(host, &json!({ "name": "laptop", "scope": scope }));
    host.with_key(made["key"].as_str())
}

fn address(key: &Value) -> String {
    format!("/v1/keys/{}", key["id"].as_str().unwrap())
}

#[test]
fn a_key_is_shown_once_and_stored_as_a_hash() {
    let host = Host::start();
    let answer = host.client().post(
        "/v1/keys",
        &json!({ "name": " máy tính ", "scope": "append", "projects": ["p"], "expires_at": "2100-01-01T00:00:00Z" }),
    );
    assert!(
        answer
            .headers
            .get_all("cache-control")
            .iter()
            .any(|value| value == "no-store")
    );
    let made = answer.json;
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with(&format!("kfs_{}_", made["id"].as_str().unwrap())));
    let device = host.with_key(Some(key));
    assert_eq!(
        device.get("/v1/keys/self").good(),
        json!({
            "id": made["id"], "name": "máy tính", "scope": "append", "projects": ["p"],
            "expires_at": 4_102_444_800_000_i64
        })
    );
    let listed = host.client().get("/v1/keys").good();
    assert_eq!(listed["keys"][0]["id"], made["id"]);
    assert!(!listed.to_string().contains(&key[15..]));
    device.push_files("p", &[("a", "x")]).good();
    let x_api_key = [("x-api-key", key)];
    let answer = host.anonymous().send("GET", "/v1/info", &x_api_key, b"");
    assert_eq!(answer.status, 200);
    let database = host.database();
    let (_, log, _folder) = host.stop();
    assert!(!log.contains(&key[15..]), "{log}");
    let stored = std::fs::read(database).unwrap();
    let secret = &key.as_bytes()[15..];
    assert!(!stored.windows(secret.len()).any(|part| part == secret));
}

#[test]
fn the_owner_has_a_key_of_its_own() {
    let host = Host::start();
    assert_eq!(
        host.client().get("/v1/keys/self").good(),
        json!({ "id": null, "name": "owner", "scope": "manage", "projects": null, "expires_at": null })
    );
    assert_eq!(host.client().get("/v1/keys").good(), json!({ "keys": [] }));
}

#[test]
fn a_typing_error_is_told_and_a_key_that_never_was_is_forbidden() {
    let host = Host::start();
    let made = make(&host, &json!({ "name": "x", "scope": "read" }));
    let other = make(&host, &json!({ "name": "y", "scope": "read" }));
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    for wrong in [
        &key[..62],
        &key.replace(id, other["id"].as_str().unwrap()),
        "kfs_",
    ] {
        let answer = host.with_key(Some(wrong)).get("/v1/info");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        answer.failed(401, "malformed_key");
    }
    // Another secret of the same id.
    let rotated = host
        .client()
        .post(&format!("/v1/keys/{id}/rotate"), &json!({ "grace_s": 0 }));
    assert_eq!(rotated.status, 200);
    host.with_key(Some(key))
        .get("/v1/info")
        .failed(403, "forbidden");
}

#[test]
fn a_revoked_key_opens_nothing_on_any_server_of_the_database() {
    let host = Host::start();
    let made = make(&host, &json!({ "name": "x", "scope": "read" }));
    let database = host.database();
    let other = Host::with(&[("DB_PATH", database.to_str().unwrap())]);
    let devices = [&host, &other].map(|host| host.with_key(made["key"].as_str()));
    for device in &devices {
        device.get("/v1/projects").good();
    }
    let revoked = host.client().delete(&address(&made)).good();
    assert!(revoked["revoked_at"].is_number());
    for device in &devices {
        device.get("/v1/projects").failed(403, "key_revoked");
        device.get("/v1/keys/self").failed(403, "key_revoked");
    }
    let mut again = other.client().delete(&address(&made)).good();
    // Written after the answers to what used the key, which may be now.
    again["last_used_at"] = revoked["last_used_at"].clone();
    assert_eq!(again, revoked);
    other
        .client()
        .delete("/v1/keys/0000000000")
        .failed(404, "not_found");
    let rotate = format!("{}/rotate", address(&made));
    other
        .client()
        .post(&rotate, &json!({}))
        .failed(404, "not_found");
    assert_eq!(host.client().get("/v1/keys").good()["keys"], json!([]));
}

#[test]
fn a_device_changes_to_its_next_secret_without_a_gap() {
    let host = Host::start();
    let made = make(&host, &json!({ "name": "x", "scope": "read" }));
    let rotate = |grace: Value| {
        let answer = host
            .client()
            .post(&format!("{}/rotate", address(&made)), &grace)
            .good();
        assert_eq!(answer["id"], made["id"]);
        answer
    };
    let works = |key: &Value| host.with_key(key["key"].as_str()).get("/v1/info").status == 200;
    let second = rotate(json!({}));
    assert!(works(&made) && works(&second));
    let day_ms =
        second["previous_until"].as_f64().unwrap() - second["created_at"].as_f64().unwrap();
    assert!((86_400_000.0..86_460_000.0).contains(&day_ms), "{day_ms}");
    let third = rotate(json!({ "grace_s": 1 }));
    assert!(!works(&made) && works(&third));
    let began = Instant::now();
    while works(&second) {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(works(&third));
}

#[test]
fn a_key_expires() {
    let host = Host::start();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let soon = now.as_millis() as u64 + 1500;
    let made = make(
        &host,
        &json!({ "name": "x", "scope": "read", "expires_at": soon }),
    );
    let device = host.with_key(made["key"].as_str());
    device.get("/v1/info").good();
    std::thread::sleep(Duration::from_millis(1600));
    device.get("/v1/info").failed(403, "key_expired");
    let past = json!({ "name": "x", "scope": "read", "expires_at": 1000 });
    host.client()
        .post("/v1/keys", &past)
        .failed(400, "bad_request");
}

#[test]
fn a_key_that_may_append_makes_nothing_unreadable() {
    let host = Host::start();
    host.client()
        .push_files("p", &[("a", "old"), ("b", "kept")])
        .good();
    let before = host.client().status("p");
    let device = device(&host, "append");
    for deletions in [
        json!(["b"]),
        json!([{ "path": "b", "base": 0 }]),
        json!(["never"]),
    ] {
        let push = json!({ "files": [file("c", b"new")], "deletions": deletions });
        let refused = device.push("p", &push).failed(403, "scope");
        assert_eq!(
            (&refused["needs"], &refused["has"]),
            (&json!("write"), &json!("append"))
        );
    }
    let everything = json!({ "at": "2100-01-01T00:00:00Z" });
    device
        .post("/v1/projects/p/restore", &everything)
        .failed(403, "scope");
    device.delete("/v1/projects/p").failed(403, "scope");
    assert_eq!(host.client().status("p"), before);
    let push = json!({ "files": [file("a", b"new")], "deletions": [] });
    device.push("p", &push).good();
    let versions = host.client().history("p", "a");
    assert!(versions.iter().all(|version| version["available"] == true));
    assert_eq!(versions.len(), 2);
}

#[test]
fn a_key_of_some_projects_sees_no_others() {
    let host = Host::start();
    for project in ["p", "q"] {
        host.client().push_files(project, &[("a", "x")]).good();
    }
    let key = json!({ "name": "x", "scope": "write", "projects": ["p", "new"] });
    let device = host.with_key(make(&host, &key)["key"].as_str());
    let listed = device.get("/v1/projects").good();
    assert_eq!(listed["projects"].as_array().unwrap().len(), 1);
    assert_eq!(listed["projects"][0]["id"], "p");
    let refused = device.ask("q", "status").failed(403, "project");
    assert_eq!(device.ask("none", "status").failed(403, "project"), refused);
    device.push_files("new", &[("a", "x")]).good();
    device.push_files("q", &[("a", "y")]).failed(403, "project");
}

#[test]
fn no_key_makes_or_takes_over_one_that_may_do_more() {
    let host = Host::start();
    let all = make(&host, &json!({ "name": "all", "scope": "read" }));
    let narrow = json!({ "name": "narrow", "scope": "manage", "projects": ["p"], "expires_at": "2100-01-01T00:00:00Z" });
    let manager = host.with_key(make(&host, &narrow)["key"].as_str());
    for wider in [
        json!({ "name": "x", "scope": "read", "expires_at": "2099-01-01T00:00:00Z" }),
        json!({ "name": "x", "scope": "read", "projects": ["q"], "expires_at": "2099-01-01T00:00:00Z" }),
        json!({ "name": "x", "scope": "read", "projects": ["p"] }),
        json!({ "name": "x", "scope": "read", "projects": ["p"], "expires_at": "2101-01-01T00:00:00Z" }),
    ] {
        manager.post("/v1/keys", &wider).failed(403, "scope");
    }
    let same = json!({ "name": "same", "scope": "manage", "projects": ["p"], "expires_at": "2099-01-01T00:00:00Z" });
    assert_eq!(manager.post("/v1/keys", &same).status, 201);
    manager.delete(&address(&all)).failed(404, "not_found");
    let rotate = format!("{}/rotate", address(&all));
    manager.post(&rotate, &json!({})).failed(404, "not_found");
    let names = |client: &Client| {
        let listed = client.get("/v1/keys").good();
        let keys = listed["keys"].as_array().unwrap().iter();
        keys.map(|key| key["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&manager), ["same", "narrow"]);
    assert_eq!(names(&host.client()), ["same", "narrow", "all"]);
}

#[test]
fn a_key_that_is_misspelt_is_not_made() {
    let host = Host::start();
    let client = host.client();
    for (field, value) in [
        ("project", json!(["p"])),
        ("expires", json!("2099-01-01T00:00:00Z")),
    ] {
        let mut key = json!({ "name": "laptop", "scope": "read" });
        key[field] = value;
        let error = client.post("/v1/keys", &key).failed(400, "bad_request");
        assert!(error["error"].as_str().unwrap().contains(field), "{error}");
    }
    let made = make(&host, &json!({ "name": "laptop", "scope": "read" }));
    let rotate = format!("{}/rotate", address(&made));
    let answer = client.post(&rotate, &json!({ "grace": 0 }));
    answer.failed(400, "bad_request");
    host.with_key(made["key"].as_str())
        .get("/v1/keys/self")
        .good();
    let keys = client.get("/v1/keys").good();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn each_key_has_a_window_of_its_own() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "3")]);
    let (first, second) = (device(&host, "read"), device(&host, "read"));
    for _ in 0..3 {
        first.get("/v1/info").good();
    }
    first.get("/v1/info").failed(429, "rate_limited");
    second.get("/v1/info").good();
    host.client().get("/v1/info").good();
    host.client().get("/v1/info").failed(429, "rate_limited");
    first.get("/v1/keys/self").good();
}

#[test]
fn what_is_asked_often_and_costs_nothing_is_not_counted() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "6")]);
    let device = device(&host, "append");
    device.push_files("p", &[("a", "x")]).good();
    let (_, cursor) = device.changes("p", "0", 10);
    let status = device.ask("p", "status");
    let tag = [("if-none-match", status.header("etag"))];
    for _ in 0..10 {
        let empty = device.ask("p", &format!("changes?since={cursor}"));
        assert_eq!(
            (&empty.json["changes"], empty.header("ratelimit-limit")),
            (&json!([]), "")
        );
        let idle = device.send("GET", "/v1/projects/p/status", &tag, b"");
        assert_eq!((idle.status, idle.header("ratelimit-limit")), (304, ""));
        device.get("/v1/keys/self").good();
    }
    assert_eq!(device.ask("p", "status").header("ratelimit-remaining"), "2");
}

#[test]
fn the_pages_of_a_feed_are_not_counted_and_a_wrong_cursor_is() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "3")]);
    let device = device(&host, "append");
    let files = ["a", "b", "c", "d", "e", "f"].map(|path| (path, "x"));
    device.push_files("p", &files).good();
    let (changes, cursor) = device.changes("p", "0", 1);
    assert_eq!(changes.len(), 6);
    device
        .ask("p", "changes?since=1-1-1")
        .failed(410, "resync_required");
    device
        .ask("p", "changes?since=1-1-1")
        .failed(429, "rate_limited");
    device
        .ask("p", "changes?since=0")
        .failed(429, "rate_limited");
    device.ask("p", &format!("changes?since={cursor}")).good();
}

#[test]
fn the_history_names_the_key() {
    let host = Host::start();
    let device = device(&host, "write");
    device.push_files("p", &[("a", "1")]).good();
    let push = json!({ "files": [file("a", b"2")] }).to_string();
    let named = [("x-device", "notes")];
    device
        .send("POST", "/v1/projects/p/sync", &named, push.as_bytes())
        .good();
    let push = json!({ "files": [file("a", b"3")] }).to_string();
    host.client()
        .send("POST", "/v1/projects/p/sync", &named, push.as_bytes())
        .good();
    let devices = host.client().history("p", "a");
    let devices: Vec<_> = devices.iter().map(|version| &version["device"]).collect();
    assert_eq!(devices, ["notes", "laptop (notes)", "laptop"]);
}

#[test]
fn the_last_use_is_written_after_an_answer_and_then_not_for_a_while() {
    let host = Host::start();
    let device = device(&host, "read");
    let last_use = || host.client().get("/v1/keys").good()["keys"][0]["last_used_at"].clone();
    assert_eq!(last_use(), Value::Null);
    device.get("/v1/info").good();
    let began = Instant::now();
    while last_use() == Value::Null {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    let database = Connection::open(host.database()).unwrap();
    // Another number as soon as another connection has written.
    let changes = || -> i64 {
        let version = database.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.unwrap()
    };
    let before = changes();
    for _ in 0..20 {
        device.get("/v1/info").good();
    }
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(changes(), before);
}

/// The lines of the log for an address.
fn lines(log: &str, route: &str) -> Vec<Value> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["route"] == route).collect()
}

#[test]
fn the_log_says_where_a_request_came_from_and_which_device_sent_it() {
    let host = Host::with(&[("TRUSTED_PROXIES", "127.0.0.1")]);
    let made = make(
        &host,
        &json!({ "name": "máy tính", "scope": "read", "projects": ["ghi chú"] }),
    );
    let device = host.with_key(made["key"].as_str());
    let behind = [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-kamiflow-device", "forged"),
    ];
    let status = |client: &Client, project: &str| {
        let target = format!("/v1/projects/{project}/status");
        let answer = client.send("GET", &target, &behind, b"");
        assert!(!answer.headers.contains_key("x-kamiflow-device"));
        answer.status
    };
    assert_eq!(status(&device, "ghi%20ch%C3%BA"), 200);
    assert_eq!(status(&device, "other"), 403);
    assert_eq!(status(&host.client(), "owned"), 200);
    assert_eq!(status(&host.anonymous(), "guessed"), 401);
    assert_eq!(status(&host.with_key(Some("wrong")), "guessed"), 403);
    // A key that somebody takes for the id of a project.
    assert_eq!(status(&host.client(), KEY), 200);
    let nobody = |method: &str, target: &str| {
        let target = target.replace("ID", &format!("guessed-{KEY}"));
        let preflight = [
            ("origin", "http://a"),
            ("access-control-request-method", "GET"),
        ];
        host.anonymous()
            .send(method, &target, &preflight, b"")
            .status
    };
    for (method, target, status) in [
        ("PUT", "/v1/projects/ID/status", 405),
        ("GET", "/v1/projects/ID/sync", 405),
        ("GET", "/v1/projects/ID/files/..%2Fx", 422),
        ("GET", "/v1/projects/ID/status?x=%ff", 400),
        ("OPTIONS", "/v1/projects/ID/status", 204),
    ] {
        assert_eq!(nobody(method, target), status, "{method} {target}");
    }
    let (_, log, _folder) = host.stop();
    let lines = lines(&log, "/v1/projects/:id/status");
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["project"].as_str(), line["device"].as_str()))
        .collect();
    let computer = Some("máy tính");
    assert_eq!(
        seen,
        [
            (Some("ghi chú"), computer),
            (Some("other"), computer),
            (Some("owned"), None),
            (None, None),
            (None, None),
            (None, None),
            (None, None),
            (None, None),
            (None, None),
        ]
    );
    assert!(
        lines[..6]
            .iter()
            .all(|line| line["client"] == "198.51.100.7"),
        "{log}"
    );
    assert!(!log.contains(KEY) && !log.contains("guessed") && !log.contains("forged"));
}
