//! A cursor belongs to one history, so that no change is ever skipped silently.

use serde_json::json;

use support::{Client, Host};

fn cursor(client: &Client, project: &str) -> String {
    client.status(project)["cursor"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn must_resync(client: &Client, project: &str, cursor: &str) {
    let answer = client.ask(project, &format!("changes?since={cursor}"));
    assert_eq!(
        answer.failed(410, "resync_required")["retryable"],
        false,
        "{cursor}"
    );
}

#[test]
fn a_malformed_cursor_is_refused() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "1")]).good();
    let long = "f".repeat(10_000);
    for garbage in [
        "garbage",
        "-",
        "--",
        "0-0",
        "1-2",
        "-1",
        "1-2-3-4",
        "x-1-2",
        "1-x-2",
        "1-2-x",
        "1--2",
        "%00",
        "0x0",
        "99999999999999999999-99999999999999999999-99999999999999999999",
        "%27%20OR%201=1",
        "null",
        &long,
    ] {
        for project in ["p", "unknown"] {
            let answer = host
                .client()
                .ask(project, &format!("changes?since={garbage}"));
            assert_eq!(answer.status, 400, "{garbage} of {project}");
            assert_eq!(answer.failed(400, "bad_cursor")["retryable"], false);
        }
    }
}

#[test]
fn a_cursor_with_any_digit_changed_is_refused() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    client.push_files("p", &[("b", "1")]).good();
    let sound = cursor(&client, "p");
    for (at, old) in sound.char_indices() {
        let new = if old == '1' { "2" } else { "1" };
        let forged = format!("{}{new}{}", &sound[..at], &sound[at + 1..]);
        let answer = client.ask("p", &format!("changes?since={forged}"));
        assert!(matches!(answer.status, 400 | 410), "{forged}");
    }
    assert_eq!(
        client.changes("p", &sound, 10).0,
        Vec::<serde_json::Value>::new()
    );
}

#[test]
fn a_cursor_is_valid_for_its_own_project_only() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    client.push_files("q", &[("a", "1")]).good();
    must_resync(&client, "q", &cursor(&client, "p"));
    must_resync(&client, "unknown", &cursor(&client, "p"));
    assert_eq!(cursor(&client, "unknown"), "0");
    assert_eq!(client.changes("unknown", "0", 1), (vec![], "0".to_owned()));
}

#[test]
fn a_recreated_project_has_another_history() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1"), ("b", "1")]).good();
    let old = cursor(&client, "p");
    let rev = client.changes("p", "0", 10).0[1]["rev"].clone();
    client.delete("/v1/projects/p").good();
    must_resync(&client, "p", &old);
    client.push_files("p", &[("a", "1"), ("b", "1")]).good();
    must_resync(&client, "p", &old);
    let (changes, new) = client.changes("p", "0", 10);
    assert!(changes[0]["rev"].as_i64() > rev.as_i64());
    client.push_files("p", &[("c", "1")]).good();
    assert_eq!(client.changes("p", &new, 10).0[0]["path"], "c");
}

#[test]
fn an_older_copy_of_the_database_refuses_newer_cursors() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "1")]).good();
    let before = cursor(&host.client(), "p");
    let path = host.database();
    let (_, _, folder) = host.stop();
    // With a clock that is behind, both histories assign the same revs.
    let ahead = "UPDATE project SET last_rev = last_rev + 3600000000";
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch(ahead).unwrap();
    drop(database);
    let copy = std::fs::read(&path).unwrap();

    let host = Host::resume(folder, &[]);
    let lost = host.client().push_files("p", &[("b", "1")]).good();
    let rev = lost["results"][0]["rev"].clone();
    let lost = lost["cursor"].as_str().unwrap().to_owned();
    let (_, _, folder) = host.stop();
    std::fs::write(&path, copy).unwrap();

    let host = Host::resume(folder, &[]);
    let client = host.client();
    must_resync(&client, "p", &lost);
    assert_eq!(client.changes("p", &before, 10), (vec![], before.clone()));
    for i in 0..3 {
        client
            .push(
                "p",
                &json!({ "files": [support::file(&format!("c{i}"), b"1")] }),
            )
            .good();
        must_resync(&client, "p", &lost);
    }
    let changes = client.changes("p", &before, 10).0;
    assert_eq!((changes.len(), &changes[0]["rev"]), (3, &rev));
}
