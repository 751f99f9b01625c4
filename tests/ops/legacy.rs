//! `import-legacy`

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rusqlite::{Connection, params};
use serde_json::json;

use support::{Host, argument, command, finished, paths, run, sha256};

/// A database with the schema of the original server.
struct Old {
    folder: tempfile::TempDir,
    database: Connection,
}

impl Old {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Connection::open(folder.path().join("old.db")).unwrap();
        database
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT, project_id TEXT NOT NULL, path TEXT NOT NULL,
                   content TEXT NOT NULL, checksum TEXT NOT NULL, modified INTEGER NOT NULL, size INTEGER NOT NULL,
                   synced_at INTEGER NOT NULL, UNIQUE(project_id, path));
                 CREATE TABLE projects (project_id TEXT PRIMARY KEY, name TEXT, git_repo TEXT, last_sync_at INTEGER,
                   file_count INTEGER DEFAULT 0, total_size INTEGER DEFAULT 0);
                 INSERT INTO projects VALUES ('p', 'Notes', 'https://example.org/r', 1, 0, 0)",
            )
            .unwrap();
        Self { folder, database }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("old.db")
    }

    fn add(&self, path: &str, text: &str, synced_at: i64) {
        self.add_raw(
            "p",
            path,
            &BASE64_STANDARD.encode(text),
            &sha256(text.as_bytes()),
            synced_at,
        );
    }

    fn add_raw(&self, project: &str, path: &str, content: &str, checksum: &str, synced_at: i64) {
        let insert = "INSERT OR REPLACE INTO files (project_id, path, content, checksum, modified, size, synced_at)
            VALUES (?1, ?2, ?3, ?4, 1700000000000, -5000, ?5)";
        self.database
            .execute(insert, params![project, path, content, checksum, synced_at])
            .unwrap();
    }
}

fn import(database: &Path, old: &Old) -> support::Finished {
    run(database, &["import-legacy", argument(&old.path())])
}

