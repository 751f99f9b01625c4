//! The memory of the server, whatever a client with a key sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Answer, Host, KEY, file, gzip};

/// Bytes that the server may have at most.
const MOST: u64 = 1 << 30;
/// Just under `MAX_BODY_SIZE`.
const BODY: usize = 100_000_000;

/// Sends this body so many times at once, and checks every answer.
fn send_all(path: &str, body: &[u8], times: usize, check: impl Fn(Answer) + Sync) {
    let host = Host::start();
    let packed = gzip(body);
    let send = || {
        let headers = [("content-encoding", "gzip")];
        check(host.client().send("POST", path, &headers, &packed));
    };
    std::thread::scope(|scope| {
        for _ in 0..times {
            scope.spawn(send);
        }
    });
    host.client().push_files("q", &[("a", "x")]).good();
    let most = host.memory("VmHWM");
    assert!(most < MOST, "{most} bytes");
}

const PUSH: &str = "/v1/projects/p/sync";

#[test]
fn bodies_that_inflate_to_long_lists_take_a_bounded_amount_of_memory() {
    let list = |entries: usize, entry: &str| {
        let entries = vec![entry; entries].join(",");
        format!(r#"{{"files":[],"deletions":[{entries}]}}"#)
    };
    send_all(PUSH, list(15_000_000, r#""a""#).as_bytes(), 16, |answer| {
        answer.failed(400, "bad_request");
    });
    let longest = list(1_000_000, r#"{"path":"a","base":1}"#);
    send_all(PUSH, longest.as_bytes(), 6, |answer| {
        assert_eq!(answer.good()["deleted"], 1_000_000);
    });
}

#[test]
fn bodies_that_inflate_to_deep_or_long_values_take_a_bounded_amount_of_memory() {
    let (open, close) = ("[".repeat(BODY / 2 - 50), "]".repeat(BODY / 2 - 50));
    let deep = format!(r#"{{"files":[],"x":{open}{close}}}"#);
    send_all(PUSH, deep.as_bytes(), 6, |answer| {
        answer.good();
    });
    let escaped = r"\u0061".repeat(BODY / 6 - 10);
    let long = format!(r#"{{"files":[],"deletions":["{escaped}"]}}"#);
    send_all(PUSH, long.as_bytes(), 6, |answer| {
        answer.failed(422, "bad_path");
    });
}

#[test]
fn diffs_of_a_million_files_take_a_bounded_amount_of_memory() {
    let checksum = "ab".repeat(32);
    let entry = |i: usize| format!(r#"{{"path":"{i}","checksum":"{checksum}"}}"#);
    let entries: Vec<String> = (0..1_000_000).map(entry).collect();
    let body = format!(r#"{{"files":[{}]}}"#, entries.join(","));
    send_all("/v1/projects/p/diff", body.as_bytes(), 4, |answer| {
        let answer = answer.good();
        assert_eq!(answer["upload"].as_array().map(Vec::len), Some(1_000_000));
    });
}

#[test]
fn large_plain_bodies_take_a_bounded_amount_of_memory() {
    let host = Host::start();
    let content = vec![b'x'; 10 << 20];
    let files: Vec<Value> = (0..7).map(|i| file(&i.to_string(), &content)).collect();
    let body = json!({ "files": files }).to_string();
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (host, body) = (&host, body.as_bytes());
            scope.spawn(move || {
                let path = format!("/v1/projects/{i}/sync");
                let answer = host.client().send("POST", &path, &[], body).good();
                assert_eq!(answer["synced"], 7);
            });
        }
    });
    let most = host.memory("VmHWM");
    assert!(most < MOST, "{most} bytes");
}

#[test]
fn a_request_that_needs_more_memory_than_one_may_use_is_refused() {
    const LIMIT: u64 = 104_000_000;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("runtime-config.toml");
    let usual = std::fs::read_to_string(support::root().join("runtime-config.toml")).unwrap();
    std::fs::write(&config, format!("max_instance_memory = {LIMIT}\n{usual}")).unwrap();
    let host = Host::with(&[
        ("RUNTIME_CONFIG_FILE", config.to_str().unwrap()),
        ("MAX_BODY_SIZE", "10000000"),
        ("MAX_FILE_SIZE", "1000000"),
    ]);
    let entries: Vec<String> = (0..450_000)
        .map(|i| format!(r#"{{"path":"{i}"}}"#))
        .collect();
    let body = format!(r#"{{"files":[],"deletions":[{}]}}"#, entries.join(","));
    let answer = host.client().send("POST", PUSH, &[], body.as_bytes());
    let limit = answer.failed(413, "too_much_memory")["limit"].clone();
    assert_eq!(limit, LIMIT);
    host.client().push_files("p", &[("a", "x")]).good();
}

/// Asks for this on so many connections, so many times on each, and reads none of the answers.
fn unread(host: &Host, connections: usize, times: usize, path: &str) -> Vec<TcpStream> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n");
    let connect = |_| {
        let mut socket = host.socket();
        socket.write_all(request.repeat(times).as_bytes()).unwrap();
        socket
    };
    (0..connections).map(connect).collect()
}

#[test]
fn pages_that_nobody_reads_take_a_bounded_amount_of_memory_and_delay_nobody_for_long() {
    let host = Host::start();
    let client = host.client();
    for i in 0..8 {
        let content = format!("{i}").repeat(1 << 20);
        client.push_files("p", &[(&i.to_string(), &content)]).good();
        let files: Vec<Value> = (0..200)
            .map(|k| file(&format!("h{k}"), &content.as_bytes()[..9 + i]))
            .collect();
        client.push("h", &json!({ "files": files })).good();
    }
    for path in [
        "/v1/projects/p/files?limit=1000",
        "/v1/projects/p/changes?content=1&limit=1000",
        "/v1/projects/h/changes?limit=1000",
        "/v1/projects/h/history?path=h1&limit=1000",
        "/v1/projects/p/files/1",
    ] {
        let mut sockets = unread(&host, 64, 4, path);
        std::thread::sleep(Duration::from_secs(1));
        for turn in 0..5 {
            let began = Instant::now();
            host.anonymous().get("/health").good();
            client.push_files("q", &[("a", &turn.to_string())]).good();
            assert_eq!(client.pull_all("q", 10).len(), 1);
            assert!(began.elapsed() < Duration::from_secs(10), "{path}");
        }
        let most = host.memory("VmHWM");
        assert!(most < MOST, "{path}: {most} bytes");
        let mut start = [0; 12];
        // The others may have been closed.
        if sockets[63].read_exact(&mut start).is_ok() {
            assert_eq!(&start, b"HTTP/1.1 200", "{path}");
        }
    }
    assert_eq!(client.pull_all("p", 1000).len(), 8);
}

/// Whether nothing has come on a connection, and it is still open.
fn is_waiting(socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).unwrap();
    let peeked = socket.peek(&mut [0]);
    peeked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn small_answers_do_not_wait_behind_large_ones_that_wait_for_memory() {
    let host = Host::start();
    let client = host.client();
    for i in 0..8 {
        let content = format!("{i}").repeat(1 << 20);
        client.push_files("p", &[(&i.to_string(), &content)]).good();
    }
    client.push_files("q", &[("a", "x")]).good();
    let sockets = unread(&host, 200, 1, "/v1/projects/p/files?limit=1000");
    for _ in 0..30 {
        assert_eq!(client.pull_all("q", 10).len(), 1);
        client.status("q");
    }
    let waiting = sockets.iter().filter(|socket| is_waiting(socket)).count();
    assert!(waiting > 100, "{waiting}");
    drop(sockets);
    assert_eq!(client.pull_all("p", 1000).len(), 8);
}
