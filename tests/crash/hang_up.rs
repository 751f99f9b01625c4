//! Clients that disconnect in the middle of a request or answer.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Host, KEY, file, push_head};

fn push_of(count: usize) -> Vec<u8> {
    let text = "some text ".repeat(2000);
    let files: Vec<Value> = (0..count)
        .map(|i| file(&format!("f{i}"), text.as_bytes()))
        .collect();
    json!({ "files": files }).to_string().into_bytes()
}

fn open_sockets(host: &Host) -> usize {
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", host.pid())).unwrap();
    descriptors
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

/// Waits until the server has noticed that clients are gone.
fn wait_for_sockets(host: &Host, expected: usize) {
    let began = Instant::now();
    while open_sockets(host) > expected {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{} sockets are open, {expected} were",
            open_sockets(host)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_push_that_is_cut_off_anywhere_stores_nothing() {
    let host = Host::start();
    let body = push_of(100);
    let whole = [push_head("p", body.len()).into_bytes(), body].concat();
    let sockets = open_sockets(&host);
    for i in 0..40 {
        let mut socket = host.socket();
        socket.write_all(&whole[..whole.len() * i / 40]).unwrap();
    }
    for ending in 1..20 {
        let mut socket = host.socket();
        socket.write_all(&whole[..whole.len() - ending]).unwrap();
    }
    wait_for_sockets(&host, sockets);
    let status = host.client().status("p");
    assert_eq!(
        (&status["fileCount"], &status["lastSync"]),
        (&json!(0), &Value::Null)
    );
    let (code, log, _) = host.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("without an answer"), "{log}");
}

#[test]
fn a_push_whose_answer_is_not_read_is_stored_whole_or_not_at_all_and_can_be_repeated() {
    let host = Host::start();
    let sockets = open_sockets(&host);
    let body = push_of(50);
    let projects: Vec<String> = (0..20).map(|i| format!("p{i}")).collect();
    for project in &projects {
        let mut socket = host.socket();
        socket
            .write_all(push_head(project, body.len()).as_bytes())
            .unwrap();
        socket.write_all(&body).unwrap();
    }
    wait_for_sockets(&host, sockets);
    for project in &projects {
        let count = host.client().status(project)["fileCount"].clone();
        assert!(count == 0 || count == 50, "{count}");
        let path = format!("/v1/projects/{project}/sync");
        let again = host.client().send("POST", &path, &[], &body).good();
        assert_eq!(again["synced"], 50);
        assert_eq!(host.client().status(project)["fileCount"], 50);
    }
}

#[test]
fn unread_answers_delay_nobody() {
    let host = Host::start();
    let text = "x".repeat(1 << 20);
    for i in 0..8 {
        host.client()
            .push_files("p", &[(&format!("f{i}"), &text)])
            .good();
    }
    let sockets = open_sockets(&host);
    let request = format!(
        "GET /v1/projects/p/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n"
    );
    let unread: Vec<_> = (0..30)
        .map(|i| {
            let mut socket = host.socket();
            socket.write_all(request.as_bytes()).unwrap();
            socket.read_exact(&mut vec![0; 1000 * i]).unwrap();
            socket
        })
        .collect();
    let began = Instant::now();
    host.client().push_files("p", &[("after", "x")]).good();
    assert_eq!(host.client().pull_all("p", 1000).len(), 9);
    assert!(began.elapsed() < Duration::from_secs(10));
    drop(unread);
    wait_for_sockets(&host, sockets);
    host.client().push_files("p", &[("after all", "x")]).good();
}

/// Without the key too: no client keeps a connection slot for ever.
#[ignore = "takes the minute that is its subject"]
#[test]
fn a_client_that_reads_none_of_many_answers_is_disconnected() {
    let host = Host::start();
    let sockets = open_sockets(&host);
    let mut deaf = host.socket();
    let request = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n";
    deaf.write_all(request.repeat(1000).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(50));
    assert_eq!(open_sockets(&host), sockets + 1);
    wait_for_sockets(&host, sockets);
}

/// Sends this on as many connections, and reads none of the answers.
fn unread_by(host: &Host, connections: usize, requests: &str) -> Vec<std::net::TcpStream> {
    let connect = |_| {
        let mut socket = host.socket();
        socket.write_all(requests.as_bytes()).unwrap();
        socket
    };
    (0..connections).map(connect).collect()
}

#[test]
fn many_pipelined_requests_whose_answers_are_not_read_delay_nobody() {
    for method in ["GET", "HEAD"] {
        let host = Host::start();
        let request = format!("{method} /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n");
        let _unread = unread_by(&host, 200, &request.repeat(60));
        for turn in 0..20 {
            let began = Instant::now();
            host.anonymous().get("/health").good();
            host.client()
                .push_files("p", &[("a", &turn.to_string())])
                .good();
            host.client().pull("p", "");
            assert!(began.elapsed() < Duration::from_secs(10), "{method}");
        }
    }
}