#[test]
fn everything_is_imported_before_the_first_start() {
    let old = Old::new();
    for number in 0..250 {
        old.add(
            &format!("f{number}.md"),
            &format!("text {number}"),
            1_700_000_000_000 + number / 20,
        );
    }
    let machine = tempfile::tempdir().unwrap();
    let database = machine.path().join("sync.db");
    let out = import(&database, &old).good();
    assert!(
        out.contains("1 project: 250 files stored, 0 unchanged, 0 newer here, 0 refused"),
        "{out}"
    );
    run(&database, &["check"]).good();
    let host = Host::resume(machine, &[]);
    let all = host.client().pull_all("p", 100);
    assert_eq!(all.len(), 250);
    assert_eq!(all[249]["path"], "f249.md");
    assert_eq!(all[0]["size"], "text 0".len());
    let (name, repository): (String, String) = Connection::open(host.database())
        .unwrap()
        .query_row("SELECT name, git_repo FROM project", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(
        (name.as_str(), repository.as_str()),
        ("Notes", "https://example.org/r")
    );
}

#[test]
fn a_device_that_had_pulled_pulls_nothing_again() {
    let old = Old::new();
    for number in 0..30 {
        old.add(&format!("a{number}"), "early", 1_700_000_000_000);
    }
    old.add("b", "late", 1_700_000_000_001);
    let host = Host::start();
    import(&host.database(), &old).good();
    let client = host.client();
    assert_eq!(client.pull("p", "since=1700000000001")["files"], json!([]));
    assert_eq!(
        client.pull("p", "since=1700000000000")["files"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(client.pull_all("p", 100).len(), 31);
}

#[test]
fn a_project_that_was_moved_out_is_refused_and_those_behind_it_are_stored() {
    let old = Old::new();
    old.add("a.md", "one", 1);
    let host = Host::start();
    import(&host.database(), &old).good();
    let moved = host.database().with_file_name("moved.db");
    run(&host.database(), &["move-out", "p", argument(&moved)]).good();
    old.add_raw("q", "b.md", "aGVsbG8=", &sha256(b"hello"), 2);
    let said = import(&host.database(), &old).failed();
    let refused = "p: refused with its 1 file: this project was moved to another server";
    assert!(said.contains(refused), "{said}");
    assert_eq!(
        paths(&host.client().pull("q", "since=0")["files"]),
        ["b.md"]
    );
}

#[test]
fn a_time_that_clients_cannot_read_is_refused() {
    let old = Old::new();
    old.add("a.md", "one", 1);
    let later = "UPDATE files SET modified = 9007199254740992";
    old.database.execute_batch(later).unwrap();
    let host = Host::start();
    let said = import(&host.database(), &old).failed();
    assert!(said.contains("a time that clients cannot read"), "{said}");
}

#[test]
fn what_breaks_a_rule_is_refused_and_the_rest_is_stored() {
    let old = Old::new();
    old.add("good.md", "good", 1);
    old.add("../../evil", "x", 2);
    old.add("ideas\\..\\x", "x", 3);
    old.add("folder", "x", 4);
    old.add("folder/below", "x", 5);
    old.add_raw("p", "no-base64", "%%%", &sha256(b""), 6);
    old.add_raw("p", "wrong-sum", "aGVsbG8=", &sha256(b"other"), 7);
    old.add_raw("team/app", "a", "aGVsbG8=", &sha256(b"hello"), 8);
    let host = Host::start();
    let said = import(&host.database(), &old).failed();
    for line in [
        "p: ../../evil: the path must not begin with a dot",
        "p: ideas\\..\\x: the path must not contain a backslash",
        "p: folder/below: The path 'folder/below' lies below 'folder', which is a file",
        "p: no-base64: the content is no base64",
        "p: wrong-sum: the content does not match its checksum",
        "team/app: refused with its 1 file:",
        "1 project: 2 files stored, 0 unchanged, 0 newer here, 6 refused",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(host.client().status("p")["fileCount"], 2);
    run(&host.database(), &["check"]).good();
}

#[test]
fn what_lies_outside_of_the_synced_folders_is_refused() {
    let (folder, old) = (tempfile::tempdir().unwrap(), Old::new());
    old.add("ideas/good.md", "good", 1);
    old.add("plugins/x.js", "x", 2);
    let database = folder.path().join("sync.db");
    let mut import = command(&database, &["import-legacy", argument(&old.path())]);
    let said = finished(import.env_remove("SYNC_FOLDERS").output().unwrap()).failed();
    for line in [
        "p: plugins/x.js: The path 'plugins/x.js' does not lie below a folder that is synced",
        "SYNC_FOLDERS",
        "1 file stored, 0 unchanged, 0 newer here, 1 refused",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn repeating_it_stores_only_what_is_new_and_keeps_what_is_newer_here() {
    let old = Old::new();
    for path in ["same", "edited-here", "deleted-here", "edited-there"] {
        old.add(path, "one", 1_700_000_000_000);
    }
    let host = Host::start();
    import(&host.database(), &old).good();
    let out = import(&host.database(), &old).good();
    assert!(out.contains("0 files stored, 4 unchanged"), "{out}");
    let client = host.client();
    old.add("edited-there", "two", 1_700_000_000_500);
    let out = import(&host.database(), &old).good();
    assert!(
        out.contains("1 file stored, 3 unchanged, 0 newer here"),
        "{out}"
    );
    client.push_files("p", &[("edited-here", "mine")]).good();
    client
        .push("p", &json!({ "files": [], "deletions": ["deleted-here"] }))
        .good();
    let out = import(&host.database(), &old).good();
    assert!(
        out.contains("0 files stored, 2 unchanged, 2 newer here, 0 refused"),
        "{out}"
    );
    assert_eq!(client.status("p")["fileCount"], 3);
    run(&host.database(), &["check"]).good();
}

#[test]
fn a_file_that_is_not_the_originals_is_refused_with_a_reason() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let own = host.database();
    let refusal = run(&own, &["import-legacy", argument(&own)]).failed();
    assert!(
        refusal.contains("is no database of the original server"),
        "{refusal}"
    );
    let refusal = run(&own, &["import-legacy", "nowhere.db"]).failed();
    assert!(refusal.contains("there is no file"), "{refusal}");
}

#[test]
fn an_original_that_others_can_read_is_named_with_the_command_that_helps() {
    let old = Old::new();
    old.add("a", "text", 1);
    let machine = tempfile::tempdir().unwrap();
    let database = machine.path().join("sync.db");
    let said = |folder_mode, file_mode| {
        for (path, mode) in [(old.folder.path(), folder_mode), (&old.path(), file_mode)] {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
        let finished = import(&database, &old);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.err
    };
    assert_eq!(said(0o700, 0o644), "");
    assert_eq!(said(0o755, 0o600), "");
    let advice = said(0o755, 0o644);
    let command = format!("chmod go= {}*", old.path().display());
    assert!(advice.contains(&command), "{advice}");
}

#[test]
fn a_full_disk_ends_the_import_and_stores_nothing_of_the_project() {
    let (old, new) = (Old::new(), tempfile::tempdir().unwrap());
    // More than SQLite keeps in memory, so that the disk is full in the middle of the import.
    for number in 0..600 {
        let text = format!("{number} ").repeat(4_000);
        old.add(&format!("f{number}.md"), &text, 1_700_000_000_000 + number);
    }
    old.add_raw("q", "a", "YQ==", &sha256(b"a"), 1_700_000_000_000);
    let database = new.path().join("new.db");
    // To SQLite, a limit on the size of files is a full disk.
    let limited = "trap '' XFSZ; ulimit -f 6000; exec \"$@\"";
    let output = std::process::Command::new("bash")
        .args(["-c", limited, "bash"])
        .arg(support::program())
        .arg("import-legacy")
        .arg(old.path())
        .env("DB_PATH", &database)
        .env("SYNC_FOLDERS", "*")
        .current_dir(support::root())
        .output()
        .unwrap();
    let said = support::finished(output).failed();
    assert!(said.contains("p: nothing of it was stored"), "{said}");
    let stored = |table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        let database = Connection::open(&database).unwrap();
        database.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(["project", "version", "content"].map(stored), [0, 0, 0]);
    let said = import(&database, &old).good();
    assert!(said.contains("2 projects: 601 files stored"), "{said}");
    run(&database, &["check"]).good();
}

#[test]
fn a_terminal_obeys_no_name_of_the_original_server() {
    let (folder, old) = (tempfile::tempdir().unwrap(), Old::new());
    let evil = "\u{1b}]0;owned\u{7}";
    old.add_raw("p", evil, "x", "x", 1);
    old.add_raw(evil, "a", "x", "x", 1);
    let said = import(&folder.path().join("sync.db"), &old).failed();
    assert_eq!(said.matches(r"\u{1b}]0;owned\u{7}").count(), 3, "{said:?}");
    assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");
}
