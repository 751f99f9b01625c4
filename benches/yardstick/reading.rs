//! Reads: rows e and f next to native SQLite, rows a, g and h next to hyper alone.

use std::cell::LazyCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::bare;
use crate::client::{self, Connection, get};
use crate::load::{Round, Target};
use crate::native::Native;
use crate::projects::{FILES, READ, SMALL, now_ms};
use crate::row::Row;

/// The rows; the reference of e and f has as many files. `server` shows how large the answers are
/// that hyper alone gives.
pub fn reading(server: &Target, time: Duration) -> Vec<Row<'static>> {
    let bare = |name, request: Vec<u8>| {
        let answer = Connection::open(&server.address).good(&request).to_vec();
        next_to_bare(name, request, answer, time)
    };
    let full = Rc::new(LazyCell::new(|| {
        Native::of(FILES, SMALL).expect("a database")
    }));
    let page = move |target: &Target, _| target.drive(1, time, &|| client::page(READ, "0"));
    let (pages, pull) = (full.clone(), full);
    let status = get(&format!("/v1/projects/{READ}/status"));
    vec![
        bare("a health, 16 connections", get("/health")),
        Row::new(
            "e page of 100 from 10,000 files",
            "pages/s",
            move |target, round| page(target, round),
            move || native_pages(&pages, time),
        ),
        Row::new(
            "f pull all of 10,000 files",
            "s",
            |target, _| pull_all(target),
            move || native_pull(&pull),
        ),
        bare("g status of 10,000 files, 16 connections", status),
        bare(
            "h nothing new, 16 connections",
            client::page(READ, &now_ms()),
        ),
    ]
}

/// A request next to hyper alone with the same answer.
fn next_to_bare(
    name: &'static str,
    request: Vec<u8>,
    answer: Vec<u8>,
    time: Duration,
) -> Row<'static> {
    let bare = LazyCell::new(move || bare::start(&answer));
    let request = Rc::new(request);
    let same = request.clone();
    let ask = move |target: &Target, request: &Vec<u8>| target.drive(16, time, &|| request.clone());
    Row::new(
        name,
        "requests/s",
        move |target, _| ask(target, &request),
        move || ask(&bare, &same),
    )
}

fn native_pages(native: &Native, time: Duration) -> Round {
    let (start, mut round) = (Instant::now(), Round::default());
    while start.elapsed() < time {
        round.time(|| std::hint::black_box(native.page(0)).map_or(0, |_| 200));
    }
    round.value = round.latencies.len() as f64 / round.seconds();
    round
}

fn native_pull(native: &Native) -> Round {
    let (mut round, mut since) = (Round::default(), Some(0));
    while let Some(from) = since {
        round.time(|| {
            since = native.page(from).expect("a page").1;
            200
        });
    }
    round.value = round.seconds();
    round
}

fn pull_all(target: &Target) -> Round {
    let (mut connection, cpu) = (Connection::open(&target.address), target.cpu_ms());
    let (mut round, mut since) = (Round::default(), Some("0".to_owned()));
    while let Some(from) = since.take() {
        round.time(|| {
            let (status, page) = connection.ask(&client::page(READ, &from));
            since = client::next_since(page).map(str::to_owned);
            status
        });
    }
    assert_eq!(round.latencies.len(), 100, "pages");
    round.value = round.seconds();
    round.cpu_ms = (target.cpu_ms() - cpu) / 100.0;
    round
}
