//! What a container needs: persistent data, and stopping as process 1.

use std::process::Command;
use std::time::{Duration, Instant};

use support::{Host, finished, server, terminate};

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

/// Process 1 has no default action for a signal: a server that does not handle SIGTERM is
/// killed after a timeout, in the middle of everything.
#[test]
fn as_process_1_it_stops_cleanly_on_sigterm() {
    let host = Host::start_in(&[
        "unshare",
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--mount-proc",
    ]);
    host.client().push_files("p", &[("a", "one")]).good();
    let log = format!("{}-wal", host.database().display());
    let children = format!("/proc/{0}/task/{0}/children", host.pid());
    let server = std::fs::read_to_string(children).unwrap();
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
