//! A database of another program in the place of ours.

use std::path::Path;

use rusqlite::Connection;

use support::{Host, argument, finished, run, server, wrapped};

/// Everything that would make tables in it.
fn refused(folder: &Path, files: (&Path, &Path), said: &str) {
    let database = folder.join("sync.db");
    let before = std::fs::read(&database).unwrap();
    let mut start = wrapped(&["timeout", "60"], &server(folder, &[]));
    let start = finished(start.output().unwrap()).failed();
    assert!(start.contains(said), "{start}");
    for arguments in [
        &["key", "add", "laptop", "--scope", "read"][..],
        &["import", "p", argument(files.0)],
        &["move-in", argument(files.1)],
        &["check"],
        &["doctor"],
    ] {
        let refusal = run(&database, arguments).failed();
        assert!(refusal.contains(said), "{arguments:?}: {refusal}");
    }
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_neither_served_nor_written_to() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let tar = host.database().with_file_name("p.tar");
    run(&host.database(), &["export", "p", argument(&tar)]).good();
    let moved = host.database().with_file_name("moved.db");
    run(&host.database(), &["move-out", "p", argument(&moved)]).good();
    for (tables, said) in [
        ("CREATE TABLE mine (x)", "is no database of KamiFlow Sync"),
        (
            "CREATE TABLE project (id); PRAGMA user_version = 20",
            "is no database of KamiFlow Sync",
        ),
        (
            "CREATE TABLE files (x); CREATE TABLE projects (x)",
            "sync.db is the database of the original server: ",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(folder.path().join("sync.db")).unwrap();
        other.execute_batch(tables).unwrap();
        drop(other);
        refused(folder.path(), (&tar, &moved), said);
    }
}

#[test]
fn a_server_that_has_only_counted_has_a_database_to_go_on_with() {
    let host = Host::start();
    host.client().get("/health?deep=1").good();
    let database = host.database();
    let (_, _, folder) = host.stop();
    let tables = "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'";
    let found = |connection: &Connection| connection.query_row(tables, [], |row| row.get(0));
    let counters: rusqlite::Result<String> = found(&Connection::open(&database).unwrap());
    assert!(counters.unwrap().contains("spin_key_value"));
    let host = Host::resume(folder, &[]);
    host.client().push_files("p", &[("a", "one")]).good();
}
