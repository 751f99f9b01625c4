//! `move-out` and `move-in`: devices continue at another server as if nothing had happened.

use std::path::{Path, PathBuf};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use support::{Answer, Client, EventStream, Host, argument, file, first_rev, paths, run};

use crate::keys::add;

fn move_out(host: &Host) -> PathBuf {
    let moved = host.database().with_file_name("p-moved.db");
    let out = run(&host.database(), &["move-out", "p", argument(&moved)]).good();
    assert!(out.starts_with("Moved 1 project, "), "{out}");
    moved
}

fn move_in(host: &Host, moved: &Path) -> String {
    run(&host.database(), &["move-in", argument(moved)]).good()
}

/// All that a device can ask of the project.
fn everything(client: &Client, cursor: &str) -> Value {
    let paths = ["ideas/a", "ideas/gone", "ideas/purged", "ideas/Ô"];
    let history: Vec<_> = paths.map(|path| client.history("p", path)).into();
    let feed = client.changes("p", cursor, 2);
    let then = history[0][1]["rev"].as_f64().unwrap() / 1000.0;
    let back = json!({ "at": then, "dry_run": true });
    json!({
        "status": client.status("p"),
        "manifest": client.ask("p", "manifest").good(),
        "since": feed,
        "feed": client.ask("p", "changes?since=0&limit=1000&content=1").good(),
        "history": history,
        "old": client.ask("p", &format!("files/ideas/a?rev={}", history[0][2]["rev"])).bytes,
        "pull": client.pull_all("p", 100),
        "past": client.post("/v1/projects/p/restore", &back).good(),
    })
}

/// A history with everything in it. Returns a cursor from its middle, and the rev of the newest version of
/// `ideas/a`.
fn lived(host: &Host, device: &Client) -> (String, i64) {
    device
        .push_files(
            "p",
            &[
                ("ideas/a", "one"),
                ("ideas/gone", "x"),
                ("ideas/purged", "secret"),
            ],
        )
        .good();
    device
        .push_files("p", &[("ideas/a", "two"), ("ideas/Ô", "ô")])
        .good();
    let (_, cursor) = device.changes("p", "0", 1000);
    let gone = json!({ "files": [], "deletions": ["ideas/gone"], "metadata": { "name": "Notes" } });
    device.push("p", &gone).good();
    run(&host.database(), &["purge", "p", "ideas/purged"]).good();
    let pushed = device.push_files("p", &[("ideas/a", "three")]);
    (cursor, first_rev(pushed))
}

#[test]
fn a_device_goes_on_at_another_server_as_if_nothing_had_happened() {
    let (one, two) = (Host::start(), Host::start());
    // So that its number there is another one.
    two.client().push_files("other", &[("ideas/a", "x")]).good();
    let (secret, _) = add(&one, &["laptop", "--scope", "write"]);
    let [before, after] = [&one, &two].map(|host| host.with_key(Some(&secret)));
    let (cursor, rev) = lived(&one, &before);
    let expected = everything(&before, &cursor);
    // One that the owner's key has not asked for is no different.
    before.ask("p", "files?since=0").good();

    let moved = move_out(&one);
    run(&moved, &["check"]).good();
    let said = move_in(&two, &moved);
    assert!(said.ends_with(" as p\n"), "{said}");
    assert_eq!(everything(&after, &cursor), expected);
    for host in [&one, &two] {
        run(&host.database(), &["check"]).good();
    }

    // What it has edited from the newest version is stored, and from an older one is a conflict.
    let edit = |base: i64, text: &str| {
        let mut entry = file("ideas/a", text.as_bytes());
        entry["base"] = base.into();
        after.push("p", &json!({ "files": [entry] }))
    };
    let next = first_rev(edit(rev, "four"));
    assert!(next > rev);
    edit(rev, "five").failed(409, "conflict");
    let (changes, _) = after.changes("p", expected["status"]["cursor"].as_str().unwrap(), 100);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["rev"], next);
    let restored = json!({ "path": "ideas/gone", "rev": expected["history"][1][1]["rev"] });
    after.post("/v1/projects/p/restore", &restored).good();
    assert_eq!(after.ask("p", "files/ideas/gone").bytes, b"x");
    run(&two.database(), &["check"]).good();
}

