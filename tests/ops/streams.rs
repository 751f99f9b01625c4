//! Commands whose output nobody reads to its end.

use std::io::Read;
use std::process::{Output, Stdio};

use support::{Host, command, finished, run};

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
