//! `backup`

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rusqlite::Connection;
use serde_json::json;

use support::{Host, OtherUser, argument, file, run};

#[test]
fn a_backup_of_a_running_server_is_whole_and_private() {
    let host = Host::start();
    host.client()
        .push_files("p", &[("a", "one"), ("b", "two")])
        .good();
    let backup = host.database().with_file_name("backup.db");
    let out = run(&host.database(), &["backup", argument(&backup)]).good();
    assert!(
        out.starts_with("Backed up 1 project, 2 files, 2 versions"),
        "{out}"
    );
    assert_eq!(out.lines().count(), 1);
    assert_eq!(
        backup.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    let status = host.client().status("p");
    let copy = Connection::open(&backup).unwrap();
    let digest: String = copy
        .query_row("SELECT lower(hex(digest)) FROM project", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(status["digest"], digest);
}

#[test]
fn a_backup_during_pushes_is_one_moment_between_two_of_them() {
    let host = Host::start();
    let push = |number: usize| {
        // Each push has ten files, so any other number would be a push in part.
        let files: Vec<_> = (0..10)
            .map(|i| file(&format!("f{number}-{i}"), &vec![b'x'; 20_000 + i]))
            .collect();
        host.client().push("p", &json!({ "files": files })).good();
    };
    push(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pusher = scope.spawn(|| {
            // Limited, in case the other half of the test fails.
            let pushed = (1..1000).take_while(|_| !done.load(Relaxed));
            pushed.inspect(|number| push(*number)).count()
        });
        for number in 0..5 {
            let backup = host
                .database()
                .with_file_name(format!("backup-{number}.db"));
            run(&host.database(), &["backup", argument(&backup)]).good();
            let files: i64 = Connection::open(&backup)
                .unwrap()
                .query_row("SELECT count(*) FROM file", [], |row| row.get(0))
                .unwrap();
            assert!(files > 0 && files % 10 == 0, "{files}");
        }
        done.store(true, Relaxed);
        assert!(pusher.join().unwrap() > 0, "pushes went on meanwhile");
    });
}

#[test]
fn an_existing_file_and_the_database_itself_are_never_overwritten() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = host.database();
    let backup = database.with_file_name("backup.db");
    std::fs::write(&backup, "precious").unwrap();
    let refusal = run(&database, &["backup", argument(&backup)]).failed();
    assert!(refusal.contains("--force"), "{refusal}");
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), "precious");
    run(&database, &["backup", "--force", argument(&backup)]).good();
    let refusal = run(&database, &["backup", "--force", argument(&database)]).failed();
    assert!(refusal.contains("is the database itself"), "{refusal}");
}

#[test]
fn a_damaged_database_makes_no_backup() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let database = host.database();
    Connection::open(&database)
        .unwrap()
        .execute_batch("UPDATE content SET bytes = x'00'")
        .unwrap();
    let backup = database.with_file_name("backup.db");
    let refusal = run(&database, &["backup", argument(&backup)]).failed();
    assert!(refusal.contains("is damaged"), "{refusal}");
    let left: Vec<_> = database.parent().unwrap().read_dir().unwrap().collect();
    let left = left.into_iter().map(|entry| entry.unwrap().file_name());
    assert!(
        left.into_iter()
            .all(|name| !argument(name.as_ref()).contains("backup"))
    );
}

#[test]
fn a_torn_page_makes_no_backup() {
    let host = Host::start();
    let text = "x".repeat(100_000);
    host.client().push_files("p", &[("a", &text)]).good();
    let database = host.database();
    let (_, _, folder) = host.stop();
    let mut bytes = std::fs::read(&database).unwrap();
    // Among the pages of the content, which are the last.
    let torn = bytes.len() - 3 * 4096;
    bytes[torn..torn + 4096].fill(0);
    std::fs::write(&database, bytes).unwrap();
    let backup = folder.path().join("backup.db");
    let refusal = run(&database, &["backup", argument(&backup)]).failed();
    assert!(refusal.contains("the database is damaged"), "{refusal}");
    assert!(!names(folder.path()).concat().contains("backup"));
}

#[test]
fn a_backup_has_neither_free_pages_nor_what_was_deleted() {
    let host = Host::start();
    let client = host.client();
    let text = "a sentence of the deleted project ".repeat(100_000);
    client.push_files("large", &[("a", &text)]).good();
    client.push_files("small", &[("a", "one")]).good();
    client.delete("/v1/projects/large").good();
    let backup = host.database().with_file_name("backup.db");
    run(&host.database(), &["backup", argument(&backup)]).good();
    let bytes = std::fs::read(&backup).unwrap();
    assert!(bytes.len() < 200_000, "{}", bytes.len());
    let deleted = b"of the deleted project";
    assert!(!bytes.windows(deleted.len()).any(|part| part == deleted));
    run(&backup, &["check"]).good();
}

