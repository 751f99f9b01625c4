//! Event streams and waits of devices with keys of their own.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::events::on_both;
use super::keys::make;
use support::{EventStream, Host};

/// After this time, whoever waits has looked again, and only news make it look once more.
const SETTLED: Duration = Duration::from_millis(1500);

fn open(host: &Host, key: &Value, path: &str) -> EventStream {
    let key = [("x-api-key", key["key"].as_str().unwrap())];
    EventStream::open(host.address(), path, &key)
}

fn next(stream: &mut EventStream) -> Value {
    stream.event().unwrap().data["project"].clone()
}

#[test]
fn a_key_hears_of_its_projects_and_of_no_other() {
    on_both(|host| {
        let of = |projects: Value| {
            make(
                host,
                &json!({ "name": "x", "scope": "read", "projects": projects }),
            )
        };
        let (narrow, none) = (of(json!(["a", "ghi chú"])), of(json!(["nowhere"])));
        let mut live = open(host, &narrow, "/v1/events");
        let mut nowhere = open(host, &none, "/v1/events");
        let client = host.client();
        for project in ["secret", "a", "secret", "ghi%20ch%C3%BA", "nowhere"] {
            client.push_files(project, &[("a", project)]).good();
            client.push_files(project, &[("b", project)]).good();
        }
        client.delete("/v1/projects/secret").good();
        client.push_files("a", &[("last", "x")]).good();
        // Changes that come soon after one another may be one event, and the last one is of a project of its own.
        let mut heard = Vec::new();
        while heard.last() != Some(&json!("a")) || !heard.contains(&json!("ghi chú")) {
            heard.push(next(&mut live));
        }
        assert!(
            heard
                .iter()
                .all(|project| ["a", "ghi chú"].contains(&project.as_str().unwrap()))
        );
        assert_eq!(next(&mut nowhere), "nowhere");
        // What it comes back for is its own too, and the stream of another project is refused.
        let mut again = open(host, &narrow, "/v1/events?since=0");
        assert_eq!([next(&mut again), next(&mut again)], ["ghi chú", "a"]);
        assert_eq!(
            open(host, &narrow, "/v1/projects/secret/events").status(),
            403
        );
        assert_eq!(
            open(host, &narrow, "/v1/projects/none/events").status(),
            403
        );
        let device = host.with_key(narrow["key"].as_str());
        device
            .ask("secret", "changes?wait=60")
            .failed(403, "project");
    });
}

#[test]
fn four_connections_of_a_key_may_wait_and_another_key_and_the_owner_still_can() {
    on_both(|host| {
        let [one, other] = [(); 2].map(|()| make(host, &json!({ "name": "x", "scope": "read" })));
        let mut streams: Vec<_> = (0..4).map(|_| open(host, &one, "/v1/events")).collect();
        assert!(streams.iter().all(|stream| stream.status() == 200));
        assert_eq!(open(host, &one, "/v1/events").status(), 429);
        let device = host.with_key(one["key"].as_str());
        let refusal = device
            .ask("p", "changes?wait=60")
            .failed(429, "too_many_waiting");
        let text = refusal["error"].as_str().unwrap();
        assert!(
            text.starts_with("This key has 4 connections waiting"),
            "{text}"
        );
        assert_eq!(open(host, &other, "/v1/events").status(), 200);
        host.client().ask("p", "changes?wait=1").good();
        streams.pop();
        // The component notices only when it writes that a client has left.
        let is_free = || open(host, &one, "/v1/events").status() == 200;
        assert!((0..400).any(|_| is_free() || {
            thread::sleep(Duration::from_millis(100));
            false
        }));
    });
}

