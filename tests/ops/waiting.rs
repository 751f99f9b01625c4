//! Commands that wait for another writer.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use support::{Finished, Host, command, finished};

/// Adds a key while another program writes for so long.
fn add_key_beside_writer(time: Duration) -> Finished {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let writer = Connection::open(host.database()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let arguments = ["key", "add", "laptop", "--scope", "read"];
    let mut add = command(&host.database(), &arguments);
    let add = add.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    std::thread::sleep(time);
    writer.execute_batch("ROLLBACK").unwrap();
    finished(add.unwrap().wait_with_output().unwrap())
}

#[test]
fn a_command_says_what_it_waits_for_and_goes_on_afterwards() {
    let began = Instant::now();
    let added = add_key_beside_writer(Duration::from_millis(2500));
    // It waits nowhere else, as it did for 5 s.
    assert!(began.elapsed() < Duration::from_secs(7), "{added:?}");
    let said = added.err.matches("waiting for another program").count();
    assert_eq!(said, 1, "{added:?}");
    added.good();
}

#[test]
fn a_command_that_waits_for_a_moment_says_nothing_of_it() {
    let added = add_key_beside_writer(Duration::from_millis(300));
    assert!(!added.err.contains("waiting"), "{added:?}");
    added.good();
}
