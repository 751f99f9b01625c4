//! `check`

use rusqlite::Connection;

use support::{Host, run};

/// The output of `check` for a damaged database.
fn findings(tamper: &str) -> String {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "one"), ("b", "two")]).good();
    client.push_files("p", &[("a", "three")]).good();
    Connection::open(host.database())
        .unwrap()
        .execute_batch(tamper)
        .unwrap();
    run(&host.database(), &["check"]).failed()
}

#[test]
fn a_sound_database_is_one_line() {
    let host = Host::start();
    host.client()
        .push_files("p", &[("a", "one"), ("b", "one")])
        .good();
    let out = run(&host.database(), &["check"]).good();
    assert!(
        out.starts_with("No damage in 1 project, 2 files, 2 versions"),
        "{out}"
    );
    assert_eq!(out.lines().count(), 1);
}

#[test]
fn a_project_that_is_still_being_removed_is_no_damage() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    host.client().push_files("q", &[("a", "one")]).good();
    // As a server leaves it that is killed in the middle of a deletion.
    let database = Connection::open(host.database()).unwrap();
    database
        .execute_batch(
            "INSERT INTO removal SELECT number FROM project WHERE id = 'p';
             DELETE FROM project WHERE id = 'p'",
        )
        .unwrap();
    let out = run(&host.database(), &["check"]).good();
    assert!(out.starts_with("No damage in 1 project, 1 file"), "{out}");
    host.client().delete("/v1/projects/p").good();
    let out = run(&host.database(), &["check"]).good();
    assert!(
        out.starts_with("No damage in 1 project, 1 file, 1 version, 3 B"),
        "{out}"
    );
}

#[test]
fn each_kind_of_damage_is_found_and_named() {
    for (tamper, finding) in [
        (
            "UPDATE content SET bytes = 'TWO' WHERE bytes = CAST('two' AS BLOB)",
            "does not match its checksum",
        ),
        (
            "DELETE FROM content WHERE bytes = CAST('one' AS BLOB)",
            "is missing or another",
        ),
        ("UPDATE version SET content = NULL", "has no content"),
        ("DELETE FROM version WHERE path = 'b'", "p: b: its version"),
        (
            "DELETE FROM version WHERE rev = (SELECT min(rev) FROM version WHERE path = 'a')",
            "which is missing",
        ),
        (
            "UPDATE file SET deleted = 1 WHERE path = 'b'",
            "disagrees on its deletion",
        ),
        (
            "UPDATE file SET rev = (SELECT min(rev) FROM version WHERE path = 'a') WHERE path = 'a'",
            "is newer than the one in force",
        ),
        (
            "INSERT INTO content (project, checksum, bytes) VALUES (1, zeroblob(32), '')",
            "belongs to no version",
        ),
        ("DELETE FROM project", "belong to no project"),
        (
            "UPDATE project SET file_count = 7",
            "said to be 7, and is 2",
        ),
        (
            "UPDATE project SET total_size = 7",
            "said to be 7, and is 8",
        ),
        (
            "UPDATE project SET digest = zeroblob(32)",
            "its digest is not",
        ),
        (
            "UPDATE project SET unportable = 7",
            "7 names are said to be unportable, and 0 are",
        ),
        (
            "DELETE FROM live_name WHERE path = 'b'",
            "its list of names is not that of its files",
        ),
        (
            "UPDATE live_name SET fault = 1 WHERE path = 'b'",
            "its list of names is not that of its files",
        ),
        (
            "INSERT INTO purged (project, rev, tag, path) SELECT number, 7, 0, 'c' FROM project",
            "1 purged version of a file that does not exist",
        ),
        (
            "INSERT INTO live_name VALUES (7, 'a', 'a', 0)",
            "1 names belong to no project",
        ),
        (
            "UPDATE project SET last_rev = 7",
            "the last number given out is 7",
        ),
        (
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'content_by_checksum'",
            "never used",
        ),
    ] {
        let found = findings(tamper);
        assert!(found.contains(finding), "{tamper}: {found}");
        assert!(
            found.contains("1 finding in") || found.contains("findings in"),
            "{found}"
        );
    }
}

#[test]
fn what_the_program_cannot_have_written_is_damage() {
    for (tamper, finding) in [
        (
            "UPDATE version SET path = '../../../evil.md' WHERE path = 'b'; UPDATE file SET path = '../../../evil.md' WHERE path = 'b'",
            "the path \"../../../evil.md\" must not begin with a dot",
        ),
        (
            "UPDATE version SET path = 'a/b' WHERE path = 'b'; UPDATE file SET path = 'a/b' WHERE path = 'b'",
            "p: a/b lies below the file a",
        ),
        (
            "UPDATE project SET id = 'x' || char(27) || '[2J'",
            r"is no project id",
        ),
        ("UPDATE project SET epoch = 'x'", "1 project with a value"),
        (
            "UPDATE version SET size = -1 WHERE path = 'b'",
            "1 version with a value",
        ),
        (
            "UPDATE version SET device = x'00'",
            "3 versions with a value",
        ),
        (
            "UPDATE file SET deleted = 2 WHERE path = 'b'",
            "1 file with a value",
        ),
        (
            "UPDATE content SET bytes = CAST(bytes AS TEXT)",
            "3 contents with a value",
        ),
        (
            "INSERT INTO retired (id, last_rev) VALUES ('q', 'x')",
            "1 deleted project with a value",
        ),
        (
            "CREATE TRIGGER evil AFTER UPDATE ON project BEGIN DELETE FROM file; END",
            "the trigger evil was not made by the program",
        ),
        (
            "CREATE VIEW evil AS SELECT 1",
            "the view evil was not made by the program",
        ),
        (
            "CREATE TABLE evil (x)",
            "the table evil was not made by the program",
        ),
        (
            "CREATE INDEX evil ON file (rev)",
            "the index evil was not made by the program",
        ),
        (
            "DROP TRIGGER newest_version",
            "the trigger newest_version is missing",
        ),
        (
            "DROP TRIGGER newest_version; CREATE TRIGGER newest_version AFTER INSERT ON version BEGIN DELETE FROM content; END",
            "the trigger newest_version is not the program's own",
        ),
        (
            "ALTER TABLE version RENAME COLUMN device TO gadget",
            "the table version is not the program's own",
        ),
        ("DROP TABLE retired", "the table retired is missing"),
    ] {
        let found = findings(tamper);
        assert!(found.contains(finding), "{tamper}: {found}");
        assert!(
            found.contains("1 finding in") || found.contains("findings in"),
            "{found}"
        );
        assert!(!found.contains('\u{1b}'), "{found:?}");
    }
}

#[test]
fn statistics_of_sqlite_are_no_damage() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    Connection::open(host.database())
        .unwrap()
        .execute_batch("ANALYZE")
        .unwrap();
    run(&host.database(), &["check"]).good();
}

#[test]
fn a_torn_page_is_found() {
    let host = Host::start();
    let text = "x".repeat(100_000);
    host.client().push_files("p", &[("a", &text)]).good();
    let database = host.database();
    let (_, _, _folder) = host.stop();
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0);
    std::fs::write(&database, bytes).unwrap();
    run(&database, &["check"]).failed();
}
