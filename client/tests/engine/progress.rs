//! How far a round is.

use std::cell::RefCell;

use kamisync::absence::Answer;
use kamisync::report::{Phase, Progress};
use kamisync::round::{Options, Session};
use support::Host;

use crate::device::Device;

/// A phase, what it said it would do, and what it did.
type Heard = (Phase, Option<(u64, u64)>, (u64, u64));

/// Hears of each phase.
#[derive(Default)]
struct Listener(RefCell<Vec<Heard>>);

impl Progress for Listener {
    fn begin(&self, phase: Phase, total: Option<(u64, u64)>) {
        self.0.borrow_mut().push((phase, total, (0, 0)));
    }

    fn advance(&self, files: u64, bytes: u64) {
        let mut heard = self.0.borrow_mut();
        let (_, _, done) = heard.last_mut().expect("a phase");
        *done = (done.0 + files, done.1 + bytes);
    }
}

/// The phases of a round.
fn phases(device: &Device) -> Vec<Heard> {
    let listener = Listener::default();
    let options = Options {
        device: "a",
        answer: Answer::None,
        progress: &listener,
    };
    let mut session = Session::open(device.folder()).unwrap();
    session.sync(device.remote(), &options).unwrap();
    listener.0.into_inner()
}

#[test]
fn uploads_and_a_first_download_tell_how_much_there_is_and_reach_it() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    for number in 0..30 {
        a.write(&format!("ideas/{number}.md"), &"x".repeat(number + 1));
    }
    let (none, all) = ((0, 0), (30, (1..=30).sum()));
    let scan = (Phase::Scan, None, none);
    let download = |total, done| (Phase::Download, total, done);
    let upload = |all| (Phase::Upload, Some(all), all);
    assert_eq!(phases(&a), [scan, download(None, none), upload(all)]);
    assert_eq!(phases(&b), [scan, download(Some(all), all)]);
    b.write("ideas/new.md", "new");
    b.delete("ideas/0.md");
    assert_eq!(phases(&b), [scan, download(None, none), upload((2, 3))]);
    assert_eq!(phases(&a), [scan, download(None, (1, 3))]);
}
