//! Names that Windows, macOS and Linux cannot all hold in one tree: `PORTABLE_PATHS`, `warnings` of a
//! push, the count in the status, and `GET /v1/projects/:id/portability`.

use serde_json::{Value, json};

use support::{Client, Host, encode, file};

/// Path, problems and twins of each name, as `ideas/a? character`.
fn told(names: &Value) -> Vec<String> {
    let words = |list: &Value| {
        let words = list.as_array().unwrap().iter();
        let words: Vec<_> = words.map(|word| word.as_str().unwrap()).collect();
        words.join(",")
    };
    let line = |name: &Value| {
        let path = name["path"].as_str().unwrap();
        let line = format!(
            "{path} {} {}",
            words(&name["problems"]),
            words(&name["twins"])
        );
        line.trim_end().to_owned()
    };
    names.as_array().unwrap().iter().map(line).collect()
}

/// The whole list in pages, which is as long as the status says.
fn listed(client: &Client, limit: usize) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let query = format!("portability?limit={limit}&after={}", encode(&after));
        let page = client.ask("p", &query).good();
        all.extend(told(&page["names"]));
        if page["hasMore"] != true {
            assert_eq!(client.status("p")["unportable"], all.len());
            return all;
        }
        let last = page["names"].as_array().unwrap().last().unwrap();
        after = last["path"].as_str().unwrap().to_owned();
    }
}

#[test]
fn what_some_system_cannot_hold_is_stored_and_reported() {
    let host = Host::start();
    let client = host.client();
    assert_eq!(client.status("p")["unportable"], 0);
    assert_eq!(client.ask("p", "portability").good()["names"], json!([]));
    let sound = client.push_files("p", &[("ideas/todo.md", "x"), ("ideas/é.md", "x")]);
    assert_eq!(sound.good()["warnings"], json!([]));
    for (path, warnings) in [
        ("ideas/Todo.md", &["ideas/Todo.md twin ideas/todo.md"][..]),
        (
            "ideas/What is an Algorithm?.md",
            &["ideas/What is an Algorithm?.md character"],
        ),
        ("ideas/NUL.txt", &["ideas/NUL.txt device"]),
        ("ideas/a.", &["ideas/a. ending"]),
        ("ideas/e\u{301}.md", &["ideas/e\u{301}.md twin ideas/é.md"]),
        (
            "ideas/todo.MD/part.md",
            &["ideas/todo.MD twin ideas/Todo.md,ideas/todo.md"],
        ),
        ("ideas/fine.md", &[]),
        ("Ideas/b.md", &["Ideas twin ideas"]),
        ("ideas/fine.md", &["ideas twin Ideas"]),
    ] {
        let answer = client.push_files("p", &[(path, "x")]).good();
        assert_eq!(told(&answer["warnings"]), warnings, "{path}");
    }
    let all = [
        "Ideas twin ideas",
        "ideas twin Ideas",
        "ideas/a. ending",
        "ideas/NUL.txt device",
        "ideas/Todo.md twin ideas/todo.MD,ideas/todo.md",
        "ideas/todo.MD twin ideas/Todo.md,ideas/todo.md",
        "ideas/todo.md twin ideas/Todo.md,ideas/todo.MD",
        "ideas/What is an Algorithm?.md character",
        "ideas/e\u{301}.md twin ideas/é.md",
        "ideas/é.md twin ideas/e\u{301}.md",
    ];
    for limit in [1, 3, 10, 1000] {
        assert_eq!(listed(&client, limit), all, "{limit}");
    }
    // Any of them can be deleted, and what is left of a pair is fine.
    let deletions = [
        "ideas/Todo.md",
        "ideas/é.md",
        "Ideas/b.md",
        "ideas/a.",
        "ideas/NUL.txt",
    ];
    for path in deletions {
        let body = json!({ "files": [], "deletions": [path] });
        assert_eq!(client.push("p", &body).good()["warnings"], json!([]));
    }
    let left = [
        "ideas/todo.MD twin ideas/todo.md",
        "ideas/todo.md twin ideas/todo.MD",
        "ideas/What is an Algorithm?.md character",
    ];
    assert_eq!(listed(&client, 1000), left);
    client.delete("/v1/projects/p").good();
    assert_eq!(listed(&client, 1000), [""; 0]);
}

