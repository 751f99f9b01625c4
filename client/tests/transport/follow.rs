//! News of changes: by a stream, and after the server was away.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
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
