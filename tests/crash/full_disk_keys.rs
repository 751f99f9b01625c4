//! Rights and data can be taken away on a full disk: where a key was stolen, that cannot wait for space.

use std::path::Path;

use serde_json::json;

use support::{Host, KEY, argument, run};

use crate::full_disk::Disk;

/// Takes all that is left, as the file of another program does.
fn fill(disk: &Disk) {
    // Ends where the disk does.
    _ = std::fs::write(disk.folder().join("rest"), vec![0; 84 << 20]);
}

/// A key and its id.
fn add(database: &Path, name: &str) -> (String, String) {
    let key = run(database, &["key", "add", name, "--scope", "append"]).good();
    let id = key.split('_').nth(1).unwrap().to_owned();
    (key.trim().to_owned(), id)
}

fn opens(host: &Host, key: &str) -> bool {
    host.with_key(Some(key)).get("/v1/projects").status == 200
}

fn refuses_pushes(host: &Host) -> bool {
    host.client().push_files("p", &[("b", "x")]).status == 507
}

#[test]
fn keys_are_revoked_and_rotated_and_people_signed_out_on_a_full_disk() {
    let Some(disk) = Disk::of("84m") else { return };
    let path = disk.database();
    let host = Host::with(&[("DB_PATH", &path)]);
    let [(first, revoked), (second, rotated)] = ["a", "b"].map(|name| add(Path::new(&path), name));
    let browser = host.signed_in(KEY);
    let page = browser.get("/dashboard").good();
    fill(&disk);
    assert!(refuses_pushes(&host));

    host.client().delete(&format!("/v1/keys/{revoked}")).good();
    let rotate = format!("/v1/keys/{rotated}/rotate");
    let renewed = host.client().post(&rotate, &json!({ "grace_s": 0 })).good();
    assert!(!opens(&host, &first) && !opens(&host, &second));
    assert!(opens(&host, renewed["key"].as_str().unwrap()));
    let out = browser.submit(&page, "/dashboard/sign-out", &[]);
    assert_eq!(out.leads_to(), "/dashboard/sign-in");
    assert_eq!(host.browser().sign_in(KEY).leads_to(), "/dashboard");
}

#[test]
fn commands_take_rights_and_data_away_on_a_full_disk() {
    let Some(disk) = Disk::of("84m") else { return };
    let path = disk.database();
    let (database, settings) = (Path::new(&path), [("DB_PATH", path.as_str())]);
    let host = Host::with(&settings);
    for project in ["p", "q"] {
        host.client().push_files(project, &[("a", "x")]).good();
    }
    let [(first, revoked), (second, rotated)] = ["a", "b"].map(|name| add(database, name));
    fill(&disk);
    assert!(refuses_pushes(&host));

    run(database, &["key", "revoke", &revoked]).good();
    let rotated = run(database, &["key", "rotate", &rotated, "--grace", "0"]).good();
    assert!(!opens(&host, &first) && !opens(&host, &second));
    assert!(opens(&host, rotated.trim()));
    run(database, &["purge", "p", "a"]).good();
    assert_eq!(host.client().status("p")["fileCount"], 0);
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("q.db");
    run(database, &["move-out", "q", argument(&moved)]).good();
    host.client().ask("q", "status").failed(503, "moved");
    run(database, &["check"]).good();
}

#[test]
fn keys_are_revoked_on_a_full_disk_while_no_server_runs() {
    let Some(disk) = Disk::of("84m") else { return };
    let path = disk.database();
    let (database, settings) = (Path::new(&path), [("DB_PATH", path.as_str())]);
    let host = Host::with(&settings);
    let [(killed, one), (stopped, two)] = ["a", "b"].map(|name| add(database, name));
    let folder = host.kill();
    fill(&disk);
    run(database, &["check"]).good();
    run(database, &["key", "revoke", &one]).good();
    let (_, _, folder) = Host::resume(folder, &settings).stop();
    fill(&disk);
    run(database, &["key", "revoke", &two]).good();
    let host = Host::resume(folder, &settings);
    assert!(!opens(&host, &killed) && !opens(&host, &stopped));
}

#[test]
fn a_server_that_was_killed_starts_on_a_full_disk_and_revokes() {
    let Some(disk) = Disk::of("84m") else { return };
    let path = disk.database();
    let settings = [("DB_PATH", path.as_str())];
    let host = Host::with(&settings);
    let (key, id) = add(Path::new(&path), "a");
    let folder = host.kill();
    fill(&disk);
    let host = Host::resume(folder, &settings);
    host.client().delete(&format!("/v1/keys/{id}")).good();
    assert!(!opens(&host, &key));
}