/// Where nothing can be written, for example on a disk that is mounted read-only.
#[test]
fn a_backup_can_be_checked_by_whoever_can_only_read_it() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    run(&host.database(), &["backup", argument(&backup)]).good();
    for (path, mode) in [(folder.path(), 0o755), (&backup, 0o644)] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    if let Some(user) = OtherUser::new(65532) {
        let checked = user.run(&backup, &["check"]).good();
        assert!(checked.starts_with("No damage"), "{checked}");
    }
}

#[test]
fn a_database_of_another_program_is_not_backed_up() {
    let folder = tempfile::tempdir().unwrap();
    let (database, backup) = (folder.path().join("x.db"), folder.path().join("y.db"));
    let refusal = run(&database, &["backup", argument(&backup)]).failed();
    assert!(refusal.contains("there is no database"), "{refusal}");
    // As the first request to a new server leaves it for a moment.
    let other = Connection::open(&database).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    let refusal = run(&database, &["backup", argument(&backup)]).failed();
    assert!(refusal.contains("has no tables yet: "), "{refusal}");
    other.execute_batch("CREATE TABLE other (x)").unwrap();
    let refusal = run(&database, &["backup", argument(&backup)]).failed();
    assert!(
        refusal.contains("is no database of KamiFlow Sync"),
        "{refusal}"
    );
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

#[test]
fn a_folder_keeps_the_newest_backups_and_files_of_others() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let old = ["20250101T000000Z", "20250102T000000Z", "20250103T000000Z"];
    for time in old {
        std::fs::write(folder.path().join(format!("kamiflow-sync-{time}.db")), "").unwrap();
    }
    std::fs::write(folder.path().join("kamiflow-sync-mine.db"), "").unwrap();
    // An interrupted run left this.
    let unfinished = "kamiflow-sync-20250104T000000Z.db.part";
    std::fs::write(folder.path().join(unfinished), "").unwrap();
    run(
        &host.database(),
        &["backup", argument(folder.path()), "--keep", "2"],
    )
    .good();
    let left = names(folder.path());
    assert_eq!(left.len(), 3, "{left:?}");
    assert_eq!(
        (left[0].as_str(), left[2].as_str()),
        ("kamiflow-sync-20250103T000000Z.db", "kamiflow-sync-mine.db")
    );
}

#[test]
fn no_date_in_a_name_costs_the_backup_that_was_just_made() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let future = [
        "kamiflow-sync-29990101T000000Z.db",
        "kamiflow-sync-29990102T000000Z.db",
    ];
    let not_ours = [
        "kamiflow-sync-20269999T999999Z.db",
        "kamiflow-sync-99999999T999999Z.db",
    ];
    let old = [
        "kamiflow-sync-20250101T000000Z.db",
        "kamiflow-sync-20250102T000000Z.db",
    ];
    for name in future.iter().chain(&not_ours).chain(&old) {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let arguments = ["backup", argument(folder.path()), "--keep", "2"];
    let finished = run(&host.database(), &arguments);
    for name in future {
        assert!(finished.err.contains(name), "{finished:?}");
    }
    let out = finished.good();
    let made = out.trim_end().rsplit('/').next().unwrap();
    let mut expected = [&future[..], &not_ours, &old[1..], &[made]].concat();
    expected.sort_unstable();
    assert_eq!(names(folder.path()), expected);
}

#[test]
fn backups_made_within_one_second_do_not_replace_each_other() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let backup = || run(&host.database(), &["backup", argument(folder.path())]).good();
    let said: BTreeSet<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(backup)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(names(folder.path()).len(), 4);
}

#[test]
fn a_link_in_place_of_the_mark_is_not_followed() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "precious").unwrap();
    let mark = host.database().with_file_name("sync.db-last-backup");
    std::os::unix::fs::symlink(&precious, &mark).unwrap();
    let backup = folder.path().join("x.db");
    let said = run(&host.database(), &["backup", argument(&backup)]).failed();
    assert!(said.contains("last-backup"), "{said}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
}

#[test]
fn an_empty_server_has_an_empty_backup_and_a_missing_one_has_none() {
    let host = Host::start();
    let folder = tempfile::tempdir().unwrap();
    let out = run(&host.database(), &["backup", argument(folder.path())]).good();
    assert!(out.starts_with("Backed up 0 projects"), "{out}");
    let files: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let backup = files[0].as_ref().unwrap().path();
    let report = run(&host.database(), &["doctor"]).good();
    assert!(report.contains("0 days old"), "{report}");
    let machine = tempfile::tempdir().unwrap();
    let database = machine.path().join("sync.db");
    let missing = run(&database, &["backup", argument(folder.path())]).failed();
    assert!(missing.contains("there is no database"), "{missing}");
    run(&database, &["restore", argument(&backup)]).good();
    let host = Host::resume(machine, &[]);
    host.client().push_files("p", &[("a", "one")]).good();
    run(&host.database(), &["check"]).good();
}
