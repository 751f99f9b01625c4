//! `SYNC_FOLDERS`: only files below some folders are stored.

use serde_json::{Value, json};

use support::{Host, file, first_rev};

/// A server with the folders that are synced by default.
fn host() -> Host {
    Host::with(&[("SYNC_FOLDERS", "")])
}

/// Requires that an answer refuses this path and names the setting.
fn refused(answer: support::Answer, path: &str) {
    let answer = answer.failed(422, "bad_path");
    assert_eq!(answer["path"], path);
    let sentence = answer["error"].as_str().unwrap();
    assert!(sentence.contains("SYNC_FOLDERS"), "{sentence}");
    assert!(sentence.contains("archive, ideas, tasks"), "{sentence}");
}

#[test]
fn nothing_is_stored_outside_of_the_synced_folders() {
    let host = host();
    let client = host.client();
    let inside = ["archive/2026/a.md", "ideas/hello.md", "tasks/a/b/c.md"];
    client
        .push_files("p", &inside.map(|path| (path, "x")))
        .good();
    for path in [
        "plugins/evil/hook.js",
        "agents/a.md",
        "hello.md",
        "ideas",
        "tasks",
        "Ideas/a.md",
        "ideas2/a.md",
    ] {
        refused(client.push_files("p", &[(path, "x")]), path);
        let both = [("ideas/new.md", "x"), (path, "x")];
        refused(client.push_files("p", &both), path);
    }
    assert_eq!(client.status("p")["fileCount"], inside.len());
}

#[test]
fn the_folders_can_be_named_and_any_allowed() {
    let named = Host::with(&[("SYNC_FOLDERS", "notes, ghi chú")]);
    let client = named.client();
    client
        .push_files("p", &[("notes/a", "x"), ("ghi chú/a", "x")])
        .good();
    client
        .push_files("p", &[("ideas/a", "x")])
        .failed(422, "bad_path");
    let any = Host::with(&[("SYNC_FOLDERS", "*")]);
    let anywhere = [("hello.md", "x"), ("plugins/a.js", "x"), ("ideas", "x")];
    any.client().push_files("p", &anywhere).good();
}

#[test]
fn what_was_stored_elsewhere_before_is_read_and_deleted_but_not_changed() {
    let before = Host::start();
    let old = [("agents/a.md", "one"), ("ideas", "file")];
    let rev = first_rev(before.client().push_files("p", &old));
    let (_, _, folder) = before.stop();
    let host = Host::resume(folder, &[("SYNC_FOLDERS", "")]);
    let client = host.client();
    assert_eq!(client.pull_all("p", 10).len(), 2);
    assert_eq!(client.ask("p", "files/agents/a.md").bytes, b"one");
    // Pushing it again changes nothing.
    let again = client.push_files("p", &old).good();
    assert_eq!(again["results"][0]["status"], "unchanged");
    refused(
        client.push_files("p", &[("agents/a.md", "two")]),
        "agents/a.md",
    );
    let delete = json!({ "files": [], "deletions": ["agents/a.md", "ideas"] });
    client.push("p", &delete).good();
    client.push_files("p", &[("ideas/a.md", "x")]).good();
    assert_eq!(client.history("p", "agents/a.md").len(), 2);
    let restore = |body: Value| client.post("/v1/projects/p/restore", &body);
    let version = json!({ "path": "agents/a.md", "rev": rev });
    refused(restore(version), "agents/a.md");
    let moment = json!({ "at": rev as f64 / 1000.0, "paths": ["agents/a.md"], "dry_run": true });
    refused(restore(moment), "agents/a.md");
    assert_eq!(client.status("p")["fileCount"], 1);
}

#[test]
fn a_deletion_and_a_diff_may_name_any_path() {
    let host = host();
    let delete = json!({ "files": [file("ideas/a", b"x")], "deletions": ["agents/a.md"] });
    host.client().push("p", &delete).good();
    let device = json!({ "files": [] });
    host.client().post("/v1/projects/p/diff", &device).good();
    assert!(host.client().history("p", "agents/a.md").is_empty());
}

#[test]
fn a_diff_sets_aside_what_a_push_would_be_refused_for() {
    let host = host();
    let local = |path: &str, text: &str| json!({ "path": path, "checksum": support::sha256(text.as_bytes()) });
    let files = [
        local("ideas/a.md", "x"),
        local("plugins/a.js", "x"),
        local("hello.md", "x"),
    ];
    let diff = host
        .client()
        .post("/v1/projects/p/diff", &json!({ "files": files }))
        .good();
    let uploads: Vec<_> = diff["upload"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["path"])
        .collect();
    assert_eq!(uploads, ["ideas/a.md"]);
    assert_eq!(diff["not_synced"], json!(["hello.md", "plugins/a.js"]));
}

#[test]
fn a_diff_sets_aside_the_edit_of_what_was_stored_before_the_folders_were_set() {
    let any = Host::with(&[("SYNC_FOLDERS", "*")]);
    let rev = first_rev(any.client().push_files("p", &[("hello.md", "x")]));
    let (_, _, folder) = any.stop();
    let host = Host::resume(folder, &[("SYNC_FOLDERS", "")]);
    let edited = json!({ "path": "hello.md", "checksum": support::sha256(b"y"), "base": rev });
    let same = json!({ "path": "hello.md", "checksum": support::sha256(b"x"), "base": rev });
    for (file, not_synced, unchanged) in [(edited, json!(["hello.md"]), 0), (same, json!([]), 1)] {
        let diff = host
            .client()
            .post("/v1/projects/p/diff", &json!({ "files": [file] }))
            .good();
        assert_eq!(
            (&diff["not_synced"], &diff["unchanged"]),
            (&not_synced, &json!(unchanged))
        );
        assert_eq!(diff["upload"], json!([]));
    }
}
