//! Pushes: rows b, c, d and j, beside native SQLite.

use std::cell::RefCell;
use std::time::Duration;

use crate::client::{self, Connection};
use crate::content::{File, body, number};
use crate::load::{Round, Target};
use crate::native::Native;
use crate::rows::{Row, row};

/// Bytes of a small file.
pub const SMALL: usize = 5 << 10;
/// The project that is pushed into.
pub const WRITTEN: &str = "bench-10k-j";

/// Pushes so many small files, some at a time.
pub fn seed(target: &Target, project: &str, files: usize, at_once: usize) {
    let mut connection = Connection::open(&target.address);
    for first in (0..files).step_by(at_once) {
        let path = |index| Some(format!("archive/{}/{index}.md", index % 100));
        let files: Vec<File> = (first..files.min(first + at_once))
            .map(|index| File::new(path(index), SMALL))
            .collect();
        connection.good(&client::push(project, &body(&files)));
    }
}

/// The rows; those of b, c and d share the database `fresh`, those of the server too.
pub fn writing<'a>(target: &'a Target, time: Duration, fresh: &'a RefCell<Native>) -> Vec<Row<'a>> {
    let one = |name, connections| {
        row(name, "requests/s", move |round| {
            let project = format!("b{connections}-{round}");
            let request = || client::push(&project, &body(&[File::new(None, SMALL)]));
            let ours = target.drive(connections, time, &request);
            let file = || File::new(None, SMALL);
            let mut ceiling = fresh.borrow_mut().rate(time, file).expect("commits");
            if connections > 1 {
                // One writer never waits for others: its rate compares, its latency does not.
                ceiling.latencies.clear();
            }
            (ours, ceiling)
        })
    };
    let mut full = Native::of(10_000, SMALL).expect("a database");
    let into = move |_| {
        let request = || client::push(WRITTEN, &body(&[replaced()]));
        let ours = target.drive(1, time, &request);
        let rate = full.rate(time, replaced);
        (ours, rate.expect("commits"))
    };
    vec![
        one("b push 1 file of 5 KB, 1 connection", 1),
        one("b the same, 16 connections", 16),
        row("c push 100 × 5 KB", "files/s", move |round| {
            let rate = |seconds: f64| 2_000.0 / seconds;
            batches(target, &format!("c{round}"), (20, 100, SMALL), fresh, rate)
        }),
        row("d push 1000 × 20 KB in one request", "s", move |round| {
            let mean = |seconds: f64| seconds / 3.0;
            batches(
                target,
                &format!("d{round}"),
                (3, 1_000, 20 << 10),
                fresh,
                mean,
            )
        }),
        row("j push 1 file into 10,000", "requests/s", into),
    ]
}

/// New content for one of the seeded files.
fn replaced() -> File {
    let index = number() % 10_000;
    File::new(Some(format!("archive/{}/{index}.md", index % 100)), SMALL)
}

/// So many pushes of so many files of a size, here and there.
fn batches(
    target: &Target,
    project: &str,
    (requests, files, size): (usize, usize, usize),
    native: &RefCell<Native>,
    value: impl Fn(f64) -> f64,
) -> (Round, Round) {
    let batches: Vec<Vec<File>> = (0..requests).map(|_| File::many(files, size)).collect();
    let bodies: Vec<Vec<u8>> = batches
        .iter()
        .map(|files| client::push(project, &body(files)))
        .collect();
    let mut ours = target.each(&bodies);
    ours.value = value(ours.seconds());
    let mut native = native.borrow_mut();
    let took = batches
        .iter()
        .map(|files| native.push(files).expect("commits"));
    let mut ceiling = Round {
        latencies: took.collect(),
        ..Round::default()
    };
    ceiling.value = value(ceiling.seconds());
    (ours, ceiling)
}
