//! SIGTERM in the middle of a large push.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Host, file, push_head, terminate};

/// About the size of a first push: 40 files of 1 MB.
const FILES: usize = 40;

fn large_push() -> Vec<u8> {
    let text = "All work and no play. ".repeat(50_000);
    let files: Vec<Value> = (0..FILES)
        .map(|i| file(&format!("f{i}"), format!("{i} {text}").as_bytes()))
        .collect();
    json!({ "files": files }).to_string().into_bytes()
}

/// Starts a push; the server waits for its body.
fn begin_push(host: &Host, length: usize) -> TcpStream {
    let head = push_head("p", length).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    let mut socket = host.socket();
    socket.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket
}

fn read_all(mut socket: TcpStream) -> String {
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// Waits until the server accepts no connections, so that it has seen the signal.
fn wait_until_stopping(host: &Host) {
    let began = Instant::now();
    while TcpStream::connect(host.address()).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn requests_that_wait_are_answered_at_once() {
    let host = Host::start();
    let pushed = host.client().push_files("p", &[("a", "x")]).good();
    let target = format!(
        "changes?since={}&wait=60",
        pushed["cursor"].as_str().unwrap()
    );
    let client = host.client();
    let waiting = std::thread::spawn(move || client.ask("p", &target));
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    terminate(host.pid());
    let page = waiting.join().unwrap().good();
    assert_eq!(
        (&page["changes"], &page["cursor"]),
        (&json!([]), &pushed["cursor"])
    );
    let (code, log, _) = host.stop_waiting();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_push_in_progress_is_finished() {
    let body = large_push();
    for sent in [1, body.len() / 2, body.len() - 1] {
        let host = Host::start();
        let mut socket = begin_push(&host, body.len());
        socket.write_all(&body[..sent]).unwrap();
        terminate(host.pid());
        wait_until_stopping(&host);
        socket.write_all(&body[sent..]).unwrap();
        let answer = read_all(socket);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (code, log, folder) = host.stop_waiting();
        assert_eq!(code, Some(0), "{log}");
        let again = Host::resume(folder, &[]);
        assert_eq!(again.client().status("p")["fileCount"], FILES);
    }
}

#[test]
fn a_push_whose_client_leaves_while_the_server_stops_is_not_stored() {
    let body = large_push();
    let host = Host::start();
    let mut socket = begin_push(&host, body.len());
    socket.write_all(&body[..body.len() / 2]).unwrap();
    let began = Instant::now();
    terminate(host.pid());
    wait_until_stopping(&host);
    drop(socket);
    let (code, log, folder) = host.stop_waiting();
    assert_eq!(code, Some(0), "{log}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let again = Host::resume(folder, &[]);
    assert_eq!(again.client().status("p")["fileCount"], 0);
}

#[test]
fn a_second_signal_stops_at_once_and_leaves_all_or_nothing() {
    let body = large_push();
    for sent in [body.len() / 2, body.len()] {
        let host = Host::start();
        host.client().push_files("p", &[("kept", "x")]).good();
        let mut socket = begin_push(&host, body.len());
        socket.write_all(&body[..sent]).unwrap();
        terminate(host.pid());
        wait_until_stopping(&host);
        let began = Instant::now();
        terminate(host.pid());
        let (code, _, folder) = host.stop_waiting();
        assert!(matches!(code, Some(0 | 143)), "{code:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
        let again = Host::resume(folder, &[]);
        let count = again.client().status("p")["fileCount"].as_u64().unwrap();
        let whole = FILES as u64 + 1;
        assert!(
            count == 1 || (count == whole && sent == body.len()),
            "{count}"
        );
        assert_eq!(again.client().pull_all("p", 1000).len() as u64, count);
    }
}
