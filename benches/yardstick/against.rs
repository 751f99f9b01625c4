//! The tables: rows next to their references, or next to a baseline.

use std::time::Duration;

use crate::load::Round;
use crate::report::{self, cell, median, number, percentile};
use crate::row::Row;

/// Each row next to what the machine can do.
pub fn reference(rows: &[Row]) -> String {
    let head = report::head(&[
        "Row",
        "Unit",
        "Server",
        "p50 ms",
        "p99 ms",
        "CPU ms a request",
        "Reference",
        "its p50 ms",
        "Server / reference",
        "The same at p50",
        "Not 200",
    ]);
    let line = |row: &Row| {
        let (ours, reference) = sides(row);
        let (all, of_reference) = (latencies(&ours), latencies(&reference));
        let at_p50 = percentile(&of_reference, 0.5).zip(percentile(&all, 0.5));
        report::line(&[
            row.name.to_owned(),
            row.unit.to_owned(),
            number(middle(&ours, |round| round.value)),
            cell(percentile(&all, 0.5)),
            cell(percentile(&all, 0.99)),
            number(middle(&ours, |round| round.cpu_ms)),
            number(middle(&reference, |round| round.value)),
            cell(percentile(&of_reference, 0.5)),
            percent(speed(row)),
            at_p50.map_or_else(|| cell(None), |(reference, ours)| percent(reference / ours)),
            bad(&ours),
        ])
    };
    head + &rows.iter().map(line).collect::<String>()
}

/// Each row next to the same requests to the baseline. Changes are medians over the rounds.
pub fn baseline(rows: &[Row]) -> String {
    let head = report::head(&[
        "Row",
        "Unit",
        "Baseline",
        "Server",
        "Speed",
        "Baseline CPU ms a request",
        "CPU ms a request",
        "CPU",
        "Baseline p50 ms",
        "p50 ms",
        "Not 200",
    ]);
    let line = |row: &Row| {
        let (ours, other) = sides(row);
        let cpu = row
            .results
            .iter()
            .map(|(ours, other)| ours.cpu_ms / other.cpu_ms);
        report::line(&[
            row.name.to_owned(),
            row.unit.to_owned(),
            number(middle(&other, |round| round.value)),
            number(middle(&ours, |round| round.value)),
            percent(speed(row)),
            number(middle(&other, |round| round.cpu_ms)),
            number(middle(&ours, |round| round.cpu_ms)),
            percent(median(cpu)),
            cell(percentile(&latencies(&other), 0.5)),
            cell(percentile(&latencies(&ours), 0.5)),
            bad(&[&other[..], &ours].concat()),
        ])
    };
    head + &rows.iter().map(line).collect::<String>()
}

fn sides<'a>(row: &'a Row) -> (Vec<&'a Round>, Vec<&'a Round>) {
    row.results
        .iter()
        .map(|(ours, other)| (ours, other))
        .unzip()
}

/// The server's speed as a share of the other's. Only results of the same round are compared, when
/// other programs used the machine as much.
fn speed(row: &Row) -> f64 {
    let share = |(ours, other): &(Round, Round)| match row.unit {
        "s" => other.value / ours.value,
        _ => ours.value / other.value,
    };
    median(row.results.iter().map(share))
}

fn middle(rounds: &[&Round], value: fn(&Round) -> f64) -> f64 {
    median(rounds.iter().map(|round| value(round)))
}

fn latencies(rounds: &[&Round]) -> Vec<Duration> {
    let all = rounds.iter().flat_map(|round| &round.latencies);
    all.copied().collect()
}

fn bad(rounds: &[&Round]) -> String {
    let bad: usize = rounds.iter().map(|round| round.bad).sum();
    bad.to_string()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
