//! `restore`

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use tempfile::TempDir;

use support::{Host, argument, command, content, finished, paths, root, run, server};

/// A stopped server whose database has one file more than its backup.
fn one_push_behind() -> (TempDir, PathBuf, PathBuf) {
    let host = Host::start();
    let (database, backup) = (host.database(), host.database().with_file_name("backup.db"));
    host.client().push_files("p", &[("old", "one")]).good();
    run(&database, &["backup", argument(&backup)]).good();
    host.client().push_files("p", &[("new", "two")]).good();
    host.client().push_files("q", &[("other", "three")]).good();
    let (_, _, folder) = host.stop();
    (folder, database, backup)
}

fn last_rev(database: &Path, id: &str) -> i64 {
    let numbers = "SELECT max(last_rev) FROM (SELECT id, last_rev FROM project
        UNION ALL SELECT id, last_rev FROM retired) WHERE id = ?1";
    Connection::open(database)
        .unwrap()
        .query_row(numbers, [id], |row| row.get(0))
        .unwrap()
}

fn epoch(database: &Path) -> i64 {
    Connection::open(database)
        .unwrap()
        .query_row("SELECT epoch FROM project WHERE id = 'p'", [], |row| {
            row.get(0)
        })
        .unwrap()
}

#[test]
fn a_restored_backup_serves_what_it_holds_and_the_previous_database_is_kept() {
    let (folder, database, backup) = one_push_behind();
    let out = run(&database, &["restore", argument(&backup)]).good();
    let kept = out
        .lines()
        .find_map(|line| line.strip_prefix("The previous database is kept as "));
    let kept = PathBuf::from(kept.unwrap_or_else(|| panic!("{out}")));
    let files: i64 = Connection::open(&kept)
        .unwrap()
        .query_row("SELECT count(*) FROM file", [], |row| row.get(0))
        .unwrap();
    assert_eq!(files, 3);
    let host = Host::resume(folder, &[]);
    let page = host.client().pull("p", "since=0");
    assert_eq!(paths(&page["files"]), ["old"]);
    assert_eq!(host.client().status("q")["fileCount"], 0);
    run(&host.database(), &["check"]).good();
}

#[test]
fn no_rev_is_assigned_twice_and_devices_must_resync() {
    let (_folder, database, backup) = one_push_behind();
    let (p, q, before) = (
        last_rev(&database, "p"),
        last_rev(&database, "q"),
        epoch(&database),
    );
    run(&database, &["restore", argument(&backup)]).good();
    assert_eq!((last_rev(&database, "p"), last_rev(&database, "q")), (p, q));
    assert_ne!(epoch(&database), before);
    assert_eq!(epoch(&backup), before, "the backup itself stays as it is");
}

#[test]
fn a_cursor_from_before_the_restore_must_resync() {
    let (folder, database, backup) = one_push_behind();
    let host = Host::resume(folder, &[]);
    let cursor = host.client().status("p")["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, _, folder) = host.stop();
    run(&database, &["restore", argument(&backup)]).good();
    let host = Host::resume(folder, &[]);
    let changes = format!("/v1/projects/p/changes?since={cursor}");
    host.client().get(&changes).failed(410, "resync_required");
}

#[test]
fn a_stale_log_is_not_applied_to_the_restored_file() {
    let host = Host::start();
    let (database, backup) = (host.database(), host.database().with_file_name("backup.db"));
    host.client().push_files("p", &[("old", "one")]).good();
    run(&database, &["backup", argument(&backup)]).good();
    host.client().push_files("p", &[("new", "two")]).good();
    // As after a crash: the log is not yet in the file.
    let crashed = tempfile::tempdir().unwrap();
    let copy = crashed.path().join("sync.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", database.display());
        std::fs::copy(from, format!("{}{suffix}", copy.display())).unwrap();
    }
    run(&copy, &["restore", argument(&backup)]).good();
    let host = Host::resume(crashed, &[]);
    assert_eq!(paths(&host.client().pull("p", "since=0")["files"]), ["old"]);
}