/// The heartbeat of a stream asks for its key, whether anything happens or not.
#[test]
fn the_stream_of_a_revoked_and_of_an_expired_key_ends_within_15_seconds() {
    on_both(|host| {
        let revoked = make(host, &json!({ "name": "x", "scope": "read" }));
        let in_ms = |ms: u128| {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap();
            u64::try_from(now.as_millis() + ms).unwrap()
        };
        let expires = json!({ "name": "x", "scope": "read", "expires_at": in_ms(5000) });
        let expired = make(host, &expires);
        let mut streams = [
            open(host, &revoked, "/v1/events"),
            open(host, &expired, "/v1/projects/p/events"),
        ];
        assert!(streams.iter().all(|stream| stream.status() == 200));
        let mut kept = EventStream::open(host.address(), "/v1/events", &[]);
        thread::sleep(SETTLED);
        let address = format!("/v1/keys/{}", revoked["id"].as_str().unwrap());
        host.client().delete(&address).good();
        let began = Instant::now();
        for stream in &mut streams {
            assert_eq!(stream.event(), None);
        }
        assert!(
            began.elapsed() < Duration::from_secs(19),
            "{:?}",
            began.elapsed()
        );
        host.client().push_files("p", &[("a", "x")]).good();
        assert_eq!(next(&mut kept), "p");
    });
}

/// Comments come every 15 seconds: there is at most one before the end.
fn ends_soon(mut stream: EventStream) {
    let comments = std::iter::from_fn(|| stream.block()).filter(|block| block == ":");
    assert!(comments.count() <= 1);
}

#[test]
fn a_stream_ends_with_its_key_whoever_takes_it_and_another_secret_keeps_none_open() {
    let host = Host::start();
    let other = Host::with(&[("DB_PATH", host.database().to_str().unwrap())]);
    let [here, elsewhere, replaced] =
        [(); 3].map(|()| make(&host, &json!({ "name": "x", "scope": "read" })));
    let address = |key: &Value| format!("/v1/keys/{}", key["id"].as_str().unwrap());
    let rotate = |grace_s: u32| {
        let rotate = format!("{}/rotate", address(&replaced));
        host.client()
            .post(&rotate, &json!({ "grace_s": grace_s }))
            .good()
    };
    let newer = rotate(86_400);
    let path = "/v1/projects/p/events";
    let streams = [&here, &elsewhere, &replaced].map(|key| open(&host, key, path));
    let mut kept = open(&host, &rotate(3), path);
    // The secret before this one opens nothing from then on.
    let between = open(&host, &newer, path);
    host.client().delete(&address(&here)).good();
    other.client().delete(&address(&elsewhere)).good();
    assert_eq!(open(&host, &here, path).status(), 403);
    thread::scope(|scope| {
        for stream in streams.into_iter().chain([between]) {
            assert_eq!(stream.status(), 200);
            scope.spawn(|| ends_soon(stream));
        }
    });
    host.client().push_files("p", &[("a", "x")]).good();
    assert_eq!(next(&mut kept), "p");
}

#[test]
fn a_wait_is_refused_when_its_key_is_revoked() {
    on_both(|host| {
        let key = make(host, &json!({ "name": "x", "scope": "read" }));
        let device = host.with_key(key["key"].as_str());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| device.ask("p", "changes?wait=60"));
            thread::sleep(SETTLED);
            let address = format!("/v1/keys/{}", key["id"].as_str().unwrap());
            host.client().delete(&address).good();
            let began = Instant::now();
            waiting.join().unwrap().failed(403, "key_revoked");
            assert!(began.elapsed() < Duration::from_secs(30), "only at the end");
        });
    });
}

#[test]
fn a_purge_is_an_event() {
    on_both(|host| {
        let client = host.client();
        client.push_files("p", &[("a", "x"), ("b", "x")]).good();
        let mut stream = EventStream::open(host.address(), "/v1/projects/p/events", &[]);
        let purged = client.post("/v1/projects/p/purge", &json!({ "path": "a" }));
        let event = stream.event().unwrap();
        assert_eq!(event.data["cursor"], purged.good()["cursor"]);
    });
}
