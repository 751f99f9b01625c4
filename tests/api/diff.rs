//! `POST /v1/projects/:id/diff`: how a device catches up.

use serde_json::{Value, json};

use support::{Client, Host, file, first_rev, sha256};

fn diff(client: &Client, files: &[Value]) -> Value {
    client
        .post("/v1/projects/p/diff", &json!({ "files": files }))
        .good()
}

fn local(path: &str, text: &str) -> Value {
    json!({ "path": path, "checksum": sha256(text.as_bytes()) })
}

fn local_from(path: &str, text: &str, base: i64) -> Value {
    json!({ "path": path, "checksum": sha256(text.as_bytes()), "base": base })
}

/// Where each path is listed, as `upload a, conflict b`.
fn summary(answer: &Value) -> String {
    let mut parts = Vec::new();
    for list in ["upload", "download", "delete_local", "conflict"] {
        for entry in answer[list].as_array().unwrap() {
            parts.push(format!("{list} {}", entry["path"].as_str().unwrap()));
        }
    }
    parts.join(", ")
}

struct Revs {
    one: i64,
    two: i64,
    deletion: i64,
}

/// `live` had two versions, `gone` two and a deletion.
fn history(client: &Client) -> Revs {
    let one = first_rev(client.push_files("p", &[("live", "one"), ("gone", "one")]));
    let two = first_rev(client.push_files("p", &[("live", "two"), ("gone", "two")]));
    let delete = json!({ "files": [], "deletions": ["gone"] });
    let deletion = first_rev(client.push("p", &delete));
    Revs { one, two, deletion }
}

#[test]
fn every_rule_of_a_live_file() {
    let host = Host::start();
    let client = host.client();
    let revs = history(&client);
    for (entry, expected) in [
        (local("live", "two"), ""),
        (local_from("live", "two", revs.one), ""),
        (local_from("live", "two", 0), ""),
        (local("live", "one"), "download live"),
        (local_from("live", "one", revs.one), "download live"),
        (local_from("live", "one", 0), "download live"),
        (local_from("live", "edited", revs.two), "upload live"),
        (local_from("live", "one", revs.two), "upload live"),
        (local("live", "edited"), "conflict live"),
        (local_from("live", "edited", revs.one), "conflict live"),
        (local_from("live", "edited", 0), "conflict live"),
        (local_from("live", "edited", 12345), "conflict live"),
    ] {
        let answer = diff(&client, std::slice::from_ref(&entry));
        assert_eq!(summary(&answer), expected, "{entry}");
        assert_eq!(answer["unchanged"], usize::from(expected.is_empty()));
    }
}

#[test]
fn every_rule_of_a_deleted_file() {
    let host = Host::start();
    let client = host.client();
    let revs = history(&client);
    for (entry, expected) in [
        (local("gone", "two"), "delete_local gone"),
        (local_from("gone", "two", revs.two + 1), "delete_local gone"),
        (local("gone", "one"), "delete_local gone"),
        (local_from("gone", "edited", revs.deletion), "upload gone"),
        (local_from("gone", "two", revs.deletion), "upload gone"),
        (local("gone", "edited"), "conflict gone"),
        (local_from("gone", "edited", revs.one + 1), "conflict gone"),
        (local_from("gone", "edited", 0), "conflict gone"),
    ] {
        let answer = diff(&client, &[local("live", "two"), entry.clone()]);
        assert_eq!(summary(&answer), expected, "{entry}");
        assert_eq!(answer["unchanged"], 1);
    }
}

#[test]
fn a_path_never_seen_is_for_upload_and_one_not_listed_for_download() {
    let host = Host::start();
    let client = host.client();
    history(&client);
    assert_eq!(summary(&diff(&client, &[])), "download live");
    let new = [
        local("live", "two"),
        local("new", "x"),
        local_from("newer", "x", 5),
    ];
    assert_eq!(summary(&diff(&client, &new)), "upload new, upload newer");
    // The content of another path is not a version of this one.
    assert_eq!(
        summary(&diff(&client, &[local("live", "two"), local("new", "one")])),
        "upload new"
    );
}

#[test]
fn each_entry_has_the_version_of_the_server() {
    let host = Host::start();
    let client = host.client();
    let revs = history(&client);
    let answer = diff(&client, &[local_from("gone", "edited", revs.one)]);
    assert_eq!(
        answer["download"],
        json!([{
            "path": "live",
            "rev": revs.two,
            "checksum": sha256(b"two"),
            "size": 3,
            "modified": 1_760_000_000_000_i64,
        }])
    );
    let conflict = &answer["conflict"][0];
    assert_eq!(conflict["base"], revs.one);
    assert_eq!(
        (
            &conflict["current"]["rev"],
            &conflict["current"]["deleted"],
            &conflict["current"]["checksum"]
        ),
        (&json!(revs.deletion), &json!(true), &Value::Null)
    );
    let answer = diff(&client, &[local("live", "edited"), local("gone", "one")]);
    let current = &answer["conflict"][0]["current"];
    assert_eq!(
        (&current["rev"], &current["deleted"], &current["checksum"]),
        (&json!(revs.two), &json!(false), &json!(sha256(b"two")))
    );
    assert_eq!(
        answer["delete_local"],
        json!([{ "path": "gone", "rev": revs.deletion }])
    );
    let status = client.status("p");
    assert_eq!(
        (&answer["cursor"], &answer["digest"]),
        (&status["cursor"], &status["digest"])
    );
}

