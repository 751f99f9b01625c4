//! `POST /v1/projects/:id/sync`

use serde_json::{Value, json};

use support::{Answer, Host, content, file, sha256};

fn statuses(answer: Answer) -> Vec<String> {
    let results = answer.good()["results"]
        .as_array()
        .expect("results")
        .clone();
    results
        .iter()
        .map(|result| {
            format!(
                "{} {}",
                result["path"].as_str().unwrap(),
                result["status"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn each_path_of_a_push_has_a_result() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("same", "1"), ("other", "2"), ("gone", "3")])
        .good();
    let body = json!({
        "files": [file("new", b"x"), file("same", b"1"), file("other", b"y")],
        "deletions": ["gone", "never"],
    });
    let answer = statuses(client.push("p", &body));
    assert_eq!(
        answer,
        [
            "new created",
            "same unchanged",
            "other updated",
            "gone deleted",
            "never absent"
        ]
    );
}

#[test]
fn a_push_says_where_the_feed_ended_before_it() {
    let host = Host::start();
    let client = host.client();
    let push = |path: &str| {
        let answer = client.push_files("p", &[(path, path)]).good();
        [&answer["previousCursor"], &answer["cursor"]].map(|cursor| cursor.as_str().unwrap().into())
    };
    let end = || client.status("p")["cursor"].as_str().unwrap().to_owned();
    let mut reader = "0".to_owned();
    for path in ["a", "b", "b"] {
        let [before, after]: [String; 2] = push(path);
        assert_eq!((before, &after), (reader, &end()));
        reader = after;
    }
    // What others do comes between, of whatever kind it is.
    let rev = client.history("p", "a")[0]["rev"].clone();
    let bodies = [
        ("sync", json!({ "files": [], "deletions": ["a"] })),
        ("restore", json!({ "path": "a", "rev": rev })),
        ("purge", json!({ "path": "b" })),
    ];
    for (route, body) in bodies {
        client
            .post(&format!("/v1/projects/p/{route}"), &body)
            .good();
        let end = end();
        assert_ne!(end, reader, "{route}");
        let [before, after] = push(&format!("after {route}"));
        assert_eq!(before, end, "{route}");
        reader = after;
    }
    client.delete("/v1/projects/p").good();
    assert_eq!(push("a")[0], "0");
}

#[test]
fn an_old_client_finds_all_its_fields() {
    let host = Host::start();
    let body = json!({
        "files": [file("a.md", b"x")],
        "deletions": ["nope", "nada"],
        "metadata": { "name": "demo", "gitRepo": "https://example.org/demo" },
    });
    let answer = host.client().push("p", &body).good();
    assert_eq!(
        (&answer["synced"], &answer["deleted"], &answer["conflicts"]),
        (&json!(1), &json!(2), &json!([]))
    );
}

#[test]
fn pushing_the_same_again_takes_no_rev() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a.md", "x")]).good();
    let before = client.status("p");
    assert_eq!(
        statuses(client.push_files("p", &[("a.md", "x")])),
        ["a.md unchanged"]
    );
    assert_eq!(client.status("p"), before);
}

#[test]
fn one_bad_entry_stores_nothing_at_all() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("kept.md", "1")]).good();
    let before = client.status("p");
    let mut bad = file("bad.md", b"x");
    bad["checksum"] = json!(sha256(b"y"));
    let body = json!({ "files": [file("good.md", b"x"), file("kept.md", b"2"), bad], "deletions": ["kept.md"] });
    let answer = client.push("p", &body).failed(422, "checksum_mismatch");
    assert_eq!(answer["path"], "bad.md");
    assert_eq!(client.status("p"), before);
}

