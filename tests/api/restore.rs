//! `POST /v1/projects/:id/restore`

use std::time::Duration;

use serde_json::{Value, json};

use support::{Client, Host, file, first_rev, run};

fn restore(client: &Client, body: Value) -> support::Answer {
    client.post("/v1/projects/p/restore", &body)
}

fn delete(client: &Client, path: &str) -> i64 {
    first_rev(client.push("p", &json!({ "files": [], "deletions": [path] })))
}

/// A millisecond strictly between what was stored before and after.
fn now(client: &Client) -> i64 {
    let pause = || std::thread::sleep(Duration::from_millis(5));
    pause();
    let last = client.status("p")["lastSync"].as_f64().unwrap();
    pause();
    last as i64 + 2
}

fn tree(client: &Client) -> Vec<String> {
    let files = client.pull_all("p", 100);
    let line = |file: &Value| {
        let text = String::from_utf8(support::content(file)).unwrap();
        format!("{}={text}", file["path"].as_str().unwrap())
    };
    let mut tree: Vec<String> = files.iter().map(line).collect();
    tree.sort();
    tree
}

fn statuses(answer: &Value) -> Vec<String> {
    let line = |result: &Value| {
        let (status, path) = (result["status"].as_str(), result["path"].as_str());
        format!("{} {}", status.unwrap(), path.unwrap())
    };
    let mut lines: Vec<String> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect();
    lines.sort();
    lines
}

#[test]
fn an_old_version_becomes_a_new_one_and_syncs_like_an_edit() {
    let host = Host::start();
    let client = host.client();
    let old = first_rev(client.push_files("p", &[("a", "one")]));
    let newest = client.push_files("p", &[("a", "two")]).good();
    let since = client.pull_all("p", 10)[0]["synced_at"].clone();
    let answer = restore(&client, json!({ "path": "a", "rev": old })).good();
    let rev = answer["results"][0]["rev"].as_i64().unwrap();
    assert!(rev > newest["results"][0]["rev"].as_i64().unwrap());
    assert_eq!(
        (
            &answer["results"][0]["from_rev"],
            &answer["results"][0]["status"]
        ),
        (&json!(old), &json!("updated"))
    );
    assert_eq!(tree(&client), ["a=one"]);
    assert_eq!(client.history("p", "a").len(), 3);
    let cursor = newest["cursor"].as_str().unwrap();
    let (changes, end) = client.changes("p", cursor, 10);
    assert_eq!((changes.len(), &changes[0]["rev"]), (1, &json!(rev)));
    assert_eq!(answer["cursor"], *end);
    assert_eq!(client.pull_since("p", &since, 10).len(), 1);
}

#[test]
fn a_deleted_file_comes_back() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "one")]));
    let deletion = delete(&client, "a");
    let answer = restore(&client, json!({ "path": "a", "rev": rev })).good();
    assert_eq!(statuses(&answer), ["created a"]);
    assert_eq!(tree(&client), ["a=one"]);
    let answer = restore(&client, json!({ "path": "a", "rev": deletion })).good();
    assert_eq!(statuses(&answer), ["deleted a"]);
    assert_eq!(tree(&client), [""; 0]);
}

#[test]
fn restoring_the_current_version_takes_no_rev() {
    let host = Host::start();
    let client = host.client();
    let one = first_rev(client.push_files("p", &[("a", "one")]));
    client.push_files("p", &[("a", "two")]).good();
    client.push_files("p", &[("a", "one")]).good();
    let before = client.status("p");
    let answer = restore(&client, json!({ "path": "a", "rev": one })).good();
    assert_eq!(statuses(&answer), ["unchanged a"]);
    assert_eq!(client.status("p"), before);
}

/// After the moment, `changed` is edited, `gone` deleted and `new` created; `kept` stays.
fn eventful(client: &Client) -> i64 {
    client
        .push_files("p", &[("kept", "k"), ("changed", "one"), ("gone", "g")])
        .good();
    let at = now(client);
    client
        .push_files("p", &[("changed", "two"), ("new", "n")])
        .good();
    delete(client, "gone");
    at
}

