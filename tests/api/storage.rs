//! What is in the database file.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use support::{Host, file};

fn count(database: &Connection, table: &str) -> i64 {
    database
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .unwrap()
}

#[test]
fn every_version_is_kept_and_equal_content_stored_once() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "one"), ("b", "one")]).good();
    client.push_files("p", &[("a", "two")]).good();
    client
        .push("p", &json!({ "files": [], "deletions": ["a"] }))
        .good();
    let database = Connection::open(host.database()).unwrap();
    assert_eq!(
        ["project", "version", "file", "content"].map(|table| count(&database, table)),
        [1, 4, 2, 2]
    );
    let first: Vec<u8> = database
        .query_row(
            "SELECT bytes FROM content JOIN version ON content.id = content ORDER BY rev LIMIT 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(first, b"one");
}

#[test]
fn versions_of_a_path_are_chained() {
    let host = Host::start();
    let client = host.client();
    for text in ["1", "2", "3"] {
        client.push_files("p", &[("a", text)]).good();
    }
    let database = Connection::open(host.database()).unwrap();
    let mut statement = database
        .prepare("SELECT rev, previous FROM version ORDER BY rev")
        .unwrap();
    let chain: Vec<(i64, Option<i64>)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(chain[0].1, None);
    assert_eq!(
        (chain[1].1, chain[2].1),
        (Some(chain[0].0), Some(chain[1].0))
    );
}

#[test]
fn the_database_is_in_wal_mode_and_sound() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = Connection::open(host.database()).unwrap();
    let pragma = |name: &str| {
        database
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    assert_eq!(
        (
            pragma("journal_mode").as_str(),
            pragma("integrity_check").as_str()
        ),
        ("wal", "ok")
    );
}

#[test]
fn wal_mode_is_restored_after_another_program_changed_it() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let path = host.database();
    let (_, _, folder) = host.stop();
    let ask = |statement: &str| -> String {
        let database = Connection::open(&path).unwrap();
        database.query_row(statement, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(ask("PRAGMA journal_mode = DELETE"), "delete");
    let host = Host::resume(folder, &[]);
    assert_eq!(ask("PRAGMA journal_mode"), "wal");
    assert_eq!(host.client().status("p")["fileCount"], 1);
}

#[test]
fn a_stop_leaves_one_file_and_a_new_start_finds_everything() {
    let host = Host::start();
    let files: Vec<_> = (0..200)
        .map(|i| file(&format!("f{i}"), format!("text {i}").as_bytes()))
        .collect();
    host.client().push("p", &json!({ "files": files })).good();
    let before = host.client().status("p");
    let database = host.database();
    let (code, log, folder) = host.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("WARN"), "{log}");
    // The log, and what says that the file lacks it.
    for suffix in ["wal", "log-base"] {
        let path = format!("{}-{suffix}", database.display());
        assert!(!std::fs::exists(&path).unwrap(), "{path}");
    }
    let again = Host::resume(folder, &[]);
    assert_eq!(again.client().status("p"), before);
    assert_eq!(again.client().pull_all("p", 100).len(), 200);
}

#[test]
fn a_held_write_lock_makes_the_server_busy() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = Connection::open(host.database()).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let answer = host.client().push_files("p", &[("a", "two")]);
    assert_eq!(answer.header("retry-after"), "1");
    answer.failed(503, "busy");
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(host.client().status("p")["fileCount"], 1);
    database.execute_batch("ROLLBACK").unwrap();
    host.client().push_files("p", &[("a", "two")]).good();
}

#[test]
fn a_writer_waits_for_the_lock_to_be_released() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = Connection::open(host.database()).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        // The one request that does not wait in the write queue of the host.
        let deleted = scope.spawn(|| host.client().delete("/v1/projects/p").good());
        std::thread::sleep(Duration::from_secs(1));
        assert!(!deleted.is_finished());
        database.execute_batch("ROLLBACK").unwrap();
        assert_eq!(deleted.join().unwrap()["deleted"], 1);
    });
}

#[test]
fn a_broken_database_reveals_nothing_internal() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    Connection::open(host.database())
        .unwrap()
        .execute_batch("ALTER TABLE version RENAME TO hidden")
        .unwrap();
    let answer = host.client().get("/v1/projects/p/files");
    let text = answer.failed(500, "internal").to_string();
    assert!(
        !text.contains("version") && !text.contains("sqlite"),
        "{text}"
    );
}
