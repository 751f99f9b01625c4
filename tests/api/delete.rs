//! `DELETE /v1/projects/:id`

use support::Host;

#[test]
fn delete_returns_the_number_of_files_and_leaves_no_rows() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a.md", "one"), ("b.md", "two")])
        .good();
    client.push_files("other", &[("a.md", "one")]).good();
    assert_eq!(client.delete("/v1/projects/p").good()["deleted"], 2);
    assert_eq!(client.delete("/v1/projects/p").good()["deleted"], 0);
    assert_eq!(client.pull_all("p", 100).len(), 0);
    assert_eq!(client.status("p")["lastSync"], serde_json::Value::Null);
    assert_eq!(client.pull_all("other", 100).len(), 1);
    let database = rusqlite::Connection::open(host.database()).unwrap();
    for table in ["project", "file", "version", "content"] {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = database.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1, "only that of the other in {table}");
    }
}

#[test]
fn revs_go_on_after_a_deletion() {
    let host = Host::start();
    let client = host.client();
    let rev = |text: &str| {
        client.push_files("p", &[("a.md", text)]).good()["results"][0]["rev"]
            .as_i64()
            .unwrap()
    };
    let before = rev("one");
    client.delete("/v1/projects/p").good();
    // No rev is assigned twice even when the clock is far behind.
    let database = rusqlite::Connection::open(host.database()).unwrap();
    database
        .execute("UPDATE retired SET last_rev = last_rev + 3600000000", [])
        .unwrap();
    assert!(rev("two") > before + 3_600_000_000);
}

#[test]
fn deleted_content_is_erased_from_the_database_files() {
    let host = Host::start();
    let client = host.client();
    let secret = "a very secret sentence ".repeat(400);
    client.push_files("p", &[("a.md", &secret)]).good();
    client.delete("/v1/projects/p").good();
    for suffix in ["", "-wal"] {
        let path = format!("{}{suffix}", host.database().display());
        let bytes = std::fs::read(path).unwrap_or_default();
        let found = bytes
            .windows(21)
            .any(|window| window == b"a very secret sentenc");
        assert!(!found, "the content is still in sync.db{suffix}");
    }
}