#[test]
fn a_whole_project_goes_back_to_a_moment() {
    let host = Host::start();
    let client = host.client();
    let at = eventful(&client);
    let before = client.status("p");
    let dry = restore(&client, json!({ "at": at, "dry_run": true })).good();
    assert_eq!(dry["dry_run"], true);
    assert!(
        dry["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|result| result["rev"].is_null() || result["status"] == "unchanged"),
        "{dry}"
    );
    assert_eq!(client.status("p"), before);
    let wet = restore(&client, json!({ "at": at })).good();
    assert_eq!(wet["dry_run"], false);
    assert_eq!(statuses(&dry), statuses(&wet));
    for expected in ["created gone", "deleted new", "updated changed"] {
        assert!(statuses(&wet).contains(&expected.to_owned()), "{wet}");
    }
    assert_eq!(tree(&client), ["changed=one", "gone=g", "kept=k"]);
    assert_eq!(client.history("p", "new").len(), 2);
    assert_eq!(client.history("p", "kept").len(), 1);
    let again = restore(&client, json!({ "at": at })).good();
    assert_eq!(again["cursor"], wet["cursor"]);
}

#[test]
fn a_file_whose_version_at_that_moment_was_purged_stays_and_is_named() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "one"), ("b", "b")]).good();
    let rev = first_rev(client.push_files("p", &[("a", "secret")]));
    let at = now(&client);
    client.push_files("p", &[("a", "three"), ("b", "c")]).good();
    let purge = json!({ "path": "a", "rev": rev });
    client.post("/v1/projects/p/purge", &purge).good();
    let restored = restore(&client, json!({ "at": at })).good();
    assert_eq!(restored["purged"], json!(["a"]));
    assert_eq!(tree(&client), ["a=three", "b=b"]);
    run(&host.database(), &["check"]).good();
}

/// Deleted files with rows as long as a device can make them.
fn bury(host: &Host, many: u32) {
    let database = rusqlite::Connection::open(host.database()).unwrap();
    database
        .execute_batch(&format!(
            "BEGIN;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
             INSERT INTO version (project, rev, path, checksum, size, modified, device, previous, tag, content)
               SELECT project, rev + i, printf('%s/%.240c/%.240c/%.240c/%.240c/%d', 'buried', 'x', 'x', 'x', 'x', i), checksum, size, modified,
               printf('%.800c', 'x'), NULL, 0, content FROM n CROSS JOIN version WHERE path = 'a';
             INSERT INTO version (project, rev, path, checksum, size, modified, device, previous, tag, content)
               SELECT project, rev + 1000000, path, NULL, 0, modified, device, rev, 0, NULL
               FROM version WHERE path LIKE 'buried/%';
             UPDATE project SET last_rev = (SELECT max(rev) FROM version), head = (SELECT max(rev) FROM version);
             COMMIT"
        ))
        .unwrap();
}

#[test]
fn more_paths_than_one_statement_can_bind_are_restored() {
    // With about the longest names that there are, more rows than a host returns at once.
    const MANY: u32 = 50_000;
    let host = Host::with(&[("MAX_FILES_PER_PROJECT", "1000000")]);
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "x")]));
    bury(&host, MANY);
    let answer = restore(&client, json!({ "at": rev / 1000 + 500 })).good();
    assert_eq!(answer["results"].as_array().unwrap().len(), MANY as usize);
    assert_eq!(client.status("p")["fileCount"], MANY + 1);
    let path = answer["results"][0]["path"].as_str().unwrap();
    let address = format!("/v1/projects/p/files/{path}");
    assert_eq!(client.get(&address).bytes, b"x");
}

#[test]
fn a_restore_can_be_undone_by_a_restore() {
    let host = Host::start();
    let client = host.client();
    let at = eventful(&client);
    let (before, digest) = (now(&client), client.status("p")["digest"].clone());
    restore(&client, json!({ "at": at })).good();
    assert_ne!(client.status("p")["digest"], digest);
    restore(&client, json!({ "at": before })).good();
    assert_eq!(client.status("p")["digest"], digest);
}