#[test]
fn every_file_of_a_push_is_held_to_its_own_checksum() {
    let host = Host::start();
    let client = host.client();
    // SHA-256 works on blocks of 64 bytes: every length up to four of them, the longest beside the shortest, and some
    // that are longer than all others.
    let lengths = (0..=256).flat_map(|n| [n, 256 - n]).take(257);
    let lengths = lengths.chain([60_000, 5_000, 5_001]);
    let text = |length: usize| -> Vec<u8> { (0..length).map(|at| (at * length) as u8).collect() };
    let files: Vec<Value> = lengths
        .map(|length| file(&length.to_string(), &text(length)))
        .collect();
    for at in [0, 1, 2, 3, 100, 256, 257, 258, 259] {
        for count in [at + 1, files.len()] {
            let mut files = files[..count].to_vec();
            files[at]["checksum"] = json!(sha256(b"another"));
            let answer = client
                .push("p", &json!({ "files": files }))
                .failed(422, "checksum_mismatch");
            assert_eq!(answer["path"], files[at]["path"], "of {count}");
        }
    }
    client.push("p", &json!({ "files": files })).good();
    let pulled = client.pull_all("p", 100);
    assert_eq!(pulled.len(), files.len());
    for pulled in &pulled {
        let length = pulled["path"].as_str().unwrap().parse().unwrap();
        assert_eq!(content(pulled), text(length));
        assert_eq!(pulled["checksum"], sha256(&text(length)));
    }
}

#[test]
fn a_field_that_is_missing_or_of_the_wrong_kind_is_named() {
    let host = Host::start();
    let client = host.client();
    for (field, value) in [
        ("checksum", Value::Null),
        ("content", json!(5)),
        ("path", json!(["a"])),
        ("modified", json!("now")),
    ] {
        let mut bad = file("a.md", b"x");
        bad[field] = value;
        let answer = client
            .push("p", &json!({ "files": [file("b", b""), bad] }))
            .failed(400, "bad_request");
        assert!(
            answer["error"]
                .as_str()
                .unwrap()
                .contains(&format!("files[1].{field}")),
            "{answer}"
        );
        let mut missing = file("a.md", b"x");
        missing.as_object_mut().unwrap().remove(field);
        let answer = client
            .push("p", &json!({ "files": [missing] }))
            .failed(400, "bad_request");
        assert!(
            answer["error"]
                .as_str()
                .unwrap()
                .contains(&format!("files[0].{field}")),
            "{answer}"
        );
    }
    assert_eq!(client.status("p")["fileCount"], 0);
}

#[test]
fn a_base_that_cannot_be_a_rev_is_named() {
    let host = Host::start();
    let client = host.client();
    let mut bad = file("a.md", b"x");
    bad["base"] = json!(-1);
    let deletion = json!({ "path": "a.md", "base": -1 });
    let named = [
        (json!({ "files": [bad] }), "files[0].base"),
        (
            json!({ "files": [], "deletions": [deletion] }),
            "deletions[0]",
        ),
    ];
    for (body, field) in named {
        let answer = client.push("p", &body).failed(400, "bad_request");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(field), "{error}");
    }
    assert_eq!(client.status("p")["fileCount"], 0);
}

#[test]
fn a_body_that_is_not_a_push_is_a_bad_request() {
    let host = Host::start();
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        "{\"files\":{}}",
        "\"files\"",
        "[[[[[[[[",
    ] {
        let answer = host
            .client()
            .send("POST", "/v1/projects/p/sync", &[], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json["error"].is_string());
    }
}

#[test]
fn content_must_be_base64() {
    let host = Host::start();
    for content in ["%%%", "Y", "YWJj\n", "YR=="] {
        let mut bad = file("a.md", b"a");
        bad["content"] = json!(content);
        host.client()
            .push("p", &json!({ "files": [bad] }))
            .failed(422, "bad_base64");
    }
    let mut unpadded = file("a.md", b"a");
    unpadded["content"] = json!("YQ");
    host.client()
        .push("p", &json!({ "files": [unpadded] }))
        .good();
}

#[test]
fn a_checksum_counts_in_either_case_and_the_size_not_at_all() {
    let host = Host::start();
    let mut upper = file("a.md", b"hello");
    upper["checksum"] = json!(sha256(b"hello").to_uppercase());
    upper["size"] = json!(-5000);
    host.client().push("p", &json!({ "files": [upper] })).good();
    let pulled = &host.client().pull("p", "")["files"][0];
    assert_eq!(
        (&pulled["size"], &pulled["checksum"]),
        (&json!(5), &json!(sha256(b"hello")))
    );
}

