//! A database file and a write-ahead log that do not belong together, as people leave them who copy
//! or delete files by hand after a crash.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::Backup;
use serde_json::Value;
use tempfile::TempDir;

use support::{Host, argument, finished, run, server};

const FOREIGN: &str = "is not the file that its log";
const GONE: &str = "is gone, and with it ";

/// How people copy the database of a running server.
type Copy = fn(&Path, &Path);

const COPIES: [(&str, Copy); 3] = [
    ("backup", |from, to| {
        run(from, &["backup", argument(to)]).good();
    }),
    (".backup of sqlite3", |from, to| {
        let (from, mut to) = (open(from), open(to));
        let backup = Backup::new(&from, &mut to).unwrap();
        backup
            .run_to_completion(1000, Duration::ZERO, None)
            .unwrap();
    }),
    ("VACUUM INTO", |from, to| {
        open(from)
            .execute("VACUUM INTO ?1", [argument(to)])
            .unwrap();
    }),
];

fn open(file: &Path) -> Connection {
    Connection::open(file).unwrap()
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", database.display()))
}

/// A file of a megabyte that does not compress, so that its push fills a quarter of the log.
fn push_long(host: &Host, path: &str) {
    let mut bytes = vec![0; 500_000];
    getrandom::fill(&mut bytes).unwrap();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    host.client().push_files("p", &[(path, &text)]).good();
}

/// What a server says that does not start.
fn refusal(folder: &Path) -> String {
    let mut server = server(folder, &[]).spawn().unwrap();
    let began = Instant::now();
    while server.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    _ = server.kill();
    finished(server.wait_with_output().unwrap()).failed()
}

/// The content of the database file and its log; `None` for one that is missing.
fn content(database: &Path) -> [Option<Vec<u8>>; 2] {
    ["", "-wal"].map(|suffix| std::fs::read(beside(database, suffix)).ok())
}

/// Requires that the server and every command refuse, and that nothing is changed.
fn require_refused(folder: &Path, reason: &str) {
    let database = folder.join("sync.db");
    let before = content(&database);
    let (target, import) = (folder.join("target"), folder.join("import.tar"));
    std::fs::write(&import, archive()).unwrap();
    let refused = |what: &str, text: String| {
        assert!(text.contains(reason), "{what}: {text}");
        assert!(content(&database) == before, "{what} changed a file");
    };
    refused("the server", refusal(folder));
    for command in [
        &["check"][..],
        &["doctor"],
        &["compact"],
        &["backup", argument(&target)],
        &["export", "p", argument(&target)],
        &["import", "q", argument(&import)],
    ] {
        refused(command[0], run(&database, command).failed());
    }
    assert!(!target.exists());
}

/// An archive that `import` takes.
fn archive() -> &'static [u8] {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let host = Host::start();
        host.client().push_files("q", &[("z", "z")]).good();
        let archive = host.database().with_file_name("q.tar");
        run(&host.database(), &["export", "q", argument(&archive)]).good();
        std::fs::read(archive).unwrap()
    })
}

fn live(folder: TempDir) -> (Vec<String>, TempDir) {
    let host = Host::resume(folder, &[]);
    let files = host.client().pull_all("p", 1000);
    let path = |file: &Value| file["path"].as_str().unwrap().to_owned();
    let files = files.iter().map(path).collect();
    run(&host.database(), &["check"]).good();
    let (_, _, folder) = host.stop();
    (files, folder)
}

#[test]
fn an_old_copy_over_a_database_whose_log_is_left_is_refused() {
    for (name, copy) in COPIES {
        let host = Host::start();
        let (database, old) = (host.database(), host.database().with_file_name("old.db"));
        host.client().push_files("p", &[("a", "one")]).good();
        copy(&database, &old);
        host.client().push_files("p", &[("b", "two")]).good();
        let folder = host.kill();
        std::fs::copy(&old, &database).unwrap();
        println!("{name}");
        require_refused(folder.path(), FOREIGN);
        let out = run(&database, &["restore", argument(&old)]).good();
        assert!(out.contains("is kept as"), "{out}");
        let kept = |name: &str| name.contains("before-restore") && name.ends_with("-wal");
        let mut names = folder.path().read_dir().unwrap();
        assert!(names.any(|entry| kept(entry.unwrap().file_name().to_str().unwrap())));
        assert_eq!(live(folder).0, ["a"], "{name}");
    }
}