#[test]
fn a_diff_changes_nothing() {
    let host = Host::start();
    let client = host.client();
    history(&client);
    let before = client.status("p");
    diff(&client, &[local("live", "edited"), local("new", "x")]);
    assert_eq!(client.status("p"), before);
    client
        .post(
            "/v1/projects/other/diff",
            &json!({ "files": [local("a", "x")] }),
        )
        .good();
    assert_eq!(
        client.get("/v1/projects").good()["projects"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_checksum_counts_in_either_case() {
    let host = Host::start();
    let client = host.client();
    history(&client);
    let upper = sha256(b"two").to_uppercase();
    let answer = diff(&client, &[json!({ "path": "live", "checksum": upper })]);
    assert_eq!(
        (summary(&answer).as_str(), &answer["unchanged"]),
        ("", &json!(1))
    );
}

#[test]
fn the_same_path_twice_is_one_file_or_an_error() {
    let host = Host::start();
    let client = host.client();
    let twice = [local("a", "x"), local("a", "x")];
    assert_eq!(summary(&diff(&client, &twice)), "upload a");
    for other in [local("a", "y"), local_from("a", "x", 1)] {
        let differing = json!({ "files": [local("a", "x"), other] });
        let answer = client.post("/v1/projects/p/diff", &differing);
        answer.failed(422, "duplicate_path");
    }
}

#[test]
fn what_a_push_would_refuse_as_a_clash_is_not_for_upload() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a", "x"), ("b/c", "x"), ("d/e", "x")])
        .good();
    let gone = json!({ "files": [], "deletions": ["d/e"] });
    client.push("p", &gone).good();
    let device = ["a/b", "b", "d", "new"].map(|path| local(path, "y"));
    let answer = diff(&client, &device);
    let clashes = json!([{ "path": "a/b", "with": "a" }, { "path": "b", "with": "b/c" }]);
    assert_eq!(answer["clash"], clashes);
    let to_push = |listed: &Value| {
        let paths = listed.as_array().unwrap().iter();
        let files = paths.map(|entry| file(entry["path"].as_str().unwrap(), b"y"));
        json!({ "files": files.collect::<Vec<_>>() })
    };
    assert_eq!(answer["upload"].as_array().unwrap().len(), 2);
    for clash in clashes.as_array().unwrap() {
        let refused = client.push("p", &to_push(&json!([clash])));
        refused.failed(422, "bad_path");
    }
    client.push("p", &to_push(&answer["upload"])).good();
}

#[test]
fn a_body_without_a_list_of_files_is_refused() {
    let host = Host::start();
    for body in [
        json!(null),
        json!([]),
        json!({}),
        json!({ "files": {} }),
        json!({ "files": [5] }),
        json!({ "files": [{ "path": "a" }] }),
        json!({ "files": [{ "path": "a", "checksum": 5 }] }),
        json!({ "files": [{ "path": "a", "checksum": "abc" }] }),
        json!({ "files": [{ "path": "a", "checksum": sha256(b""), "base": "x" }] }),
    ] {
        let answer = host.client().post("/v1/projects/p/diff", &body);
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.status
        );
        assert!(answer.json["error"].is_string() && answer.json["code"].is_string());
    }
}

#[test]
fn ten_thousand_files_are_compared_in_one_request() {
    let host = Host::start();
    let client = host.client();
    let pushed: Vec<Value> = (0..10_000).map(|i| file(&format!("f{i}"), b"x")).collect();
    client.push("p", &json!({ "files": pushed })).good();
    let mut files: Vec<Value> = (0..10_000).map(|i| local(&format!("f{i}"), "x")).collect();
    files[77] = local("f77", "edited");
    files.remove(5);
    let answer = diff(&client, &files);
    assert_eq!(summary(&answer), "download f5, conflict f77");
    assert_eq!(answer["unchanged"], 9_998);
}

#[test]
fn an_upload_names_the_base_to_push_with() {
    let host = Host::start();
    let client = host.client();
    let revs = history(&client);
    let files = [
        local_from("live", "edited", revs.two),
        local_from("gone", "edited", revs.deletion),
        local_from("new", "x", 5),
    ];
    let uploads = diff(&client, &files)["upload"].clone();
    let base = |path: &str| {
        let entries = uploads.as_array().unwrap();
        entries.iter().find(|entry| entry["path"] == path).unwrap()["base"].clone()
    };
    assert_eq!(
        [base("live"), base("gone"), base("new")],
        [json!(revs.two), json!(revs.deletion), json!(0)]
    );
}

#[test]
fn an_edit_back_to_an_older_version_is_an_edit() {
    let host = Host::start();
    let client = host.client();
    let push = |text| first_rev(client.push_files("p", &[("a", text)]));
    let [one, two, _three] = ["one", "two", "three"].map(push);
    let sure = [
        (local_from("a", "two", two), true),
        (local_from("a", "two", one), true),
        (local_from("a", "one", one), true),
        (local_from("a", "one", two), false),
    ];
    for (entry, behind) in &sure {
        let expected = if *behind { "download a" } else { "conflict a" };
        assert_eq!(
            summary(&diff(&client, std::slice::from_ref(entry))),
            expected
        );
    }
    client
        .push("p", &json!({ "files": [], "deletions": ["a"] }))
        .good();
    for (entry, behind) in &sure {
        let expected = if *behind {
            "delete_local a"
        } else {
            "conflict a"
        };
        assert_eq!(
            summary(&diff(&client, std::slice::from_ref(entry))),
            expected
        );
    }
}

/// One name, as one character and as two.
const COMPOSED: &str = "ideas/é.md";
const DECOMPOSED: &str = "ideas/e\u{301}.md";

/// Where each path is listed, with the spelling of the device.
fn spelled(answer: &Value) -> Vec<[String; 3]> {
    let mut found = Vec::new();
    for list in ["upload", "download", "delete_local", "conflict"] {
        for entry in answer[list].as_array().unwrap() {
            let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
            found.push([list.to_owned(), text("path"), text("device_path")]);
        }
    }
    found
}

#[test]
fn an_accent_written_in_another_way_is_the_same_name() {
    for (device, server) in [(DECOMPOSED, COMPOSED), (COMPOSED, DECOMPOSED)] {
        let host = Host::start();
        let client = host.client();
        let push = |text| first_rev(client.push_files("p", &[(server, text)]));
        let [one, two] = ["one", "two"].map(push);
        let expect = |entry: Value, list: &str| {
            let answer = diff(&client, &[entry]);
            let expected = [list.to_owned(), server.to_owned(), device.to_owned()];
            assert_eq!(spelled(&answer), [expected]);
            answer[list][0].clone()
        };
        for same in [local(device, "two"), local_from(device, "two", one)] {
            let answer = diff(&client, &[same]);
            assert_eq!(spelled(&answer), [[""; 3]; 0]);
            assert_eq!(answer["unchanged"], 1);
        }
        expect(local(device, "one"), "download");
        expect(local(device, "edited"), "conflict");
        let upload = expect(local_from(device, "edited", two), "upload");
        assert_eq!(upload["base"], two);
        let delete = json!({ "files": [], "deletions": [server] });
        client.push("p", &delete).good();
        expect(local(device, "two"), "delete_local");
        expect(local(device, "edited"), "conflict");
    }
}

#[test]
fn two_spellings_on_the_server_are_told_apart_by_their_content() {
    let host = Host::start();
    let client = host.client();
    let both = [(COMPOSED, "x"), (DECOMPOSED, "x")];
    client.push_files("p", &both).good();
    // A Mac has one file of both, and the same content is not sent again and again.
    for device in [COMPOSED, DECOMPOSED] {
        let answer = diff(&client, &[local(device, "x")]);
        assert_eq!(spelled(&answer), [[""; 3]; 0]);
        assert_eq!(answer["unchanged"], 2);
    }
    let answer = diff(&client, &[local(COMPOSED, "x"), local(DECOMPOSED, "x")]);
    assert_eq!(
        (spelled(&answer).len(), &answer["unchanged"]),
        (0, &json!(2))
    );
    client.push_files("p", &[(DECOMPOSED, "other")]).good();
    let answer = diff(&client, &[local(COMPOSED, "x")]);
    assert_eq!(summary(&answer), format!("download {DECOMPOSED}"));
    // The deletion of one is not about the file that the other is.
    let delete = json!({ "files": [], "deletions": [DECOMPOSED] });
    client.push("p", &delete).good();
    let answer = diff(&client, &[local(COMPOSED, "x")]);
    assert_eq!(
        (spelled(&answer).len(), &answer["unchanged"]),
        (0, &json!(1))
    );
}

#[test]
fn a_folder_may_be_spelled_otherwise_and_case_matters() {
    let host = Host::start();
    let client = host.client();
    let file = [("ideas/ghi chú/ý.md", "x"), ("ideas/É.md", "x")];
    client.push_files("p", &file).good();
    let device = [
        local("ideas/ghi chu\u{301}/y\u{301}.md", "x"),
        local("ideas/é.md", "x"),
    ];
    let answer = diff(&client, &device);
    assert_eq!(answer["unchanged"], 1);
    assert_eq!(summary(&answer), "upload ideas/é.md, download ideas/É.md");
}
