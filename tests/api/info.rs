//! `GET /v1/info` and `GET /v1/projects`

use serde_json::{Value, json};

use support::{Host, file};

#[test]
fn info_names_the_protocol_and_the_capabilities() {
    let host = Host::start();
    let info = host.client().get("/v1/info").good();
    assert_eq!(
        (&info["name"], &info["version"], &info["protocol"]),
        (
            &json!("kamiflow-sync"),
            &json!(env!("CARGO_PKG_VERSION")),
            &json!(2)
        )
    );
    assert_eq!(
        info["capabilities"],
        json!([
            "base",
            "changes",
            "diff",
            "digest",
            "events",
            "files",
            "gzip",
            "history",
            "keys",
            "manifest",
            "openapi",
            "portability",
            "purge",
            "restore",
            "wait",
        ])
    );
}

#[test]
fn info_lists_every_limit_in_force() {
    let host = Host::with(&[
        ("MAX_BODY_SIZE", "2000001"),
        ("MAX_FILE_SIZE", "1000002"),
        ("MAX_FILES_PER_PROJECT", "103"),
        ("RATE_LIMIT_MAX_REQUESTS", "104"),
        ("RATE_LIMIT_WINDOW_MS", "100005"),
        ("HISTORY_DAYS", "6"),
        ("HISTORY_VERSIONS", "7"),
        ("HISTORY_DELETED_DAYS", "8"),
        ("SYNC_FOLDERS", "ideas,tasks"),
        ("PORTABLE_PATHS", "refuse"),
    ]);
    assert_eq!(
        host.client().get("/v1/info").good()["limits"],
        json!({
            "maxBodySize": 2_000_001,
            "maxFileSize": 1_000_002,
            "maxFilesPerProject": 103,
            "maxPageFiles": 1000,
            "maxPageBytes": 8 << 20,
            "rateLimitMaxRequests": 104,
            "rateLimitWindowMs": 100_005,
            "historyDays": 6,
            "historyVersions": 7,
            "historyDeletedDays": 8,
            "syncFolders": ["ideas", "tasks"],
            "portablePaths": "refuse",
        })
    );
}

#[test]
fn info_and_the_list_of_projects_need_the_key() {
    let host = Host::start();
    for path in ["/v1/info", "/v1/projects"] {
        host.anonymous().get(path).failed(401, "unauthenticated");
        host.with_key(Some("a wrong key"))
            .get(path)
            .failed(403, "forbidden");
    }
}

#[test]
fn projects_are_listed_in_order_of_id_with_counts_and_sizes() {
    let host = Host::start();
    let client = host.client();
    assert_eq!(client.get("/v1/projects").good(), json!({ "projects": [] }));
    client.push_files("b", &[("a", "12345"), ("b", "1")]).good();
    let metadata = json!({ "name": "Notes", "gitRepo": "https://example.org/notes" });
    client
        .push(
            "ghi%20ch%C3%BA",
            &json!({ "files": [], "metadata": metadata }),
        )
        .good();
    client.push_files("a", &[("a", "x")]).good();
    client.push_files("B", &[("a", "x")]).good();
    let projects = client.get("/v1/projects").good()["projects"].clone();
    let ids: Vec<&Value> = projects
        .as_array()
        .unwrap()
        .iter()
        .map(|project| &project["id"])
        .collect();
    assert_eq!(ids, ["B", "a", "b", "ghi chú"]);
    assert_eq!(
        projects[2],
        json!({
            "id": "b",
            "name": null,
            "gitRepo": null,
            "fileCount": 2,
            "totalSize": 6,
            "lastSync": client.status("b")["lastSync"],
        })
    );
    assert_eq!(
        (&projects[3]["name"], &projects[3]["gitRepo"]),
        (&metadata["name"], &metadata["gitRepo"])
    );
}

#[test]
fn any_number_of_projects_with_long_names_is_listed_in_pages() {
    let host = Host::start();
    let client = host.client();
    client.push_files("first", &[("a", "x")]).good();
    // A push for each would take minutes.
    let more = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
        INSERT INTO project SELECT NULL, format('%06d', i), ?1, ?2, last_rev, epoch, head, tag,
          file_count, total_size, digest, swept_at, swept_to, unportable FROM n CROSS JOIN project WHERE id = 'first'";
    let database = rusqlite::Connection::open(host.database()).unwrap();
    let names = ["€".repeat(256), "\u{1}".repeat(2048)];
    database.execute(more, names).unwrap();
    for limit in ["", "&limit=10000", "&limit=100"] {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("/v1/projects?after={after}{limit}"));
            let page = page.good();
            let projects = page["projects"].as_array().unwrap().iter();
            ids.extend(projects.map(|project| project["id"].as_str().unwrap().to_owned()));
            after = ids.last().unwrap().clone();
            if page.get("hasMore").is_none() {
                break;
            }
        }
        assert_eq!(ids.len(), 12_001);
        assert!(ids.is_sorted() && ids.last().unwrap() == "first");
    }
}

#[test]
fn a_deleted_project_is_not_listed_and_an_emptied_one_is() {
    let host = Host::start();
    let client = host.client();
    for id in ["emptied", "deleted"] {
        client.push_files(id, &[("a", "x")]).good();
    }
    client.delete("/v1/projects/deleted").good();
    let nothing = json!({ "files": [], "deletions": ["a"] });
    client.push("emptied", &nothing).good();
    let projects = client.get("/v1/projects").good()["projects"].clone();
    assert_eq!(projects.as_array().unwrap().len(), 1);
    assert_eq!(
        (&projects[0]["id"], &projects[0]["fileCount"]),
        (&json!("emptied"), &json!(0))
    );
}

#[test]
fn a_status_has_the_cursor_and_the_digest_of_the_whole_tree() {
    let host = Host::start();
    let client = host.client();
    let pushed = client
        .push("p", &json!({ "files": [file("a", b"x")] }))
        .good();
    let status = client.status("p");
    assert_eq!(status["cursor"], pushed["cursor"]);
    assert_eq!(status["digest"].as_str().unwrap().len(), 64);
}
