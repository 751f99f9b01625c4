//! More idle connections than the server has slots, and a client that stops in the middle of a request, as a device
//! does that falls asleep.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use support::{EventStream, Host, KEY, file, push_head};

/// Connection slots of the server.
const SLOTS: usize = 1024;

/// How long a server waits for its client, less what clocks may differ.
const MIN_WAIT: Duration = Duration::from_secs(59);

fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// More connections than slots, each of which has sent this.
fn connect_all(host: &Host, sent: &str) -> Vec<TcpStream> {
    raise_file_limit();
    let connect = |_| {
        let mut socket = host.socket();
        socket.write_all(sent.as_bytes()).unwrap();
        socket
    };
    (0..SLOTS + 100).map(connect).collect()
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

/// Long before the half minute after which idle connections are closed anyway.
fn can_push(host: &Host) {
    let began = Instant::now();
    host.client().push_files("q", &[("a", "x")]).good();
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn silent_and_half_finished_connections_keep_nobody_out() {
    for sent in ["", "GET /v1/projects HTTP/1.1\r\nhost: x\r\nauthori"] {
        let host = Host::start();
        let connections = connect_all(&host, sent);
        can_push(&host);
        let closed = connections
            .iter()
            .filter(|socket| is_closed(socket))
            .count();
        assert!((100..200).contains(&closed), "{closed}");
    }
}

#[test]
fn a_small_limit_of_open_files_keeps_nobody_out() {
    let host = Host::start_in(&["sh", "-c", "ulimit -n 1024; exec \"$@\"", "sh"]);
    let _connections = connect_all(&host, "");
    can_push(&host);
}

#[test]
fn answered_idle_connections_are_closed_oldest_first() {
    let host = Host::start();
    let mut kept = host.socket();
    assert!(ask(&mut kept).starts_with("HTTP/1.1 200"));
    let mut connections = connect_all(&host, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    can_push(&host);
    assert!(is_closed(&kept));
    let last = connections.last_mut().unwrap();
    _ = last.read(&mut [0; 4096]).unwrap();
    assert!(ask(last).starts_with("HTTP/1.1 200"));
}

#[test]
fn uploads_that_trickle_in_every_slot_keep_nobody_out() {
    let host = Host::start();
    let mut uploads = connect_all(&host, &(push_head("p", 1000) + "{"));
    for _ in 0..3 {
        for upload in &mut uploads {
            // Some are closed by then.
            _ = upload.write_all(b" ");
        }
        can_push(&host);
    }
}

#[test]
fn a_connection_in_the_middle_of_a_request_is_kept() {
    let host = Host::start();
    let body = serde_json::json!({ "files": [file("a", b"x")] }).to_string();
    let (begin, end) = body.split_at(10);
    let mut upload = host.socket();
    let head = push_head("p", body.len());
    upload.write_all((head + begin).as_bytes()).unwrap();
    let connections = connect_all(&host, "");
    can_push(&host);
    upload.write_all(end.as_bytes()).unwrap();
    let mut answer = [0; 12];
    upload.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    drop(connections);
}

#[test]
fn connections_that_wait_are_kept_and_keep_nobody_out() {
    raise_file_limit();
    let host = Host::start();
    let open = |_| EventStream::on(host.socket(), "/v1/events", &[]);
    let mut streams: Vec<_> = (0..1000).map(open).collect();
    assert!(streams.iter().all(|stream| stream.status() == 200));
    let connections = connect_all(&host, "");
    can_push(&host);
    for stream in &mut streams {
        assert_eq!(stream.event().unwrap().data["project"], "q");
    }
    let closed = connections
        .iter()
        .filter(|socket| is_closed(socket))
        .count();
    assert!((100..200).contains(&closed), "{closed}");
}

#[test]
fn five_thousand_that_want_to_wait_are_refused_but_for_the_limit() {
    raise_file_limit();
    let host = Host::with(&[("MAX_WAITING", "100")]);
    let open = |_| EventStream::on(host.socket(), "/v1/events", &[]);
    let mut streams: Vec<_> = (0..5000).map(open).collect();
    can_push(&host);
    let refused = streams.split_off(100);
    assert!(refused.iter().all(|stream| stream.status() == 429));
    for stream in &mut streams {
        assert_eq!(stream.event().unwrap().data["project"], "q");
    }
}

#[test]
fn an_idle_connection_is_kept_while_slots_are_free() {
    let host = Host::start();
    let mut kept: Vec<_> = (0..50).map(|_| host.socket()).collect();
    for _ in 0..3 {
        for socket in &mut kept {
            assert!(ask(socket).starts_with("HTTP/1.1 200"));
        }
    }
}

#[test]
fn an_upload_that_stops_is_refused_after_a_minute() {
    let body = serde_json::json!({ "files": [file("a", b"x")] }).to_string();
    let (begun, _) = body.split_at(body.len() / 2);
    let host = Host::start();
    let mut socket = host.socket();
    let began = Instant::now();
    let head = push_head("p", body.len());
    socket.write_all((head + begun).as_bytes()).unwrap();
    let mut answer = [0; 4096];
    let length = socket.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("body_cut_short"), "{answer}");
    assert!(began.elapsed() >= MIN_WAIT, "{:?}", began.elapsed());
    assert_eq!(host.client().status("p")["fileCount"], 0);
}
