//! `POST /v1/projects/:id/purge`

use std::thread;

use serde_json::{Value, json};

use support::{Client, Host, first_rev, run};

const SECRET: &str = "correct horse battery staple";

fn purge(client: &Client, body: &Value) -> Value {
    client.post("/v1/projects/p/purge", body).good()
}

/// Files of the data folder that have the secret.
fn files_with_secret(host: &Host) -> Vec<String> {
    let entries = host.database().parent().unwrap().read_dir().unwrap();
    // Spin keeps folders there.
    let files = entries.filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_file());
    let has = |name: &String| {
        let bytes = std::fs::read(host.database().with_file_name(name)).unwrap();
        let mut parts = bytes.windows(SECRET.len());
        parts.any(|part| part == SECRET.as_bytes())
    };
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(has).collect()
}

#[test]
fn a_purged_file_is_gone_from_the_history_and_the_disk_and_told_as_a_deletion() {
    let host = Host::start();
    let client = host.client();
    let long = format!("{SECRET} ").repeat(1000);
    client
        .push_files("p", &[("a", SECRET), ("b", "kept")])
        .good();
    client.push_files("p", &[("a", &long)]).good();
    let cursor = client.status("p")["cursor"].clone();
    assert!(!files_with_secret(&host).is_empty());

    let purged = purge(&client, &json!({ "path": "a" }));
    assert_eq!(
        (&purged["purged"], &purged["erased"], &purged["elsewhere"]),
        (&json!(2), &json!(true), &json!([]))
    );
    assert_eq!(files_with_secret(&host), [""; 0]);
    let history = client.get("/v1/projects/p/history?path=a").good();
    let versions = history["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0]["op"], "delete");
    let since = cursor.as_str().unwrap();
    let changes = client
        .get(&format!("/v1/projects/p/changes?since={since}"))
        .good();
    assert_eq!(changes["changes"][0]["op"], "delete");
    assert_eq!(changes["cursor"], purged["cursor"]);
    client
        .get("/v1/projects/p/files/a")
        .failed(404, "not_found");
    run(&host.database(), &["check"]).good();
    client.push_files("p", &[("a", "new")]).good();
    run(&host.database(), &["check"]).good();
}

#[test]
fn one_version_is_purged_and_the_file_stays() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "one")]).good();
    let rev = first_rev(client.push_files("p", &[("a", SECRET)]));
    let cursor = client.status("p")["cursor"].clone();
    client.push_files("p", &[("a", "three")]).good();
    let body = json!({ "path": "a", "rev": rev });
    assert_eq!(purge(&client, &body)["purged"], 1);
    assert_eq!(files_with_secret(&host), [""; 0]);
    assert_eq!(client.get("/v1/projects/p/files/a").bytes, b"three");
    let of_rev = format!("/v1/projects/p/files/a?rev={rev}");
    client.get(&of_rev).failed(404, "not_found");
    // A client that has read up to the purged version continues from there.
    let since = cursor.as_str().unwrap();
    let changes = client
        .get(&format!("/v1/projects/p/changes?since={since}"))
        .good();
    assert_eq!(changes["changes"].as_array().unwrap().len(), 1);
    let again = client.post("/v1/projects/p/purge", &body);
    again.failed(404, "not_found");
    run(&host.database(), &["check"]).good();
}

#[test]
fn versions_that_are_purged_at_the_same_time_all_go() {
    const VERSIONS: usize = 9;
    let host = Host::start();
    let client = host.client();
    let push = |i: usize| first_rev(client.push_files("p", &[("a", &format!("{SECRET} {i}"))]));
    let revs: Vec<i64> = (0..VERSIONS).map(push).collect();
    let newest = revs[VERSIONS - 1];
    thread::scope(|scope| {
        for rev in &revs[..VERSIONS - 1] {
            let client = host.client();
            scope.spawn(move || {
                assert_eq!(
                    purge(&client, &json!({ "path": "a", "rev": rev }))["purged"],
                    1
                );
            });
        }
    });
    let history = client.get("/v1/projects/p/history?path=a").good();
    let left = history["versions"].as_array().unwrap();
    let left: Vec<_> = left.iter().map(|version| &version["rev"]).collect();
    assert_eq!(left, [newest]);
    run(&host.database(), &["check"]).good();
}

#[test]
fn a_purge_that_is_misspelt_purges_nothing() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "one")]));
    client.push_files("p", &[("a", "two")]).good();
    for body in [
        json!({ "path": "a", "version": rev }),
        json!({ "path": "a", "rev": null, "version": rev }),
        json!({ "path": "a", "Rev": rev }),
    ] {
        let answer = client.post("/v1/projects/p/purge", &body);
        let error = answer.failed(400, "bad_request");
        assert!(error["error"].as_str().unwrap().contains("ev"), "{error}");
    }
    let history = client.get("/v1/projects/p/history?path=a").good();
    assert_eq!(history["versions"].as_array().unwrap().len(), 2);
}

#[test]
fn content_that_another_file_has_is_named_and_stays() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a", SECRET), ("copy", SECRET)])
        .good();
    assert_eq!(
        purge(&client, &json!({ "path": "a" }))["elsewhere"],
        json!(["copy"])
    );
    assert_eq!(
        client.get("/v1/projects/p/files/copy").bytes,
        SECRET.as_bytes()
    );
    purge(&client, &json!({ "path": "copy" }));
    assert_eq!(files_with_secret(&host), [""; 0]);
}
