//! Many devices at once: half of them push, the other half pull everything, again and again.

use std::thread;
use std::time::{Duration, Instant};

use support::Build;

use crate::client::{self, Connection};
use crate::content::{File, body};
use crate::load::{Round, Target, merge};
use crate::process;
use crate::projects::{FILES, SMALL, seed};
use crate::report::{self, cell, percentile};
use crate::server::{self, describe, setting, target};

/// Number of devices that push, and of devices that pull.
const DEVICES: usize = 16;

/// Measures and writes `target/yardstick-devices.md`.
pub fn run() {
    let (before, build) = (process::machine(), Build::current());
    let host = server::start(&build);
    let target = target(&host);
    seed(&target, "shared", FILES, 1_000);
    let time = Duration::from_secs(setting("SECONDS", 20));
    let (cpu, start) = (target.cpu_ms(), Instant::now());
    let (pushes, pages) = thread::scope(|scope| {
        let pull = scope.spawn(|| together(&target, time, pull));
        let push = together(&target, time, push);
        (push, pull.join().expect("pulls"))
    });
    let seconds = start.elapsed().as_secs_f64();
    let busy = (target.cpu_ms() - cpu) / 1000.0 / seconds;
    let mut text = format!("Before: {before}; after: {}\n\n", process::machine());
    text += &format!("Server: {}\n\n", describe(&build));
    text += &report::head(&["", "A second", "p50 ms", "p99 ms", "Not 200"]);
    text += &line("pushes of 5 KB, 16 devices", &pushes, seconds);
    text += &line("pages of 100, 16 devices", &pages, seconds);
    text += &format!(
        "\nThe server used {busy:.2} cores; at most {} MB\n",
        report::number(process::peak_mb(host.pid()))
    );
    report::publish("yardstick-devices.md", &text);
}

/// All devices of a kind.
fn together(
    target: &Target,
    time: Duration,
    device: fn(&mut Connection, &mut Round, Instant),
) -> Round {
    let until = Instant::now() + time;
    let run = || {
        let mut round = Round::default();
        device(&mut Connection::open(&target.address), &mut round, until);
        round
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..DEVICES).map(|_| scope.spawn(run)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        merge(joined.map(|round| round.expect("answers")).collect())
    })
}

fn push(connection: &mut Connection, round: &mut Round, until: Instant) {
    while Instant::now() < until {
        let request = client::push("shared", &body(&[File::new(None, SMALL)]));
        round.time(|| connection.ask(&request).0);
    }
}

fn pull(connection: &mut Connection, round: &mut Round, until: Instant) {
    let mut since = None;
    while Instant::now() < until {
        let request = client::page("shared", since.as_deref().unwrap_or("0"));
        round.time(|| {
            let (status, page) = connection.ask(&request);
            since = client::next_since(page).map(str::to_owned);
            status
        });
    }
}

fn line(name: &str, round: &Round, seconds: f64) -> String {
    report::line(&[
        name.to_owned(),
        report::number(round.latencies.len() as f64 / seconds),
        cell(percentile(&round.latencies, 0.5)),
        cell(percentile(&round.latencies, 0.99)),
        round.bad.to_string(),
    ])
}
