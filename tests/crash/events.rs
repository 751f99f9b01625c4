//! Event streams of a server that is killed or stopped.

use std::thread;
use std::time::{Duration, Instant};

use support::{EventStream, Host, terminate};

const PATH: &str = "/v1/projects/p/events";

fn push(host: &Host, path: &str) -> String {
    let answer = host.client().push_files("p", &[(path, "x")]).good();
    answer["cursor"].as_str().unwrap().to_owned()
}

#[test]
fn a_client_of_a_killed_server_misses_nothing_when_it_comes_back() {
    let host = Host::start();
    let mut stream = EventStream::open(host.address(), PATH, &[]);
    push(&host, "a");
    let seen = stream.event().unwrap().id.unwrap();
    let missed = push(&host, "b");
    let again = Host::resume(host.kill(), &[]);
    for path in [PATH, "/v1/events"] {
        let last = [("last-event-id", seen.as_str())];
        let mut stream = EventStream::open(again.address(), path, &last);
        assert_eq!(stream.event().unwrap().id.as_ref(), Some(&missed));
    }
}

#[test]
fn a_graceful_stop_ends_all_streams_at_once_and_cleanly() {
    let host = Host::start();
    push(&host, "a");
    let streams: Vec<_> = [PATH, "/v1/events"]
        .into_iter()
        .cycle()
        .take(200)
        .map(|path| EventStream::open(host.address(), path, &[]))
        .collect();
    let began = Instant::now();
    terminate(host.pid());
    thread::scope(|scope| {
        for mut stream in streams {
            // That of all projects may repeat the first push, which has made the tables. An end
            // in the middle of a chunk is an error.
            scope.spawn(move || while stream.event().is_some() {});
        }
    });
    let (code, log, _) = host.stop_waiting();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert!(!log.contains("still in progress"), "{log}");
}