#[test]
fn a_key_opens_the_project_at_the_other_server_and_nothing_else() {
    let (one, two) = (Host::start(), Host::start());
    two.client().push_files("other", &[("ideas/a", "x")]).good();
    let (all, _) = add(&one, &["laptop", "--scope", "write"]);
    let (elsewhere, _) = add(&one, &["tablet", "--scope", "read", "--project", "q"]);
    one.with_key(Some(&all))
        .push_files("p", &[("ideas/a", "x")])
        .good();
    move_in(&two, &move_out(&one));
    let device = two.with_key(Some(&all));
    device.push_files("p", &[("ideas/a", "y")]).good();
    device.ask("other", "status").failed(403, "project");
    assert_eq!(device.get("/v1/keys/self").good()["projects"], json!(["p"]));
    assert_eq!(
        one.with_key(Some(&all)).get("/v1/keys/self").good()["projects"],
        Value::Null
    );
    two.with_key(Some(&elsewhere))
        .get("/v1/keys/self")
        .failed(403, "forbidden");
}

#[test]
fn the_server_before_refuses_the_project_and_lists_it_no_more() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("ideas/a", "x")]).good();
    let cursor = client.status("p")["cursor"].as_str().unwrap().to_owned();
    client.push_files("q", &[("ideas/a", "x")]).good();
    move_out(&host);
    let refused = |answer: Answer| {
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.failed(503, "moved")["retryable"], true);
    };
    for what in [
        "status",
        "files",
        "files/ideas/a",
        "manifest",
        "portability",
        "history?path=ideas/a",
        "changes",
        &format!("changes?since={cursor}&wait=30"),
        "events",
    ] {
        refused(client.ask("p", what));
    }
    refused(client.push_files("p", &[("ideas/b", "x")]));
    refused(client.push("p", &json!({ "files": [] })));
    refused(client.push("p", &json!({ "files": [], "deletions": ["ideas/a"] })));
    for (what, body) in [
        ("diff", json!({ "files": [] })),
        ("restore", json!({ "at": "2100-01-01T00:00:00Z" })),
        ("purge", json!({ "path": "ideas/a" })),
    ] {
        refused(client.post(&format!("/v1/projects/p/{what}"), &body));
    }
    refused(client.delete("/v1/projects/p"));
    let listed = client.get("/v1/projects").good();
    assert_eq!(listed["projects"].as_array().unwrap().len(), 1);
    client.push_files("q", &[("ideas/a", "y")]).good();
}

#[test]
fn a_device_that_waits_during_a_move_hears_of_it_and_asks_again() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("ideas/a", "x")]).good();
    let cursor = client.status("p")["cursor"].as_str().unwrap().to_owned();
    scope(|scope| {
        let client = host.client();
        let wait = move || client.ask("p", &format!("changes?since={cursor}&wait=60"));
        let waiting = scope.spawn(wait);
        let mut stream = EventStream::open(host.address(), "/v1/projects/p/events", &[]);
        let began = Instant::now();
        move_out(&host);
        waiting.join().unwrap().failed(503, "moved");
        assert_eq!(stream.event(), None);
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            began.elapsed()
        );
    });
}

#[test]
fn a_project_can_be_moved_back_to_where_it_came_from() {
    let (one, two) = (Host::start(), Host::start());
    let client = one.client();
    let (cursor, _) = lived(&one, &client);
    let expected = everything(&client, &cursor);
    let first = move_out(&one);
    move_in(&one, &first);
    assert_eq!(everything(&client, &cursor), expected);

    let second = one.database().with_file_name("second.db");
    run(&one.database(), &["move-out", "p", argument(&second)]).good();
    let refusal = run(&one.database(), &["move-in", argument(&first)]).failed();
    assert!(
        refusal.contains("has moved the project out again"),
        "{refusal}"
    );
    move_in(&two, &second);
    two.client().push_files("p", &[("ideas/a", "there")]).good();
    let expected = everything(&two.client(), &cursor);
    move_in(&one, &move_out(&two));
    assert_eq!(everything(&client, &cursor), expected);
    run(&one.database(), &["check"]).good();
}

