//! Pushes: rows b, c, d and j, next to native SQLite.

use std::cell::{LazyCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::client;
use crate::content::{File, body, number};
use crate::load::{Round, Target};
use crate::native::Native;
use crate::projects::{FILES, SMALL, WRITTEN, seeded};
use crate::row::Row;

/// A native database that is made when a reference first needs it.
type Lazy = Rc<LazyCell<RefCell<Native>>>;

/// The rows; the references of b, c and d share a database, as the servers' rows do.
pub fn writing(time: Duration) -> Vec<Row<'static>> {
    let fresh: Lazy = Rc::new(LazyCell::new(|| {
        RefCell::new(Native::new().expect("a database"))
    }));
    let mut full = LazyCell::new(|| Native::of(FILES, SMALL).expect("a database"));
    let replace = move |target: &Target, _| {
        target.drive(1, time, &|| client::push(WRITTEN, &body(&[replaced()])))
    };
    vec![
        single("b push 1 file of 5 KB, 1 connection", 1, time, &fresh),
        single("b the same, 16 connections", 16, time, &fresh),
        batches("c push 100 × 5 KB", "files/s", (20, 100, SMALL), &fresh),
        batches(
            "d push 1000 × 20 KB in one request",
            "s",
            (3, 1_000, 20 << 10),
            &fresh,
        ),
        Row::new(
            "j push 1 file into 10,000",
            "requests/s",
            replace,
            move || full.rate(time, replaced).expect("commits"),
        ),
    ]
}

/// New content for one of the seeded files.
fn replaced() -> File {
    seeded(number() % FILES)
}

/// Pushes of one file each, on some connections.
fn single(name: &'static str, connections: usize, time: Duration, native: &Lazy) -> Row<'static> {
    let native = native.clone();
    let file = || File::new(None, SMALL);
    let push = move |target: &Target, round| {
        let project = format!("b{connections}-{round}");
        target.drive(connections, time, &|| {
            client::push(&project, &body(&[file()]))
        })
    };
    Row::new(name, "requests/s", push, move || {
        let mut reference = native.borrow_mut().rate(time, file).expect("commits");
        if connections > 1 {
            // One writer never waits for others: its rate compares, its latency does not.
            reference.latencies.clear();
        }
        reference
    })
}

/// Requests with many files of a size each.
fn batches(
    name: &'static str,
    unit: &'static str,
    (requests, files, size): (usize, usize, usize),
    native: &Lazy,
) -> Row<'static> {
    let native = native.clone();
    let batches = move || (0..requests).map(move |_| File::many(files, size));
    let value = move |seconds: f64| match unit {
        "s" => seconds / requests as f64,
        _ => (requests * files) as f64 / seconds,
    };
    let push = move |target: &Target, round| {
        let project = format!("{}{round}", &name[..1]);
        let bodies: Vec<_> = batches()
            .map(|files| client::push(&project, &body(&files)))
            .collect();
        let mut round = target.each(&bodies);
        round.value = value(round.seconds());
        round
    };
    Row::new(name, unit, push, move || {
        let mut native = native.borrow_mut();
        let batches: Vec<_> = batches().collect();
        let took = batches
            .iter()
            .map(|files| native.push(files).expect("commits"));
        let mut reference = Round {
            latencies: took.collect(),
            ..Round::default()
        };
        reference.value = value(reference.seconds());
        reference
    })
}
