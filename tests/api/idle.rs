//! Connections that do nothing, more than the server has places.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use support::{Host, KEY, file, push_head};

/// The places of the server.
const PLACES: usize = 1024;

fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// Connections of which the server has read this much.
fn crowd(host: &Host, said: &str) -> Vec<TcpStream> {
    raise_file_limit();
    let arrive = |_| {
        let mut socket = host.socket();
        socket.write_all(said.as_bytes()).unwrap();
        socket
    };
    (0..PLACES + 100).map(arrive).collect()
}

fn is_closed(socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).unwrap();
    match socket.peek(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn ask(socket: &mut TcpStream) -> String {
    let request =
        format!("GET /v1/projects HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![0; 4096];
    let length = socket.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Long before half a minute, when a crowd that does nothing loses its places anyway.
fn gets_in(host: &Host) {
    let began = Instant::now();
    host.client().push_files("q", &[("a", "x")]).good();
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_crowd_that_says_nothing_or_half_a_request_keeps_nobody_out() {
    for said in ["", "GET /v1/projects HTTP/1.1\r\nhost: x\r\nauthori"] {
        let host = Host::start();
        let crowd = crowd(&host, said);
        gets_in(&host);
        let closed = crowd.iter().filter(|socket| is_closed(socket)).count();
        assert!((100..200).contains(&closed), "{closed}");
    }
}

#[test]
fn a_crowd_that_was_answered_makes_room_oldest_first() {
    let host = Host::start();
    let mut kept = host.socket();
    assert!(ask(&mut kept).starts_with("HTTP/1.1 200"));
    let mut crowd = crowd(&host, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    gets_in(&host);
    assert!(is_closed(&kept));
    let last = crowd.last_mut().unwrap();
    _ = last.read(&mut [0; 4096]).unwrap();
    assert!(ask(last).starts_with("HTTP/1.1 200"));
}

#[test]
fn who_is_in_the_middle_of_a_request_stays() {
    let host = Host::start();
    let body = serde_json::json!({ "files": [file("a", b"x")] }).to_string();
    let (begin, end) = body.split_at(10);
    let mut upload = host.socket();
    let head = push_head("p", body.len());
    upload.write_all((head + begin).as_bytes()).unwrap();
    let crowd = crowd(&host, "");
    gets_in(&host);
    upload.write_all(end.as_bytes()).unwrap();
    let mut answer = [0; 12];
    upload.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    drop(crowd);
}

#[test]
fn without_a_crowd_a_connection_is_kept() {
    let host = Host::start();
    let mut kept: Vec<_> = (0..50).map(|_| host.socket()).collect();
    for _ in 0..3 {
        for socket in &mut kept {
            assert!(ask(socket).starts_with("HTTP/1.1 200"));
        }
    }
}