#[test]
fn a_copy_with_a_log_is_restored_with_its_log() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let machine = tempfile::tempdir().unwrap();
    let copied = machine.path().join("copied.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", host.database().display());
        std::fs::copy(from, format!("{}{suffix}", copied.display())).unwrap();
    }
    run(
        &machine.path().join("sync.db"),
        &["restore", argument(&copied)],
    )
    .good();
    let host = Host::resume(machine, &[]);
    assert_eq!(host.client().status("p")["fileCount"], 1);
}

#[test]
fn a_running_server_is_left_alone() {
    let host = Host::start();
    let (database, backup) = (host.database(), host.database().with_file_name("backup.db"));
    host.client().push_files("p", &[("a", "one")]).good();
    run(&database, &["backup", argument(&backup)]).good();
    let refusal = run(&database, &["restore", argument(&backup)]).failed();
    assert!(refusal.contains("stop it first"), "{refusal}");
    assert_eq!(host.client().status("p")["fileCount"], 1);
}

#[test]
fn another_program_that_has_the_database_open_is_noticed() {
    let (_folder, database, backup) = one_push_behind();
    let other = Connection::open(&database).unwrap();
    other
        .query_row("SELECT count(*) FROM file", [], |_| Ok(()))
        .unwrap();
    let refusal = run(&database, &["restore", argument(&backup)]).failed();
    assert!(refusal.contains("stop it first"), "{refusal}");
    drop(other);
    run(&database, &["restore", argument(&backup)]).good();
}

#[test]
fn a_damaged_or_foreign_or_newer_file_changes_nothing() {
    let (folder, database, backup) = one_push_behind();
    let edit = |name: &str, statement: &str| {
        let bad = folder.path().join(name);
        std::fs::copy(&backup, &bad).unwrap();
        Connection::open(&bad)
            .unwrap()
            .execute_batch(statement)
            .unwrap();
        bad
    };
    let text = folder.path().join("notes.md");
    std::fs::write(&text, "no database at all ".repeat(300)).unwrap();
    let cut = folder.path().join("cut.db");
    let bytes = std::fs::read(&backup).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let before = std::fs::read(&database).unwrap();
    for (bad, reason) in [
        (
            edit("1.db", "UPDATE content SET bytes = x'00'"),
            "is damaged",
        ),
        (
            edit("2.db", "PRAGMA user_version = 99999"),
            "is newer than this program",
        ),
        (
            edit("3.db", "PRAGMA user_version = 0"),
            "is no database of KamiFlow Sync",
        ),
        (text, "notes.md"),
        (cut, "cut.db"),
        (folder.path().join("missing.db"), "there is no file"),
    ] {
        let refusal = run(&database, &["restore", argument(&bad)]).failed();
        assert!(refusal.contains(reason), "{refusal}");
        assert_eq!(std::fs::read(&database).unwrap(), before, "{reason}");
    }
}

#[test]
fn nothing_that_a_tampered_backup_brings_along_runs() {
    let (_folder, database, backup) = one_push_behind();
    let before = std::fs::read(&database).unwrap();
    for tamper in [
        "CREATE TRIGGER evil AFTER UPDATE ON project BEGIN DELETE FROM file; END",
        "DROP TRIGGER newest_version; CREATE TRIGGER newest_version AFTER UPDATE ON project BEGIN DELETE FROM file; END",
        "ALTER TABLE project RENAME TO aside; CREATE VIEW project AS SELECT * FROM aside",
    ] {
        let bad = database.with_file_name("bad.db");
        std::fs::copy(&backup, &bad).unwrap();
        Connection::open(&bad)
            .unwrap()
            .execute_batch(tamper)
            .unwrap();
        let refusal = run(&database, &["restore", argument(&bad)]).failed();
        assert!(refusal.contains("bad.db is damaged: the "), "{refusal}");
        assert_eq!(std::fs::read(&database).unwrap(), before);
    }
}

#[test]
fn a_damaged_database_can_be_replaced() {
    let (folder, database, backup) = one_push_behind();
    std::fs::write(&database, "no database any more ".repeat(300)).unwrap();
    let finished = run(&database, &["restore", argument(&backup)]);
    assert_eq!(finished.err.lines().count(), 4, "{finished:?}");
    let reason = format!("cannot be read: {} is not a database", database.display());
    for once in [&reason, "moved out", "key list", "clock"] {
        assert_eq!(finished.err.matches(once).count(), 1, "{finished:?}");
    }
    assert!(!finished.err.contains("Error code"), "{finished:?}");
    finished.good();
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().status("p")["fileCount"], 1);
}

