//! Commands whose output nobody reads to its end.

use std::io::Read;
use std::process::{Output, Stdio};

use support::{Finished, Host, command, finished, run, wrapped};

use crate::keys::add;

/// Runs a command whose standard error nobody reads.
fn unheard(host: &Host, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = command(&host.database(), arguments);
    command.stderr(writer).output().unwrap()
}

#[test]
fn what_a_command_says_to_nobody_ends_it_in_no_other_way() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    for (arguments, code) in [
        (&["export", "q", "-"][..], 1),
        (&["export", "p", "-"], 0),
        (&["key", "add", "laptop", "--scope", "read"], 0),
        (&["renumber", "--all"], 1),
    ] {
        let output = unheard(&host, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_has_what_it_wants_ends_an_export() {
    let host = Host::start();
    let files: Vec<_> = (0..50)
        .map(|i| (i.to_string(), "x".repeat(20_000)))
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    host.client().push_files("p", &files).good();
    let mut export = command(&host.database(), &["export", "p", "-"]);
    export.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut export = export.spawn().unwrap();
    let mut first = [0; 10];
    export
        .stdout
        .take()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let ended = finished(export.wait_with_output().unwrap());
    assert_eq!((ended.code, &*ended.err), (Some(0), ""));
    run(&host.database(), &["check"]).good();
}

/// Runs a command whose standard output is closed.
fn closed(host: &Host, arguments: &[&str]) -> Finished {
    let command = command(&host.database(), arguments);
    let mut closed = wrapped(&["sh", "-c", "exec \"$0\" \"$@\" >&-"], &command);
    finished(closed.output().unwrap())
}

/// Runs a command whose standard output cannot be written.
fn unwritable(host: &Host, arguments: &[&str]) -> Finished {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = command(&host.database(), arguments);
    finished(command.stdout(writer).output().unwrap())
}

#[test]
fn a_key_that_cannot_be_printed_is_neither_made_nor_changed() {
    let host = Host::start();
    let (key, id) = add(&host, &["laptop", "--scope", "read"]);
    let keys = run(&host.database(), &["key", "list"]).good();
    for run in [closed, unwritable] {
        for arguments in [
            &["key", "add", "phone", "--scope", "read"][..],
            &["key", "rotate", &id, "--grace", "0"],
        ] {
            let said = run(&host, arguments).failed();
            assert!(said.contains("nothing was changed"), "{said}");
        }
    }
    assert_eq!(run(&host.database(), &["key", "list"]).good(), keys);
    host.with_key(Some(&key)).get("/v1/info").good();
}

#[test]
fn an_export_to_a_closed_output_fails_and_one_that_is_thrown_away_does_not() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "one")]).good();
    let said = closed(&host, &["export", "p", "-"]).failed();
    assert!(said.contains("nothing was exported"), "{said}");
    let mut export = command(&host.database(), &["export", "p", "-"]);
    assert!(export.stdout(Stdio::null()).status().unwrap().success());
}

#[test]
fn a_rotation_says_which_secret_it_ends_early() {
    let host = Host::start();
    let (_, id) = add(&host, &["laptop", "--scope", "read"]);
    let rotate = || run(&host.database(), &["key", "rotate", &id]).err;
    assert!(!rotate().contains("works no more"));
    let said = rotate();
    assert!(said.contains("which was to work until 20"), "{said}");
}