#[test]
fn a_backup_from_before_a_move_does_not_open_the_project_again() {
    let host = Host::start();
    let client = host.client();
    for project in ["p", "q"] {
        client.push_files(project, &[("ideas/a", "x")]).good();
    }
    let (backup, database) = (host.database().with_file_name("backup.db"), host.database());
    run(&database, &["backup", argument(&backup)]).good();
    move_out(&host);
    let (_, _, folder) = host.stop();
    let said = run(&database, &["restore", argument(&backup)]).good();
    assert!(
        said.contains("p was moved to another server and stays closed"),
        "{said}"
    );
    let host = Host::resume(folder, &[]);
    let refused = host.client().push_files("p", &[("ideas/b", "x")]);
    let refused = refused.failed(503, "moved")["error"].clone();
    assert!(refused.as_str().unwrap().contains("address of that server"));
    assert_eq!(host.client().status("q")["fileCount"], 1);
    run(&database, &["check"]).good();
}

#[test]
fn only_the_file_of_a_move_is_moved_in_and_only_where_there_is_no_such_project() {
    let (one, two) = (Host::start(), Host::start());
    one.client().push_files("p", &[("ideas/a", "x")]).good();
    let backup = one.database().with_file_name("backup.db");
    run(&one.database(), &["backup", argument(&backup)]).good();
    let refusal = run(&two.database(), &["move-in", argument(&backup)]).failed();
    assert!(
        refusal.contains("was not written by 'move-out'"),
        "{refusal}"
    );

    let refusal = run(&one.database(), &["move-out", "p", argument(&backup)]).failed();
    assert!(refusal.contains("exists"), "{refusal}");
    let missing = one.database().with_file_name("none.db");
    let refusal = run(&one.database(), &["move-out", "none", argument(&missing)]).failed();
    assert!(
        !refusal.contains("stays on this server") && !missing.exists(),
        "{refusal}"
    );
    one.client().push_files("p", &[("ideas/a", "y")]).good();

    let moved = move_out(&one);
    let again = run(&one.database(), &["move-out", "p", argument(&missing)]).failed();
    assert!(
        again.contains("\"p\" was moved to another server before") && !again.contains("stays"),
        "{again}"
    );
    two.client().push_files("p", &[("ideas/own", "x")]).good();
    let refusal = run(&two.database(), &["move-in", argument(&moved)]).failed();
    assert!(refusal.contains("has a project of this id"), "{refusal}");
    assert_eq!(two.client().pull_all("p", 100).len(), 1);
}

#[test]
fn a_damaged_file_is_not_moved_in() {
    let (one, two) = (Host::start(), Host::start());
    one.client().push_files("p", &[("ideas/a", "x")]).good();
    let moved = move_out(&one);
    let database = Connection::open(&moved).unwrap();
    database
        .execute("UPDATE content SET bytes = 'y'", [])
        .unwrap();
    drop(database);
    let refusal = run(&two.database(), &["move-in", argument(&moved)]).failed();
    assert!(refusal.contains("is damaged"), "{refusal}");
    assert_eq!(two.client().status("p")["fileCount"], 0);
}

/// Pushes until the project is refused. Returns the paths that were acknowledged.
fn push_until_refused(client: &Client, device: usize) -> Vec<String> {
    let mut stored = Vec::new();
    loop {
        let path = format!("ideas/{device}-{}", stored.len());
        let answer = client.push_files("p", &[(&path, "x")]);
        if answer.status != 200 {
            answer.failed(503, "moved");
            return stored;
        }
        stored.push(path);
    }
}

#[test]
fn no_push_that_is_acknowledged_during_a_move_is_lost() {
    let (one, two) = (Host::start(), Host::start());
    one.client().push_files("p", &[("ideas/a", "x")]).good();
    let (moved, pushed) = scope(|scope| {
        let one = &one;
        let push = |device| scope.spawn(move || push_until_refused(&one.client(), device));
        let devices = [0, 1, 2, 3].map(push);
        sleep(Duration::from_millis(300));
        let moved = move_out(one);
        let pushed = devices.map(|device| device.join().unwrap());
        (moved, pushed.concat())
    });
    move_in(&two, &moved);
    let manifest = two.client().ask("p", "manifest?limit=10000").good();
    let stored = paths(&manifest["files"]);
    assert!(pushed.len() > 4);
    assert_eq!(stored.len(), pushed.len() + 1);
    for path in &pushed {
        assert!(stored.contains(&path.as_str()), "{path}");
    }
    run(&two.database(), &["check"]).good();
}
