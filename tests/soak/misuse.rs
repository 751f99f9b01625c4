//! Clients that misbehave: wrong keys, aborted uploads, unread answers, idle connections.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use crate::{Alarm, Run};
use support::Random;
use support::{KEY, push_head};

/// Idle connections.
const IDLE: usize = 32;

/// Misbehaves until the run ends.
pub fn run(run: &Run) {
    let (_alarm, mut random) = (Alarm(run), Random::new(99));
    let mut idle: Vec<TcpStream> = Vec::new();
    while run.goes_on() {
        match random.in_range(0..4) {
            0 => wrong_key(run),
            1 => half_an_upload(run),
            2 => unread_answer(run),
            _ => idle.push(run.host.socket()),
        }
        if idle.len() > IDLE {
            idle.remove(0);
        }
        sleep(Duration::from_millis(50));
    }
}

fn wrong_key(run: &Run) {
    let stranger = run.host.with_key(Some("not the key of this server"));
    stranger.ask("shared", "status").failed(403, "forbidden");
    let nobody = run.host.anonymous();
    nobody
        .ask("shared", "status")
        .failed(401, "unauthenticated");
    run.answered.fetch_add(2, Ordering::Relaxed);
}

/// Closes the connection in the middle of a body, which must store nothing.
fn half_an_upload(run: &Run) {
    let mut socket = run.host.socket();
    let body = br#"{"files":[{"path":"rude.md","content":"aGVsbG8="#;
    // The server may have closed the connection already.
    _ = socket.write_all(push_head("shared", 100_000).as_bytes());
    _ = socket.write_all(body);
}

/// Requests long answers and reads none.
fn unread_answer(run: &Run) {
    let mut socket = run.host.socket();
    let head = format!(
        "GET /v1/projects/shared/files?since=0&limit=1000 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n"
    );
    _ = socket.write_all(head.repeat(3).as_bytes());
}
