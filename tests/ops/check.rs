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
        out.starts_with("No damage in 1 projects, 2 files, 2 versions"),
        "{out}"
    );
    assert_eq!(out.lines().count(), 1);
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
        assert!(found.contains("findings in"), "{found}");
    }
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