#[test]
fn a_copy_of_the_file_from_any_time_before_the_log_began_is_refused() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let mut olds = Vec::new();
    let (_, _, mut folder) = host.stop();
    let database = folder.path().join("sync.db");
    for round in 0..4 {
        let stopped = folder.path().join(format!("stopped-{round}.db"));
        std::fs::copy(&database, &stopped).unwrap();
        let host = Host::resume(folder, &[]);
        // The first log of a server is also tried, and later ones of the same.
        for i in 0..round * 3 {
            push_long(&host, &format!("long-{round}-{i}"));
            let old = database.with_file_name(format!("serving-{round}-{i}.db"));
            COPIES[1].1(&database, &old);
            olds.push(old);
        }
        host.client()
            .push_files("p", &[("b", &format!("{round}"))])
            .good();
        folder = host.kill();
        let now = std::fs::read(&database).unwrap();
        for old in &olds {
            std::fs::copy(old, &database).unwrap();
            let text = refusal(folder.path());
            assert!(text.contains(FOREIGN), "{}: {text}", old.display());
        }
        std::fs::copy(&stopped, &database).unwrap();
        require_refused_or_complete(folder.path(), round + 1);
        olds.push(stopped);
        std::fs::write(&database, now).unwrap();
        let (files, stopped) = live(folder);
        assert!(files.contains(&"b".to_owned()));
        folder = stopped;
    }
}

/// A copy of the database and its log, as the next server finds them.
fn copy_with_log(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal", "-log-base"] {
        let from = beside(&folder.join("sync.db"), suffix);
        std::fs::copy(from, beside(&copy.path().join("sync.db"), suffix)).unwrap();
    }
    copy
}

/// Of the file as it was before the server started: a reader that needs the log then, such as the server's own look at what
/// other processes have written, keeps the file as it is, and the log that follows belongs to it.
fn require_refused_or_complete(folder: &Path, pushes: i64) {
    let copy = copy_with_log(folder);
    let checked = run(&copy.path().join("sync.db"), &["check"]);
    if checked.code == Some(0) {
        let count = "SELECT count(*) FROM version WHERE path = 'b'";
        let database = open(&copy.path().join("sync.db"));
        let count: i64 = database.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, pushes);
    } else {
        let text = checked.failed();
        assert!(text.contains(FOREIGN), "{text}");
    }
}

#[test]
fn the_file_that_a_log_began_on_while_a_reader_needed_it_is_served_with_all_of_it() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let (_, _, folder) = host.stop();
    let database = folder.path().join("sync.db");
    let before = std::fs::read(&database).unwrap();
    // Before the server starts, which may write at once.
    let reader = open(&database);
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM version")
        .unwrap();
    let host = Host::resume(folder, &[]);
    host.client().push_files("p", &[("b", "two")]).good();
    let folder = host.kill();
    assert!(std::fs::read(&database).unwrap() == before);
    let copy = copy_with_log(folder.path());
    std::fs::write(copy.path().join("sync.db"), before).unwrap();
    assert_eq!(live(copy).0, ["a", "b"]);
}

#[test]
fn a_log_without_its_database_file_is_refused() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let backup = host.database().with_file_name("backup.db");
    run(&host.database(), &["backup", argument(&backup)]).good();
    host.client().push_files("p", &[("b", "two")]).good();
    let folder = host.kill();
    let database = folder.path().join("sync.db");
    let aside = folder.path().join("aside.db");
    std::fs::rename(&database, &aside).unwrap();
    let text = refusal(folder.path());
    assert!(text.contains(FOREIGN), "{text}");
    assert!(!database.exists());
    std::fs::write(&database, "").unwrap();
    require_refused(folder.path(), FOREIGN);
    let log = std::fs::read(beside(&database, "-wal")).unwrap();
    for emptied in [true, false] {
        if !emptied {
            std::fs::remove_file(&database).unwrap();
            std::fs::write(beside(&database, "-wal"), &log).unwrap();
        }
        let restored = run(&database, &["restore", argument(&backup)]);
        assert!(restored.err.contains("cannot be read"), "{restored:?}");
        restored.good();
        run(&database, &["check"]).good();
        std::thread::sleep(Duration::from_secs(1));
    }
    std::fs::rename(&aside, &database).unwrap();
    std::fs::write(beside(&database, "-wal"), &log).unwrap();
    assert_eq!(live(folder).0, ["a", "b"]);
}

