//! The rows of the yardstick, each in turn with its ceiling, round after round.

use std::cell::RefCell;
use std::time::Duration;

use support::Host;
use crate::load::{Round, Target};
use crate::native::Native;
use crate::reading::{READ, reading};
use crate::report::{self, cell, median, percentile};
use crate::writing::{SMALL, WRITTEN, seed, writing};
use crate::{process, server, setting, start};

/// Measures the server and its ceiling once; the argument is the number of the round.
type Measure<'a> = Box<dyn FnMut(u64) -> (Round, Round) + 'a>;

/// A row and what it came to, round by round.
pub struct Row<'a> {
    name: &'static str,
    unit: &'static str,
    measure: Measure<'a>,
    results: Vec<(Round, Round)>,
}

/// Measures all and writes `target/yardstick.md`.
pub fn run() {
    let (load, starts) = (process::machine(), start::report());
    let host = server();
    let table = measure_all(&target(&host));
    let (after, memory) = (process::machine(), start::memory(&host));
    let text = format!("Before: {load}; after: {after}\n\n{table}\n{starts}{memory}");
    report::publish("yardstick.md", &text);
}

fn measure_all(target: &Target) -> String {
    for project in [READ, WRITTEN] {
        seed(target, project, 10_000, 100);
    }
    let full = Native::of(10_000, SMALL).expect("a database");
    let fresh = RefCell::new(Native::new().expect("a database"));
    let time = Duration::from_secs(setting("SECONDS", 2));
    let mut rows = writing(target, time, &fresh);
    rows.extend(reading(target, time, &full));
    let only = std::env::var("ONLY").unwrap_or_else(|_| "abcdefghj".to_owned());
    rows.retain(|row| row.name.starts_with(|letter| only.contains(letter)));
    for round in 0..setting("ROUNDS", 5) {
        rows.iter_mut().for_each(|row| row.measure(round));
        eprintln!("{}", process::machine());
    }
    std::iter::once(head())
        .chain(rows.iter().map(Row::line))
        .collect()
}

/// Where a host is asked and measured.
pub fn target(host: &Host) -> Target {
    Target {
        address: host.address().to_owned(),
        pid: Some(host.pid()),
    }
}

/// A row that was not measured yet.
pub fn row<'a>(
    name: &'static str,
    unit: &'static str,
    measure: impl FnMut(u64) -> (Round, Round) + 'a,
) -> Row<'a> {
    Row {
        name,
        unit,
        measure: Box::new(measure),
        results: Vec::new(),
    }
}

fn head() -> String {
    report::head(&[
        "Row",
        "Unit",
        "Server",
        "p50 ms",
        "p99 ms",
        "CPU ms a request",
        "Ceiling",
        "its p50 ms",
        "Share",
        "Share at p50",
        "Not 200",
    ])
}

impl Row<'_> {
    fn measure(&mut self, round: u64) {
        let (ours, ceiling) = (self.measure)(round);
        let values = [ours.value, ceiling.value].map(report::number);
        eprintln!("{} {}: {}", round + 1, self.name, values.join(" of "));
        self.results.push((ours, ceiling));
    }

    fn line(&self) -> String {
        let (ours, ceilings): (Vec<&Round>, Vec<&Round>) = self
            .results
            .iter()
            .map(|(ours, ceiling)| (ours, ceiling))
            .unzip();
        let (all, ceiling) = (latencies(&ours), latencies(&ceilings));
        let of = |value: fn(&Round) -> f64, rounds: &[&Round]| {
            report::number(median(rounds.iter().map(|round| value(round))))
        };
        report::line(&[
            self.name.to_owned(),
            self.unit.to_owned(),
            of(|round| round.value, &ours),
            cell(percentile(&all, 0.5)),
            cell(percentile(&all, 0.99)),
            of(|round| round.cpu_ms, &ours),
            of(|round| round.value, &ceilings),
            cell(percentile(&ceiling, 0.5)),
            self.share(),
            share_at_p50(&all, &ceiling),
            ours.iter()
                .map(|round| round.bad)
                .sum::<usize>()
                .to_string(),
        ])
    }

    /// Compares what was measured in the same round, when others used the machine as much.
    fn share(&self) -> String {
        let share = |(ours, ceiling): &(Round, Round)| match self.unit {
            "s" => ceiling.value / ours.value,
            _ => ours.value / ceiling.value,
        };
        percent(median(self.results.iter().map(share)))
    }
}

fn latencies(rounds: &[&Round]) -> Vec<Duration> {
    let all = rounds.iter().flat_map(|round| &round.latencies);
    all.copied().collect()
}

fn share_at_p50(ours: &[Duration], ceiling: &[Duration]) -> String {
    let share = percentile(ceiling, 0.5).zip(percentile(ours, 0.5));
    share.map_or_else(|| cell(None), |(ceiling, ours)| percent(ceiling / ours))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
