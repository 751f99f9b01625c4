//! `DELETE /v1/projects/:id`

use std::time::{Duration, Instant};

use serde_json::json;

use support::{Client, Host, file};

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

/// Makes a project with 40 MB of content, none of it twice.
fn push_large(client: &Client, project: &str) {
    for number in 0..4 {
        let text = |i: usize| format!("{project} {number} {i} ").repeat(50_000);
        let files: Vec<_> = (0..15)
            .map(|i| file(&format!("{number}/{i}"), text(i).as_bytes()))
            .collect();
        client.push(project, &json!({ "files": files })).good();
    }
}

#[test]
fn others_push_while_a_large_project_is_deleted() {
    let host = Host::start();
    let client = host.client();
    push_large(&client, "large");
    let pushed = std::thread::scope(|scope| {
        let deletion = scope.spawn(|| host.client().delete("/v1/projects/large").good());
        let mut pushed = 0;
        while !deletion.is_finished() {
            let text = pushed.to_string();
            client.push_files("other", &[("a", text.as_str())]).good();
            pushed += 1;
        }
        assert_eq!(deletion.join().unwrap()["deleted"], 60);
        pushed
    });
    assert!(pushed > 5, "{pushed} pushes");
    let database = rusqlite::Connection::open(host.database()).unwrap();
    let count = "SELECT count(*) FROM content WHERE length(bytes) > 10";
    let rows: i64 = database.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn a_deletion_while_a_backup_reads_holds_up_no_push() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "one")]).good();
    let reader = rusqlite::Connection::open(host.database()).unwrap();
    let read = "BEGIN; SELECT count(*) FROM project";
    reader.execute_batch(read).unwrap();
    std::thread::scope(|scope| {
        let deletion = scope.spawn(|| host.client().delete("/v1/projects/p").good());
        for number in 0..20 {
            let (text, began) = (number.to_string(), Instant::now());
            client.push_files("q", &[("a", text.as_str())]).good();
            assert!(began.elapsed() < Duration::from_secs(2));
        }
        assert_eq!(deletion.join().unwrap()["deleted"], 1);
    });
    reader.execute_batch("ROLLBACK").unwrap();
    client.delete("/v1/projects/none").good();
    let log = format!("{}-wal", host.database().display());
    let log = std::fs::metadata(log).unwrap().len();
    assert!(log < 100_000, "{log}");
}

#[test]
fn a_deletion_whose_removal_fails_says_how_many_files_there_were() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "one"), ("b", "two")]).good();
    let database = rusqlite::Connection::open(host.database()).unwrap();
    let fail = "CREATE TRIGGER fail BEFORE DELETE ON content BEGIN SELECT RAISE(ABORT, 'no'); END";
    database.execute_batch(fail).unwrap();
    let answer = client.delete("/v1/projects/p").good();
    assert_eq!(answer["deleted"], 2);
    assert!(client.pull_all("p", 10).is_empty());
    database.execute_batch("DROP TRIGGER fail").unwrap();
    client.delete("/v1/projects/p").good();
    let left = "SELECT count(*) FROM content";
    let left = database.query_row(left, [], |row| row.get::<_, i64>(0));
    assert_eq!(left.unwrap(), 0);
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
