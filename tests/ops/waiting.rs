//! Commands that wait for another writer.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use support::{Host, command, finished};

#[test]
fn a_command_says_what_it_waits_for_and_goes_on_afterwards() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let writer = Connection::open(host.database()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut add = command(
        &host.database(),
        &["key", "add", "laptop", "--scope", "read"],
    );
    let began = Instant::now();
    let add = add.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    std::thread::sleep(Duration::from_millis(2500));
    writer.execute_batch("ROLLBACK").unwrap();
    let added = finished(add.unwrap().wait_with_output().unwrap());
    // It waits nowhere else.
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let said = added.err.matches("waiting for another program").count();
    assert_eq!(said, 1, "{added:?}");
    added.good();
}

#[test]
fn a_command_that_waits_for_a_moment_says_nothing_of_it() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let writer = Connection::open(host.database()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut add = command(
        &host.database(),
        &["key", "add", "laptop", "--scope", "read"],
    );
    let add = add.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    std::thread::sleep(Duration::from_millis(300));
    writer.execute_batch("ROLLBACK").unwrap();
    let added = finished(add.unwrap().wait_with_output().unwrap());
    assert!(!added.err.contains("waiting"), "{added:?}");
    added.good();
}