#[test]
fn the_same_path_twice_is_one_file_or_an_error() {
    let host = Host::start();
    let client = host.client();
    let twice = json!({ "files": [file("a", b"x"), file("a", b"x")] });
    let answer = client.push("p", &twice).good();
    assert_eq!(
        (
            &answer["synced"],
            answer["results"].as_array().unwrap().len()
        ),
        (&json!(2), 1)
    );
    let differing = json!({ "files": [file("a", b"x"), file("a", b"y")] });
    client.push("p", &differing).failed(422, "duplicate_path");
    let both = json!({ "files": [file("a", b"x")], "deletions": ["a"] });
    client.push("p", &both).failed(422, "duplicate_path");
    let mut based = file("a", b"x");
    based["base"] = json!(1);
    let bases = json!({ "files": [file("a", b"x"), based] });
    client.push("p", &bases).failed(422, "duplicate_path");
}

#[test]
fn the_last_push_wins_and_is_warned_when_its_edit_is_older() {
    let host = Host::start();
    let client = host.client();
    let replaced = client.push_files("p", &[("a.md", "newer")]).good()["results"][0]["rev"].clone();
    let mut older = file("a.md", b"older");
    older["modified"] = json!(1_000);
    let answer = client.push("p", &json!({ "files": [older] })).good();
    assert_eq!(
        answer["conflicts"],
        json!([{ "path": "a.md", "kept": "incoming", "replaced_rev": replaced }])
    );
    assert_eq!(content(&client.pull("p", "")["files"][0]), b"older");
    let before = client.ask("p", &format!("files/a.md?rev={replaced}"));
    assert_eq!(before.bytes, b"newer");
}

#[test]
fn a_base_that_is_no_longer_the_newest_is_a_conflict() {
    let host = Host::start();
    let client = host.client();
    let base = client.push_files("p", &[("a.md", "1")]).good()["results"][0]["rev"].clone();
    let edit = |text: &str, base: &Value| {
        let mut file = file("a.md", text.as_bytes());
        file["base"] = base.clone();
        json!({ "files": [file] })
    };
    let with_another = |mut push: Value| {
        let files = push["files"].as_array_mut().unwrap();
        files.insert(0, file("b.md", b"sound"));
        push
    };
    let current = client.push("p", &edit("2", &base)).good()["results"][0]["rev"].clone();
    let conflict = client
        .push("p", &with_another(edit("3", &base)))
        .failed(409, "conflict");
    assert_eq!(conflict["conflicts"][0]["current"]["rev"], current);
    assert_eq!(
        conflict["conflicts"][0]["current"]["checksum"],
        sha256(b"2")
    );
    // A retry after a lost answer finds its own content.
    assert_eq!(
        statuses(client.push("p", &edit("2", &base))),
        ["a.md unchanged"]
    );
    let stale_delete = json!({ "files": [], "deletions": [{ "path": "a.md", "base": base }] });
    client
        .push("p", &with_another(stale_delete))
        .failed(409, "conflict");
    let files = client.pull_all("p", 100);
    assert_eq!((files.len(), &*content(&files[0])), (1, &b"2"[..]));
}

#[test]
fn a_file_too_large_is_named_with_the_limit() {
    let host = Host::with(&[("MAX_FILE_SIZE", "10")]);
    host.client()
        .push_files("p", &[("ok", "0123456789")])
        .good();
    let answer = host
        .client()
        .push_files("p", &[("big", "01234567890")])
        .failed(413, "file_too_large");
    assert_eq!(
        (&answer["path"], &answer["limit"]),
        (&json!("big"), &json!(10))
    );
    assert!(answer["error"].as_str().unwrap().contains("MAX_FILE_SIZE"));
}

#[test]
fn a_full_project_takes_changes_but_no_more_files() {
    let host = Host::with(&[("MAX_FILES_PER_PROJECT", "2")]);
    let client = host.client();
    client.push_files("p", &[("a", "1"), ("b", "2")]).good();
    client
        .push_files("p", &[("c", "3")])
        .failed(507, "project_full");
    client.push_files("p", &[("a", "changed")]).good();
    client
        .push(
            "p",
            &json!({ "files": [file("c", b"3")], "deletions": ["b"] }),
        )
        .good();
    assert_eq!(client.status("p")["fileCount"], 2);
}

