//! A server whose clock is wrong, and the way back.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use support::{Client, Host, command, fake_clock, finished, paths, run, server};

/// The clock of a device, as the KamiFlow CLI uses it: milliseconds since 1970.
fn device_clock() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis()
}

/// What a device pulls that has pulled at this moment.
fn pulled(client: &Client, project: &str, since: u128) -> Vec<String> {
    let page = client.pull(project, &format!("since={since}"));
    let paths = paths(&page["files"]);
    paths.into_iter().map(str::to_owned).collect()
}

#[test]
fn what_is_pushed_while_the_clock_is_behind_reaches_who_has_pulled_before() {
    let Some(hour_behind) = fake_clock("-1h") else {
        return;
    };
    let host = Host::start();
    for project in ["p", "q"] {
        host.client().push_files(project, &[("a", "one")]).good();
    }
    pulled(&host.client(), "q", 0);
    let mut since = device_clock();
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, &hour_behind);
    let client = host.client();
    for text in ["two", "three"] {
        for project in ["p", "q", "new"] {
            client.push_files(project, &[("a", text)]).good();
            assert_eq!(pulled(&client, project, since), ["a"], "{project} {text}");
        }
        since = device_clock();
    }
    let (_, _, folder) = host.stop();
    let client = Host::resume(folder, &[]);
    client.client().push_files("p", &[("a", "four")]).good();
    assert_eq!(pulled(&client.client(), "p", since), ["a"]);
}

#[test]
fn a_server_that_stops_records_the_time() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    pulled(&host.client(), "p", 0);
    let last_pull = device_clock() as i64;
    let database = host.database();
    let _folder = host.stop();
    let database = rusqlite::Connection::open(database).unwrap();
    let latest = database.query_row("SELECT latest / 1000 FROM clock", [], |row| row.get(0));
    let latest: i64 = latest.unwrap();
    assert!(latest >= last_pull, "{latest} {last_pull}");
}

#[test]
fn a_clock_that_begins_in_1970_stops_nobody() {
    let seconds = device_clock() / 1000 - 60;
    let offset = format!("-{seconds}");
    let Some(in_1970) = fake_clock(&offset) else {
        return;
    };
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let since = device_clock();
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, &in_1970);
    host.client().push_files("p", &[("a", "two")]).good();
    assert_eq!(pulled(&host.client(), "p", since), ["a"]);
    run(&host.database(), &["check"]).good();

    let host = Host::with(&in_1970);
    host.client().push_files("new", &[("a", "one")]).good();
    assert_eq!(pulled(&host.client(), "new", 0), ["a"]);
    host.client().get("/health?deep=1").good();
}

#[test]
fn a_server_does_not_start_before_1970() {
    let Some(in_1966) = fake_clock("-60y") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &in_1966).output().unwrap();
    let refusal = finished(server).failed();
    assert!(refusal.contains("before 1970: set it"), "{refusal}");
}

/// The first version of `note` in project `p`, which was deleted.
fn has_deleted_note(client: &Client) -> bool {
    let history = client.get("/v1/projects/p/history?path=note").good();
    history["versions"][1]["available"] == true
}

/// A database with a deleted note, and then one push while the clock was a year ahead.
fn after_a_year_ahead(year_ahead: &[(&str, &str)]) -> tempfile::TempDir {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("note", "one"), ("a", "one")])
        .good();
    let delete = json!({ "files": [], "deletions": ["note"] });
    client.push("p", &delete).good();
    client.push_files("other", &[("a", "one")]).good();
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, year_ahead);
    for text in ["two", "three"] {
        host.client().push_files("p", &[("a", text)]).good();
        assert!(has_deleted_note(&host.client()));
    }
    pulled(&host.client(), "other", 0);
    host.stop().2
}

#[test]
fn a_push_a_year_ahead_prunes_nothing_and_stays_alone() {
    let Some(year_ahead) = fake_clock("+1y") else {
        return;
    };
    let folder = after_a_year_ahead(&year_ahead);
    let host = Host::resume(folder, &[]);
    let client = host.client();
    client.push_files("p", &[("b", "one")]).good();
    assert!(has_deleted_note(&client));
    // The clock is right again, and the other project has seen no push from the future.
    client.push_files("other", &[("a", "two")]).good();
    assert!(pulled(&client, "other", device_clock() + 5_000).is_empty());
    let report = run(&host.database(), &["doctor"]).failed();
    assert!(report.contains("kamiflow-sync renumber --all"), "{report}");
}

fn renumber(database: &Path, argument: &str) -> String {
    run(database, &["renumber", argument]).good()
}

#[test]
fn renumber_brings_a_project_back_to_the_present() {
    let Some(year_ahead) = fake_clock("+1y") else {
        return;
    };
    let folder = after_a_year_ahead(&year_ahead);
    let started = device_clock();
    let host = Host::resume(folder, &[]);
    let cursor = host.client().status("p")["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let pulls_again = |client: &Client| pulled(client, "p", device_clock() + 5_000);
    assert_eq!(pulls_again(&host.client()), ["a"]);
    let database = host.database();
    let refusal = run(&database, &["renumber", "--all"]).failed();
    assert!(refusal.contains("stop it first"), "{refusal}");
    let (_, _, folder) = host.stop();
    let mut behind = command(&database, &["renumber", "--all"]);
    behind.envs(fake_clock("-5y").unwrap());
    let refusal = finished(behind.output().unwrap()).failed();
    assert!(refusal.contains("set it first"), "{refusal}");
    let refusal = run(&database, &["renumber", "none"]).failed();
    assert!(refusal.contains("no project \"none\""), "{refusal}");

    let out = renumber(&database, "--all");
    assert!(out.contains("p: 2 changes renumbered"), "{out}");
    let out = renumber(&database, "p");
    assert!(out.contains("No change is from the future"), "{out}");
    run(&database, &["check"]).good();
    let host = Host::resume(folder, &[]);
    let client = host.client();
    assert!(pulls_again(&client).is_empty());
    assert_eq!(pulled(&client, "p", started), ["a"]);
    assert!(has_deleted_note(&client));
    let history = client.get("/v1/projects/p/history?path=a").good();
    assert_eq!(history["versions"].as_array().unwrap().len(), 3);
    let changes = format!("/v1/projects/p/changes?since={cursor}");
    client.get(&changes).failed(410, "resync_required");
    client.push_files("p", &[("a", "four")]).good();
    assert!(pulls_again(&client).is_empty());
    run(&database, &["doctor"]).good();
}