#[test]
fn a_log_that_was_deleted_is_missed() {
    for with_index in [false, true] {
        for long in [0, 9] {
            let host = Host::start();
            host.client().push_files("p", &[("a", "one")]).good();
            (0..long).for_each(|i| push_long(&host, &format!("long-{i}")));
            host.client().push_files("p", &[("b", "two")]).good();
            let folder = host.kill();
            let database = folder.path().join("sync.db");
            let (log, index) = (beside(&database, "-wal"), beside(&database, "-shm"));
            let kept = folder.path().join("kept");
            std::fs::rename(&log, &kept).unwrap();
            if with_index {
                std::fs::remove_file(index).unwrap();
            }
            require_refused(folder.path(), GONE);
            std::fs::write(&log, "").unwrap();
            require_refused(folder.path(), GONE);
            std::fs::rename(&kept, &log).unwrap();
            let (files, _) = live(folder);
            assert_eq!(files.len(), 2 + long);
        }
    }
}

#[test]
fn without_a_backup_the_database_itself_is_restored() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, &[]);
    host.client().push_files("p", &[("b", "two")]).good();
    let folder = host.kill();
    let database = folder.path().join("sync.db");
    std::fs::remove_file(beside(&database, "-wal")).unwrap();
    require_refused(folder.path(), GONE);
    run(&database, &["restore", argument(&database)]).good();
    assert_eq!(live(folder).0, ["a"]);
}

#[test]
fn a_complete_copy_in_place_of_the_database_and_its_log_is_served() {
    for (name, copy) in COPIES {
        for clean in [false, true] {
            let host = Host::start();
            let (database, old) = (host.database(), host.database().with_file_name("old.db"));
            host.client().push_files("p", &[("a", "one")]).good();
            copy(&database, &old);
            host.client().push_files("p", &[("b", "two")]).good();
            let folder = if clean { host.stop().2 } else { host.kill() };
            // The index is often forgotten.
            _ = std::fs::remove_file(beside(&database, "-wal"));
            std::fs::copy(&old, &database).unwrap();
            println!("{name}, {clean}");
            let (files, folder) = live(folder);
            assert_eq!(files, ["a"]);
            let host = Host::resume(folder, &[]);
            host.client().push_files("p", &[("c", "three")]).good();
            assert_eq!(live(host.kill()).0, ["a", "c"]);
        }
    }
}

#[test]
fn a_log_without_pushes_may_be_deleted() {
    let host = Host::start();
    host.client().get("/health?deep=1").good();
    let folder = host.kill();
    std::fs::remove_file(folder.path().join("sync.db-wal")).unwrap();
    let host = Host::resume(folder, &[]);
    host.client().push_files("p", &[("a", "one")]).good();
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().status("p")["fileCount"], 1);
    host.client().get("/health?deep=1").good();
    let folder = host.kill();
    std::fs::remove_file(folder.path().join("sync.db-wal")).unwrap();
    assert_eq!(live(folder).0, ["a"]);
}

#[test]
fn what_another_program_does_to_the_database_is_no_reason_to_refuse() {
    let write = "INSERT INTO spin_key_value VALUES ('x', hex(randomblob(8)), zeroblob(500000))";
    let enlarge = |database: &Connection, times: usize| {
        (0..times).for_each(|_| database.execute_batch(write).unwrap());
    };
    for times in [0, 1, 2, 9, 10, 11, 30] {
        let host = Host::start();
        host.client().push_files("p", &[("a", "one")]).good();
        host.client().get("/health?deep=1").good();
        let folder = host.kill();
        let database = folder.path().join("sync.db");
        // As Spin leaves it that is killed.
        let other = open(&database);
        other
            .execute_batch("SELECT count(*) FROM spin_key_value")
            .unwrap();
        enlarge(&other, times);
        let killed = tempfile::tempdir().unwrap();
        for suffix in ["", "-wal", "-shm", "-log-base"] {
            let to = beside(&killed.path().join("sync.db"), suffix);
            std::fs::copy(beside(&database, suffix), to).unwrap();
        }
        assert_eq!(live(killed).0, ["a"], "{times}");
        // And as the last connection leaves it that is closed.
        drop(other);
        assert_eq!(live(folder).0, ["a"], "{times}");
    }
}