#[test]
fn a_moment_may_be_a_text_and_paths_may_be_chosen() {
    let host = Host::start();
    let client = host.client();
    let at = eventful(&client);
    let seconds = at / 1000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let text = format!(
        "{}T{:02}:{:02}:{:02}.{:03}Z",
        date(days),
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
        at % 1000
    );
    let body = json!({ "at": text, "paths": ["changed", "new"] });
    let answer = restore(&client, body).good();
    assert_eq!(statuses(&answer), ["deleted new", "updated changed"]);
    assert_eq!(tree(&client), ["changed=one", "kept=k"]);
}

/// The date of a day since 1970.
fn date(mut days: i64) -> String {
    let mut year = 1970;
    let length = |year: i64| 365 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let february = length(year) - 337;
    for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if days < length {
            return format!("{year}-{month:02}-{:02}", days + 1);
        }
        days -= length;
    }
    unreachable!("a year has twelve months")
}

#[test]
fn a_restore_that_is_impossible_changes_nothing() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "one"), ("b", "one")]));
    let before = client.status("p");
    for (path, rev) in [("a", rev + 1), ("a", 1), ("b", rev), ("c", rev)] {
        restore(&client, json!({ "path": path, "rev": rev })).failed(404, "not_found");
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "path": "a" }),
        json!({ "rev": rev }),
        json!({ "path": "../a", "rev": rev }),
        json!({ "path": "a", "rev": "x" }),
        json!({ "at": "yesterday" }),
        json!({ "at": "2026-13-45T00:00:00Z" }),
        json!({ "at": null }),
        json!({ "at": 1, "paths": "a" }),
    ] {
        let answer = restore(&client, body.clone());
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.status
        );
    }
    assert_eq!(client.status("p"), before);
}

#[test]
fn a_restore_that_is_misspelt_changes_nothing() {
    let host = Host::start();
    let client = host.client();
    let at = eventful(&client);
    let (before, digest) = (now(&client), client.status("p")["digest"].clone());
    for body in [
        json!({ "at": at, "dryRun": true }),
        json!({ "at": at, "path": ["changed"] }),
        json!({ "at": at, "files": ["changed"] }),
    ] {
        restore(&client, body).failed(400, "bad_request");
    }
    assert_eq!(
        (now(&client), &client.status("p")["digest"]),
        (before, &digest)
    );
}

#[test]
fn a_file_cannot_be_restored_over_a_folder() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "file")]));
    let at = now(&client);
    let move_on = json!({ "files": [file("a/b", b"below")], "deletions": ["a"] });
    client.push("p", &move_on).good();
    let before = client.status("p");
    restore(&client, json!({ "path": "a", "rev": rev })).failed(422, "bad_path");
    restore(&client, json!({ "at": at, "paths": ["a"] })).failed(422, "bad_path");
    assert_eq!(client.status("p"), before);
    restore(&client, json!({ "at": at })).good();
    assert_eq!(tree(&client), ["a=file"]);
}

#[test]
fn a_restore_respects_the_limit_of_files() {
    let host = Host::with(&[("MAX_FILES_PER_PROJECT", "1")]);
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "one")]));
    let swap = json!({ "files": [file("b", b"two")], "deletions": ["a"] });
    client.push("p", &swap).good();
    restore(&client, json!({ "path": "a", "rev": rev })).failed(507, "project_full");
    assert_eq!(tree(&client), ["b=two"]);
}

#[test]
fn a_moment_before_the_first_version_is_refused() {
    let host = Host::start();
    let client = host.client();
    let at = eventful(&client);
    let before = client.status("p");
    // Seconds instead of milliseconds, and a day too early.
    for moment in [at / 1000, at - 86_400_000] {
        restore(&client, json!({ "at": moment })).failed(404, "not_found");
    }
    assert_eq!(client.status("p"), before);
}