#[test]
fn what_some_system_cannot_hold_is_refused() {
    let host = Host::with(&[("PORTABLE_PATHS", "refuse")]);
    let client = host.client();
    client
        .push_files("p", &[("ideas/Plan.md", "x"), ("ideas/b/c.md", "x")])
        .good();
    for (path, refused, problem, twins) in [
        (
            "ideas/plan.md",
            "ideas/plan.md",
            "twin",
            &["ideas/Plan.md"][..],
        ),
        (
            "ideas/plan.md/part.md",
            "ideas/plan.md",
            "twin",
            &["ideas/Plan.md"],
        ),
        ("ideas/B/d.md", "ideas/B", "twin", &["ideas/b"]),
        ("ideas/a?.md", "ideas/a?.md", "character", &[]),
        ("ideas/com1.md", "ideas/com1.md", "device", &[]),
    ] {
        let answer = client.push_files("p", &[("ideas/x.md", "x"), (path, "x")]);
        let answer = answer.failed(422, "unportable_path");
        assert_eq!(answer["path"], refused);
        assert_eq!(
            (&answer["problems"], &answer["twins"]),
            (&json!([problem]), &json!(twins))
        );
        let sentence = answer["error"].as_str().unwrap();
        assert!(
            sentence.contains("PORTABLE_PATHS") && sentence.contains(refused),
            "{sentence}"
        );
    }
    assert_eq!(client.status("p")["fileCount"], 2);
    // Both in one push.
    client
        .push_files("p", &[("ideas/New", "x"), ("ideas/new", "x")])
        .failed(422, "unportable_path");
    let rename = json!({ "files": [file("ideas/plan.md", b"x")], "deletions": ["ideas/Plan.md"] });
    assert_eq!(client.push("p", &rename).good()["warnings"], json!([]));
    assert_eq!(listed(&client, 10), [""; 0]);
}

#[test]
fn what_is_stored_already_can_be_changed_and_deleted_although_it_would_be_refused() {
    let host = Host::start();
    let stored = [
        ("ideas/Todo.md", "x"),
        ("ideas/todo.md", "x"),
        ("ideas/a?.md", "x"),
    ];
    host.client().push_files("p", &stored).good();
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, &[("PORTABLE_PATHS", "refuse")]);
    let client = host.client();
    let edited = [("ideas/Todo.md", "y"), ("ideas/a?.md", "y")];
    let answer = client.push_files("p", &edited).good();
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 2);
    let delete = json!({ "files": [], "deletions": ["ideas/Todo.md", "ideas/a?.md"] });
    client.push("p", &delete).good();
    assert_eq!(listed(&client, 10), [""; 0]);
    let before = json!({ "at": client.history("p", "ideas/Todo.md")[1]["stored_at"] });
    client
        .post("/v1/projects/p/restore", &before)
        .failed(422, "unportable_path");
}

#[test]
fn what_was_stored_before_is_reported() {
    let host = Host::start();
    let stored = [
        ("ideas/Todo.md", "x"),
        ("ideas/todo.md", "x"),
        ("ideas/a", "x"),
    ];
    host.client().push_files("p", &stored).good();
    host.client().push_files("q", &stored).good();
    let database = rusqlite::Connection::open(host.database()).unwrap();
    // As the migration of a database of an older program leaves it.
    database
        .execute_batch("DELETE FROM live_name; UPDATE project SET unportable = NULL")
        .unwrap();
    let client = host.client();
    let status = client.ask("p", "status");
    assert_eq!(status.json["unportable"], Value::Null);
    let twins = [
        "ideas/Todo.md twin ideas/todo.md",
        "ideas/todo.md twin ideas/Todo.md",
    ];
    assert_eq!(listed(&client, 10), twins);
    let tag = status.header("etag").to_owned();
    let known = [("if-none-match", &*tag)];
    let again = client.send("GET", "/v1/projects/p/status", &known, b"");
    assert_eq!(again.status, 200);
    let answer = client.push_files("q", &[("ideas/A", "x")]).good();
    assert_eq!(told(&answer["warnings"]), ["ideas/A twin ideas/a"]);
    assert_eq!(client.status("q")["unportable"], 4);
}

#[test]
fn a_restore_warns_as_a_push_does() {
    let host = Host::start();
    let client = host.client();
    let rev = support::first_rev(client.push_files("p", &[("ideas/con.md", "x")]));
    client
        .push("p", &json!({ "files": [], "deletions": ["ideas/con.md"] }))
        .good();
    for dry_run in [true, false] {
        let whole = json!({ "at": rev as f64 / 1000.0, "dry_run": dry_run });
        let restored = client.post("/v1/projects/p/restore", &whole).good();
        assert_eq!(told(&restored["warnings"]).len(), 1, "{restored}");
    }
    let one = json!({ "path": "ideas/con.md", "rev": rev });
    let restored = client.post("/v1/projects/p/restore", &one).good();
    assert_eq!(told(&restored["warnings"]).len(), 1, "{restored}");
}

/// Other pushes of the same size are as fast as before: names are found by an index.
#[test]
fn a_large_project_has_its_names_in_an_index() {
    let host = Host::start();
    let client = host.client();
    let many: Vec<Value> = (0..10_000)
        .map(|i| file(&format!("ideas/Folder {}/Note {i}.md", i % 100), b"x"))
        .collect();
    let answer = client.push("p", &json!({ "files": many })).good();
    assert_eq!(answer["warnings"], json!([]));
    let answer = client.push_files("p", &[("ideas/folder 7/note 7.md", "x")]);
    assert_eq!(
        told(&answer.good()["warnings"]),
        [
            "ideas/folder 7 twin ideas/Folder 7",
            "ideas/folder 7/note 7.md twin ideas/Folder 7/Note 7.md"
        ]
    );
    assert_eq!(client.status("p")["unportable"], 4);
}
