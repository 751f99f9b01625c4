//! A newer program on the database of an older one.

use kamiflow_sync_component::store::{FIRST_SCHEMA, SCHEMA_VERSION, steps};
use rusqlite::Connection;
use serde_json::Value;

use support::{Host, paths, run};

/// The version and all statements of the schema.
fn schema(database: &Connection) -> (i64, Vec<String>) {
    let version = database.query_row("PRAGMA user_version", [], |row| row.get(0));
    let mut select = database
        .prepare(
            "SELECT trim(sql, char(10)) FROM sqlite_schema WHERE sql NOT LIKE '%spin_key_value%' ORDER BY name",
        )
        .unwrap();
    let made = select.query_map([], |row| row.get(0)).unwrap();
    (version.unwrap(), made.map(Result::unwrap).collect())
}

/// A schema that was released.
const OLDER: i64 = 9;

/// The schema before names of files were listed.
const WITHOUT_NAMES: i64 = 13;

/// The statement that drops what a step creates or adds.
fn undo(step: &str) -> String {
    let words: Vec<&str> = step
        .lines()
        .filter(|line| !line.starts_with("--"))
        .flat_map(str::split_whitespace)
        .filter(|word| *word != "UNIQUE")
        .collect();
    match words[..] {
        ["CREATE", kind, name, ..] => format!("DROP {kind} IF EXISTS {name}"),
        ["ALTER", "TABLE", table, "ADD", "COLUMN", name, ..] => {
            format!("ALTER TABLE {table} DROP COLUMN {name}")
        }
        _ => panic!("a step creates or adds something: {step}"),
    }
}

/// Leaves the database as a program that knows the steps up to `version` does.
fn leave_as(database: &Connection, version: i64) {
    let mut later: Vec<_> = steps().filter(|(number, _)| *number > version).collect();
    later.reverse();
    for (_, step) in later {
        database.execute_batch(&undo(step)).unwrap();
    }
    database
        .pragma_update(None, "user_version", version)
        .unwrap();
}

#[test]
fn what_an_older_program_stored_is_served_under_the_new_schema() {
    let host = Host::start();
    host.client()
        .push_files("p", &[("a", "one"), ("b", "two")])
        .good();
    let mut before = host.client().status("p");
    // The names are listed by the next push.
    before["unportable"] = Value::Null;
    let path = host.database();
    let (_, _, folder) = host.stop();
    let database = Connection::open(&path).unwrap();
    let newest = schema(&database);
    leave_as(&database, OLDER);
    assert_ne!(schema(&database), newest);
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().status("p"), before);
    assert_eq!(
        paths(&host.client().pull("p", "since=0")["files"]),
        ["a", "b"]
    );
    assert_eq!(schema(&database), newest);
    host.client().push_files("p", &[("a", "three")]).good();
    run(&path, &["check"]).good();
}

#[test]
fn names_that_were_stored_before_there_was_a_list_of_them_are_listed() {
    let host = Host::start();
    let stored = [("ideas/Todo", "one"), ("ideas/b", "two")];
    host.client().push_files("p", &stored).good();
    let path = host.database();
    let (_, _, folder) = host.stop();
    let database = Connection::open(&path).unwrap();
    let newest = schema(&database);
    leave_as(&database, WITHOUT_NAMES);
    run(&path, &["doctor"]).good();
    run(&path, &["check"]).good();
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().status("p")["unportable"], Value::Null);
    run(&path, &["check"]).good();
    let answer = host.client().push_files("p", &[("ideas/todo", "x")]);
    assert_eq!(answer.good()["warnings"][0]["twins"][0], "ideas/Todo");
    assert_eq!(host.client().status("p")["unportable"], 2);
    assert_eq!(schema(&database).1.len(), newest.1.len());
    run(&path, &["check"]).good();
}

#[test]
fn every_older_schema_becomes_the_newest() {
    let newest = Connection::open_in_memory().unwrap();
    for (number, step) in steps() {
        newest.execute_batch(step).unwrap();
        newest.pragma_update(None, "user_version", number).unwrap();
    }
    // 0 is a new file.
    for version in [0].into_iter().chain(FIRST_SCHEMA..SCHEMA_VERSION) {
        let folder = tempfile::tempdir().unwrap();
        let older = Connection::open(folder.path().join("sync.db")).unwrap();
        for (number, step) in steps().filter(|(number, _)| *number <= version) {
            older.execute_batch(step).unwrap();
            older.pragma_update(None, "user_version", number).unwrap();
        }
        let host = Host::resume(folder, &[]);
        host.client().push_files("p", &[("a", "one")]).good();
        assert_eq!(schema(&older), schema(&newest), "from {version}");
    }
}
