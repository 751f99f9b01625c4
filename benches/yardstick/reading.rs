//! Reads: rows e and f beside native SQLite, rows a, g and h beside hyper alone.

use std::time::{Duration, Instant};

use crate::bare;
use crate::client::{self, Connection, get};
use crate::load::{Round, Target};
use crate::native::Native;
use crate::rows::{Row, row};
use crate::scale::now_ms;

/// The project that is read.
pub const READ: &str = "bench-10k";

/// The rows; the ceiling has the same 10,000 files.
pub fn reading<'a>(target: &'a Target, time: Duration, native: &'a Native) -> Vec<Row<'a>> {
    let idle = client::page(READ, &now_ms());
    let status = get(&format!("/v1/projects/{READ}/status"));
    vec![
        against_bare("a health, 16 connections", get("/health"), target, time),
        row("e page of 100 from 10,000 files", "pages/s", move |_| {
            let ours = target.drive(1, time, &|| client::page(READ, "0"));
            (ours, native_pages(native, time))
        }),
        row("f pull all of 10,000 files", "s", move |_| {
            (pull_all(target), native_pull(native))
        }),
        against_bare(
            "g status of 10,000 files, 16 connections",
            status,
            target,
            time,
        ),
        against_bare("h nothing new, 16 connections", idle, target, time),
    ]
}

/// A request beside hyper alone with the same answer.
fn against_bare<'a>(
    name: &'static str,
    request: Vec<u8>,
    target: &'a Target,
    time: Duration,
) -> Row<'a> {
    let answer = Connection::open(&target.address).good(&request).to_vec();
    let bare = bare::start(&answer);
    row(name, "requests/s", move |_| {
        let request = || request.clone();
        let ours = target.drive(16, time, &request);
        (ours, bare.drive(16, time, &request))
    })
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
