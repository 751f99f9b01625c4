//! News of changes: by a stream, by requests that wait, and after the server was away.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use kamisync::transport::{Position, follow};
use support::{Host, KEY};

use crate::project;

/// A change must be told within this time.
const SOON: Duration = Duration::from_secs(30);
/// When nothing was told for this long, nothing is.
const QUIET: Duration = Duration::from_millis(700);

/// Follows the project at this address from a cursor.
fn following(url: &str, cursor: Option<String>) -> (Receiver<()>, Arc<Position>) {
    let (sender, told) = channel();
    let position = Arc::new(Position::default());
    position.set(cursor);
    let (project, shared) = (Arc::new(project(url, KEY)), Arc::clone(&position));
    thread::spawn(move || {
        follow(|| Arc::clone(&project), &shared, |_| _ = sender.send(()));
    });
    (told, position)
}

fn is_quiet(told: &Receiver<()>) -> bool {
    told.recv_timeout(QUIET).is_err()
}

#[test]
fn a_stream_tells_of_each_change_at_once() {
    let host = Host::start();
    host.client().push_files("p", &[("a.md", "1")]).good();
    let (told, _position) = following(&host.url, None);
    told.recv_timeout(SOON).expect("a round after connecting");
    assert!(is_quiet(&told));
    for text in ["2", "3"] {
        host.client().push_files("p", &[("a.md", text)]).good();
        told.recv_timeout(SOON).expect("a change");
        assert!(is_quiet(&told));
    }
}

#[test]
fn a_stream_begins_with_what_was_missed() {
    let host = Host::start();
    let before = host.client().push_files("p", &[("a.md", "1")]).good();
    host.client().push_files("p", &[("a.md", "2")]).good();
    let cursor = before["cursor"].as_str().map(str::to_owned);
    let (told, _position) = following(&host.url, cursor);
    told.recv_timeout(SOON).expect("a round after connecting");
    told.recv_timeout(SOON).expect("what was missed");
}

#[test]
fn a_server_that_comes_back_is_noticed() {
    let host = Host::start();
    let (told, _position) = following(&host.url, None);
    told.recv_timeout(SOON).expect("a round after connecting");
    let port = host.address().rsplit(':').next().unwrap().to_owned();
    let data = host.kill();
    assert!(is_quiet(&told), "without a server there is nothing to do");
    let _host = Host::resume(data, &[("PORT", &port)]);
    told.recv_timeout(SOON)
        .expect("a round after connecting again");
}

/// A server without streams, as on Spin: it answers the first wait after a while with nothing, the next
/// ones with a change. Remembers what was asked.
fn without_streams() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::<String>::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while !lines.next().unwrap().unwrap().is_empty() {}
            let waits = log
                .lock()
                .unwrap()
                .iter()
                .filter(|line| line.contains("wait="))
                .count();
            log.lock().unwrap().push(first.clone());
            let (status, body) = match first.contains("/events") {
                true => (
                    501,
                    r#"{"error":"No.","code":"no_streams","retryable":false}"#,
                ),
                false if waits == 0 => {
                    thread::sleep(Duration::from_millis(1100));
                    (200, r#"{"changes":[],"hasMore":false,"cursor":"1-1-1"}"#)
                }
                false => (
                    200,
                    r#"{"changes":[{"rev":2}],"hasMore":false,"cursor":"1-2-1"}"#,
                ),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            client.write_all((head + body).as_bytes()).unwrap();
        }
    });
    (url, asked)
}

#[test]
fn where_there_are_no_streams_requests_wait() {
    let (url, asked) = without_streams();
    let (told, position) = following(&url, Some("1-1-1".to_owned()));
    told.recv_timeout(SOON).expect("a change");
    // No round got further yet, so the same news are not told again at once.
    assert!(is_quiet(&told));
    position.set(Some("1-2-1".to_owned()));
    told.recv_timeout(SOON).expect("the next change");
    let asked = asked.lock().unwrap();
    assert!(asked[0].contains("/events"), "{asked:?}");
    let waits: Vec<_> = asked[1..].iter().collect();
    assert!(
        waits.iter().all(|line| line.contains("wait=30")),
        "{asked:?}"
    );
    assert!(waits[0].contains("since=1-1-1"), "{asked:?}");
    assert!(waits.last().unwrap().contains("since=1-2-1"), "{asked:?}");
}