#[test]
fn an_empty_and_a_one_megabyte_file_come_back_as_they_were() {
    let host = Host::start();
    let client = host.client();
    let large: String = (0..1 << 20)
        .map(|i| char::from(b' ' + (i * 7 % 90) as u8))
        .collect();
    let sent = [
        ("empty", ""),
        ("crlf", "a\r\nb\r\n"),
        ("ghi chú/🔒.md", "ü"),
        ("large", &large),
    ];
    client.push_files("p", &sent).good();
    let files = client.pull_all("p", 100);
    assert_eq!(files.len(), sent.len());
    for (file, (path, text)) in files.iter().zip(sent) {
        assert_eq!(file["path"], path);
        assert!(content(file) == text.as_bytes(), "{path}");
    }
}

#[test]
fn long_metadata_is_refused_and_absent_metadata_is_not() {
    let host = Host::start();
    let push = |metadata: Value| {
        host.client()
            .push("p", &json!({ "files": [], "metadata": metadata }))
    };
    push(Value::Null).good();
    push(json!({})).good();
    push(json!({ "name": "x".repeat(256) })).good();
    push(json!({ "name": "x".repeat(257) })).failed(400, "bad_request");
    push(json!({ "name": 5 })).failed(400, "bad_request");
}

#[test]
fn curl_without_a_content_type_can_push() {
    let host = Host::start();
    let body = json!({ "files": [file("a", b"x")] }).to_string();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    host.client()
        .send("POST", "/v1/projects/p/sync", &headers, body.as_bytes())
        .good();
}

/// The answer to the first push was lost, and the file was deleted before the retry.
#[test]
fn a_retry_does_not_bring_back_what_was_deleted_meanwhile() {
    let host = Host::start();
    let client = host.client();
    let mut new = file("a.md", b"text");
    new["base"] = json!(0);
    let push = json!({ "files": [new] });
    client.push("p", &push).good();
    let delete = json!({ "files": [], "deletions": ["a.md"] });
    client.push("p", &delete).good();
    client.push("p", &push).failed(409, "conflict");
    assert_eq!(client.status("p")["fileCount"], 0);
}

#[test]
fn more_paths_than_one_statement_can_bind_are_all_looked_up() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("last", "x"), ("zoo/animal", "x")])
        .good();
    // Together, these rows are more than a host returns at once.
    let mut deletions: Vec<String> = (0..430_000).map(|i| format!("never/{i}")).collect();
    deletions.push("last".to_owned());
    let answer = client
        .push("p", &json!({ "files": [], "deletions": deletions }))
        .good();
    assert_eq!(answer["results"][0]["status"], "absent");
    assert_eq!(answer["results"][430_000]["status"], "deleted");
    // Of the longest names, whose answer is three times as long.
    let long = [&*"é".repeat(120); 4].join("/");
    let delete = |count| {
        let mut deletions: Vec<_> = (1..count).map(|i| format!("never/{i}/{long}")).collect();
        deletions.push("zoo/animal".to_owned());
        client.push("p", &json!({ "files": [], "deletions": deletions }))
    };
    delete(40_000).failed(413, "too_much_memory");
    assert_eq!(client.status("p")["fileCount"], 1);
    assert_eq!(delete(34_000).good()["deleted"], 34_000);
    client.push_files("p", &[("zoo/animal", "x")]).good();
    let many = (0..50_000).map(|i| file(&format!("new/{i}"), b"x"));
    let files: Vec<_> = many.chain([file("zoo", b"a file now")]).collect();
    let answer = client
        .push("p", &json!({ "files": files }))
        .failed(422, "bad_path");
    assert_eq!(answer["path"], "zoo");
    assert_eq!(client.status("p")["fileCount"], 1);
}

#[test]
fn an_answer_does_not_grow_with_what_was_sent() {
    let host = Host::start();
    let client = host.client();
    let long = "ü".repeat(1 << 20);
    let mut number = file("a", b"x");
    number["modified"] = json!(long);
    for (entry, status, code) in [
        (file(&long, b"x"), 422, "bad_path"),
        (number, 400, "bad_request"),
    ] {
        let answer = client.push("p", &json!({ "files": [entry] }));
        assert!(answer.bytes.len() < 20_000, "{}", answer.bytes.len());
        answer.failed(status, code);
    }
}
