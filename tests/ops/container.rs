//! What a container needs: persistent data, and stopping as process 1.

use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::{Duration, Instant};

use support::{Host, Process, finished, server, terminate, wrapped};

/// A folder that does not outlive the container: this one is in memory.
fn volatile() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").expect("a folder in memory")
}

#[test]
fn a_data_folder_that_goes_with_the_container_is_refused() {
    let folder = volatile();
    let settings = [("REQUIRE_PERSISTENT_DATA", "true")];
    let refused = server(folder.path(), &settings).output();
    let refusal = finished(refused.unwrap()).failed();
    assert!(refusal.contains("would be deleted with it"), "{refusal}");
    assert!(
        refusal.contains("REQUIRE_PERSISTENT_DATA=false"),
        "{refusal}"
    );
}

#[test]
fn the_refusal_can_be_switched_off() {
    let host = Host::resume(volatile(), &[("REQUIRE_PERSISTENT_DATA", "false")]);
    host.client().push_files("p", &[("a", "one")]).good();
}

/// The ignore file leaves everything in that cargo needs: every target and member of the manifest.
#[test]
fn the_build_context_of_the_image_is_a_whole_package() {
    let project = support::root();
    let ignore = std::fs::read_to_string(project.join("deploy/Dockerfile.dockerignore")).unwrap();
    let context = tempfile::tempdir().unwrap();
    let mut copy = Command::new("cp");
    copy.current_dir(project).args(["--recursive", "--parents"]);
    copy.args(ignore.lines().filter_map(|line| line.strip_prefix('!')));
    finished(copy.arg(context.path()).output().unwrap()).good();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["fetch", "--locked", "--offline", "--target=host-tuple"]);
    finished(cargo.current_dir(context.path()).output().unwrap()).good();
    assert!(context.path().join("deploy/assemble").is_file());
}

/// Runs a command as process 1.
const AS_PROCESS_1: [&str; 6] = [
    "unshare",
    "--user",
    "--map-root-user",
    "--pid",
    "--fork",
    "--mount-proc",
];

/// The process that `unshare` has started.
fn process_1(unshare: u32) -> String {
    let children = format!("/proc/{unshare}/task/{unshare}/children");
    std::fs::read_to_string(children).unwrap()
}

/// Process 1 has no default action for a signal: a server that does not handle SIGTERM is
/// killed after a timeout, in the middle of everything.
#[test]
fn as_process_1_it_stops_cleanly_on_sigterm() {
    let host = Host::start_in(&AS_PROCESS_1);
    host.client().push_files("p", &[("a", "one")]).good();
    let log = format!("{}-wal", host.database().display());
    let server = process_1(host.pid());
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.trim())).unwrap();
    let inside = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    assert!(inside.is_some_and(|ids| ids.ends_with("\t1")), "{inside:?}");
    let began = Instant::now();
    terminate(server.trim().parse().unwrap());
    let (code, said, _folder) = host.stop_waiting();
    assert_eq!(code, Some(0), "{said}");
    assert!(began.elapsed() < Duration::from_secs(8), "{said}");
    assert!(std::fs::metadata(log).map_or(0, |log| log.len()) == 0);
}

/// Starts a server with a bad setting as process 1, until it has said so.
fn failing_as_process_1() -> (tempfile::TempDir, Process) {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &[("PORT", "http")]);
    let mut process = Process::start(&mut wrapped(&AS_PROCESS_1, &server));
    let (mut line, said) = (String::new(), process.stderr.take().unwrap());
    BufReader::new(said).read_line(&mut line).unwrap();
    assert!(line.contains("PORT=http"), "{line}");
    (folder, process)
}

/// Podman would start it again at once.
#[test]
fn as_process_1_a_failing_start_says_why_and_waits_before_it_ends() {
    let (_folder, mut server) = failing_as_process_1();
    let began = Instant::now();
    let code = server.wait().unwrap().code();
    assert_eq!(code, Some(2));
    assert!(began.elapsed() > Duration::from_millis(4500));
}

#[test]
fn a_signal_ends_the_wait_after_a_failing_start() {
    let (_folder, mut server) = failing_as_process_1();
    let began = Instant::now();
    // Its handler comes with the wait, after the line.
    std::thread::sleep(Duration::from_millis(500));
    terminate(process_1(server.id()).trim().parse().unwrap());
    assert_eq!(server.wait().unwrap().code(), Some(2));
    assert!(began.elapsed() < Duration::from_secs(4));
}