#[test]
fn a_new_machine_needs_nothing_but_the_backup() {
    let (_folder, _, backup) = one_push_behind();
    let machine = tempfile::tempdir().unwrap();
    let database = machine.path().join("sync.db");
    let out = run(&database, &["restore", argument(&backup)]).good();
    assert!(!out.contains("is kept as"), "{out}");
    let host = Host::resume(machine, &[]);
    let page = host.client().pull("p", "since=0");
    assert_eq!(paths(&page["files"]), ["old"]);
    assert_eq!(content(&page["files"][0]), b"one");
}

#[test]
fn a_restore_by_root_keeps_the_owner() {
    let (_folder, database, backup) = one_push_behind();
    let folder = database.parent().unwrap();
    // Only root can do this.
    if std::os::unix::fs::chown(folder, Some(65532), Some(65532)).is_ok() {
        run(&database, &["restore", argument(&backup)]).good();
        assert_eq!(database.metadata().unwrap().uid(), 65532);
        assert_eq!(
            database
                .with_file_name("sync.db-lock")
                .metadata()
                .unwrap()
                .uid(),
            65532
        );
    }
}

/// The names and modes of the files in a folder, sorted.
fn files(folder: &Path) -> Vec<(String, u32)> {
    let entries = folder.read_dir().unwrap().map(Result::unwrap);
    let files = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, entry.metadata().unwrap().mode() & 0o777)
    });
    let mut files: Vec<_> = files.collect();
    files.sort_unstable();
    files
}

#[test]
fn a_restore_leaves_private_files_and_nothing_unfinished() {
    let (_folder, database, backup) = one_push_behind();
    let machine = tempfile::tempdir().unwrap();
    let (target, log) = (
        machine.path().join("sync.db"),
        database.with_file_name("backup.db-wal"),
    );
    // A log of another database is not used, and not left behind either.
    std::fs::write(&log, vec![0xa5; 100_000]).unwrap();
    for attempt in 0..2 {
        let restore = command(&target, &["restore", argument(&backup)]);
        let mut loose = Command::new("sh");
        loose.args(["-c", "umask 0; exec \"$0\" \"$@\""]);
        loose.arg(restore.get_program()).args(restore.get_args());
        loose.env("DB_PATH", &target).current_dir(root());
        finished(loose.output().unwrap()).good();
        let left = files(machine.path());
        assert!(left.iter().all(|(_, mode)| *mode == 0o600), "{left:?}");
        assert_eq!(left.len(), 2 + attempt, "{left:?}");
        assert!(
            !left.iter().any(|(name, _)| name.contains(".part")),
            "{left:?}"
        );
    }
}

#[test]
fn a_link_to_the_database_stays_a_link() {
    let (folder, database, backup) = one_push_behind();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&database, &link).unwrap();
    run(&link, &["restore", argument(&backup)]).good();
    assert!(link.is_symlink());
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().status("p")["fileCount"], 1);
    let refusal = run(&link, &["restore", argument(&backup)]).failed();
    assert!(refusal.contains("stop it first"), "{refusal}");
}

#[test]
fn a_server_or_an_import_does_not_start_while_a_restore_runs() {
    let (folder, database, _) = one_push_behind();
    // As a restore locks it.
    let restoring = File::options()
        .write(true)
        .open(database.with_file_name("sync.db-lock"))
        .unwrap();
    restoring.try_lock().unwrap();
    std::fs::rename(&database, folder.path().join("aside.db")).unwrap();
    let old = folder.path().join("old.db");
    let legacy = "CREATE TABLE files (x); CREATE TABLE projects (project_id)";
    Connection::open(&old)
        .unwrap()
        .execute_batch(legacy)
        .unwrap();
    for attempt in [
        finished(server(folder.path(), &[]).output().unwrap()),
        run(&database, &["import-legacy", argument(&old)]),
    ] {
        let refusal = attempt.failed();
        assert!(refusal.contains("is being restored"), "{refusal}");
        assert!(!database.exists(), "nothing is made in its way");
    }
    std::fs::rename(folder.path().join("aside.db"), &database).unwrap();
    drop(restoring);
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().status("p")["fileCount"], 2);
}
