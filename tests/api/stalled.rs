//! A client that stops in the middle of a request, as a device does that falls asleep.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use support::{Host, file, push_head};

/// How long a server waits for its client, less what clocks may differ.
const PATIENCE: Duration = Duration::from_secs(59);

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
    assert!(began.elapsed() >= PATIENCE, "{:?}", began.elapsed());
    assert_eq!(host.client().status("p")["fileCount"], 0);
}
