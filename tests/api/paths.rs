//! Paths that would leave the folder of a client, or cannot be written to its disk, are refused.

use serde_json::json;

use support::{Host, file};

#[test]
fn hostile_paths_are_refused_and_named() {
    let host = Host::start();
    for path in [
        "",
        "../../../outside.md",
        "../.git/hooks/pre-commit",
        "../.kamirc.json",
        "/etc/passwd",
        "a/../../x",
        "ideas\\..\\x",
        "a//b",
        "a/",
        "./a",
        "a/./b",
        "C:\\x",
        "c:x",
        "a\0b",
        "a\nb",
        ".sync/state.json",
        ".git/config",
    ] {
        let answer = host
            .client()
            .push("p", &json!({ "files": [file(path, b"x")] }))
            .failed(422, "bad_path");
        assert_eq!(answer["path"], path);
        host.client()
            .push("p", &json!({ "files": [], "deletions": [path] }))
            .failed(422, "bad_path");
    }
    for path in ["n".repeat(256), "d/".repeat(600)] {
        host.client()
            .push("p", &json!({ "files": [file(&path, b"x")] }))
            .failed(422, "bad_path");
    }
    assert_eq!(host.client().status("p")["fileCount"], 0);
}

#[test]
fn a_file_below_a_file_is_refused_both_ways() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a", "file"), ("b/c/d", "file")])
        .good();
    for (files, bad) in [
        (json!([file("a/x", b"1")]), "a/x"),
        (json!([file("a/x/y", b"1")]), "a/x/y"),
        (json!([file("b", b"1")]), "b"),
        (json!([file("b/c", b"1")]), "b/c"),
        (json!([file("new", b"1"), file("new/x", b"1")]), "new/x"),
        (json!([file("new/x", b"1"), file("new", b"1")]), "new/x"),
    ] {
        let answer = client
            .push("p", &json!({ "files": files }))
            .failed(422, "bad_path");
        assert_eq!(answer["path"], bad);
    }
    client
        .push_files("p", &[("ab", "1"), ("b/c0", "1"), ("b/c-", "1")])
        .good();
}

#[test]
fn a_folder_may_become_a_file_when_the_same_push_empties_it() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a/1", "x"), ("a/2", "x")]).good();
    let half = json!({ "files": [file("a", b"y")], "deletions": ["a/1"] });
    client.push("p", &half).failed(422, "bad_path");
    let whole = json!({ "files": [file("a", b"y")], "deletions": ["a/1", "a/2"] });
    client.push("p", &whole).good();
    let back = json!({ "files": [file("a/1", b"z")], "deletions": ["a"] });
    client.push("p", &back).good();
    // The file is deleted now, and cannot be restored next to the folder in its place.
    let answer = client
        .push_files("p", &[("a", "y")])
        .failed(422, "bad_path");
    assert_eq!(answer["path"], "a");
}

#[test]
fn a_project_id_is_one_plain_segment_in_any_encoding() {
    let host = Host::start();
    let client = host.client();
    for id in [
        "%2e%2e",
        ".",
        "a%2Fb",
        "a%5Cb",
        "a%00b",
        "%ff",
        &"x".repeat(201),
    ] {
        let answer = client.get(&format!("/v1/projects/{id}/status"));
        assert!(
            matches!(answer.status, 400 | 404),
            "{id}: {}",
            answer.status
        );
    }
    for id in ["my%20notes", "ghi%20ch%C3%BA", &"x".repeat(200), "a.b"] {
        client.push_files(id, &[("a", "x")]).good();
        assert_eq!(client.status(id)["fileCount"], 1);
    }
}

#[test]
fn a_query_that_is_no_text_means_no_other_path() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("ideas/\u{fffd}", "x")]).good();
    for query in ["history?path=ideas/%ff", "changes?since=%ff"] {
        client.ask("p", query).failed(400, "bad_request");
    }
    let found = client.ask("p", "history?path=ideas/%EF%BF%BD&x=a+b").good();
    assert_eq!(found["versions"].as_array().unwrap().len(), 1);
}

#[test]
fn addresses_match_in_either_case_and_with_a_slash_at_the_end() {
    let host = Host::start();
    let client = host.client();
    client
        .post(
            "/V1/Projects/Ab/SYNC/",
            &json!({ "files": [file("a", b"x")] }),
        )
        .good();
    assert_eq!(client.status("Ab")["fileCount"], 1);
    assert_eq!(client.status("ab")["fileCount"], 0);
}