#[test]
fn a_database_of_the_version_before_is_served_with_its_log() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    host.client().get("/health?deep=1").good();
    let (_, _, folder) = host.stop();
    let database = folder.path().join("sync.db");
    let old = open(&database);
    old.execute_batch("PRAGMA application_id = 0; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    old.execute_batch("INSERT INTO spin_key_value VALUES ('x', 'y', zeroblob(500000))")
        .unwrap();
    let killed = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let to = beside(&killed.path().join("sync.db"), suffix);
        std::fs::copy(beside(&database, suffix), to).unwrap();
    }
    let (files, killed) = live(killed);
    assert_eq!(files, ["a"]);
    let old = killed.path().join("old.db");
    std::fs::copy(&database, &old).unwrap();
    let host = Host::resume(killed, &[]);
    host.client().push_files("p", &[("b", "two")]).good();
    let killed = host.kill();
    std::fs::copy(&old, killed.path().join("sync.db")).unwrap();
    let text = refusal(killed.path());
    assert!(text.contains(FOREIGN), "{text}");
}

#[test]
fn a_server_whose_files_are_deleted_or_replaced_acknowledges_nothing_more() {
    for suffix in ["", "-wal"] {
        for replaced in [false, true] {
            let host = Host::start();
            host.client().push_files("p", &[("a", "one")]).good();
            host.client().get("/health?deep=1").good();
            let lost = beside(&host.database(), suffix);
            let aside = host.database().with_file_name("aside");
            std::fs::rename(&lost, &aside).unwrap();
            if replaced {
                std::fs::copy(&aside, &lost).unwrap();
            }
            let refused = host.client().push_files("p", &[("b", "two")]);
            refused.failed(500, "internal");
            std::thread::sleep(Duration::from_secs(1));
            let unhealthy = host.anonymous().get("/health?deep=1");
            unhealthy.failed(503, "unhealthy");
            host.client()
                .delete("/v1/projects/p")
                .failed(500, "internal");
            std::fs::rename(&aside, &lost).unwrap();
            // A connection may have opened another log meanwhile.
            host.anonymous()
                .get("/health?deep=1")
                .failed(503, "unhealthy");
            let (_, _, folder) = host.stop();
            assert_eq!(live(folder).0, ["a"]);
        }
    }
}

#[test]
fn a_stop_saves_what_is_in_a_log_that_was_deleted_under_the_server() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    std::fs::remove_file(beside(&host.database(), "-wal")).unwrap();
    let refused = host.client().push_files("p", &[("b", "two")]);
    refused.failed(500, "internal");
    // Several connections are opened.
    std::thread::scope(|scope| {
        let pull = || host.client().get("/v1/projects/p/files?since=0");
        (0..8).for_each(|_| _ = scope.spawn(pull));
    });
    let (code, log, folder) = host.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("restart the server"), "{log}");
    assert_eq!(live(folder).0, ["a"]);
}

#[test]
fn a_young_database_whose_log_is_gone_is_answered_with_ways_that_work() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let folder = host.kill();
    let database = folder.path().join("sync.db");
    std::fs::remove_file(beside(&database, "-wal")).unwrap();
    let ways = "everything that was stored";
    require_refused(folder.path(), ways);
    let said = run(&database, &["check"]).failed();
    assert!(
        !said.contains("itself") && said.contains("-log-base"),
        "{said}"
    );
    // The way that begins anew.
    for suffix in ["", "-log-base"] {
        let aside = folder.path().join(format!("aside{suffix}"));
        std::fs::rename(beside(&database, suffix), aside).unwrap();
    }
    let host = Host::resume(folder, &[]);
    host.client().push_files("p", &[("a", "one")]).good();
}
