//! Commands that read change nothing of a database whose server was killed.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use support::{Host, argument, run};

fn content(database: &Path) -> [Vec<u8>; 2] {
    let log = format!("{}-wal", database.display());
    [database, Path::new(&log)].map(|file| std::fs::read(file).unwrap())
}

#[test]
fn a_log_that_a_killed_server_left_stays_where_it_is() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let folder = host.kill();
    let (database, target) = (folder.path().join("sync.db"), folder.path().join("target"));
    let before = content(&database);
    assert!(!before[1].is_empty());
    for command in [
        &["check"][..],
        &["key", "list"],
        &["export", "p", argument(&target)],
        &["backup", "--force", argument(&target)],
    ] {
        run(&database, command).good();
        assert!(content(&database) == before, "{command:?}");
    }
    // Whatever else it finds.
    run(&database, &["doctor"]);
    assert!(content(&database) == before);
    refused_and_left(&database);
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().status("p")["fileCount"], 1);
}

/// A database of a newer program.
fn refused_and_left(database: &Path) {
    let newer = tempfile::tempdir().unwrap();
    let newer = newer.path().join("sync.db");
    let copy = ["", "-wal"].map(|suffix| format!("{}{suffix}", newer.display()));
    for (copy, bytes) in copy.iter().zip(content(database)) {
        std::fs::write(copy, bytes).unwrap();
    }
    let open = Connection::open(&newer).unwrap();
    open.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    open.pragma_update(None, "user_version", 99_999).unwrap();
    drop(open);
    let before = content(&newer);
    let refusal = run(&newer, &["check"]).failed();
    assert!(refusal.contains("is newer than"), "{refusal}");
    assert!(content(&newer) == before && !before[1].is_empty());
}

#[test]
fn nothing_is_left_beside_a_database_that_has_no_log() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let (_, _, folder) = host.stop();
    let copy = tempfile::tempdir().unwrap();
    let database = copy.path().join("sync.db");
    std::fs::copy(folder.path().join("sync.db"), &database).unwrap();
    for command in [&["check"][..], &["key", "list"], &["export", "p", "-"]] {
        run(&database, command).good();
        assert_eq!(copy.path().read_dir().unwrap().count(), 1, "{command:?}");
    }
}
