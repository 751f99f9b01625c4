//! All rows, round after round.

use std::time::Duration;

use support::Build;

use crate::load::Target;
use crate::projects::{FILES, READ, WRITTEN, seed};
use crate::reading::reading;
use crate::row::Row;
use crate::server::{self, describe, setting, target};
use crate::writing::writing;
use crate::{against, process, report, start};

/// Measures every row and writes `target/yardstick.md`.
pub fn run() {
    let (build, baseline) = (Build::current(), server::baseline());
    let before = process::machine();
    let starts = start::report(&build);
    let host = server::start(&build);
    let other = baseline.as_ref().map(|build| (build, server::start(build)));
    let table = measure(&target(&host), other.as_ref().map(|(_, host)| target(host)));
    let mut text = format!("Before: {before}; after: {}\n\n", process::machine());
    text += &format!("Server: {}\n\n", describe(&build));
    if let Some((build, _)) = &other {
        text += &format!("Baseline: {}\n\n", describe(build));
    }
    text += &format!("{table}\n{starts}{}", start::memory(&host));
    if let Some((build, host)) = &other {
        text += &format!(
            "\nBaseline:\n{}{}",
            start::report(build),
            start::memory(host)
        );
    }
    report::publish("yardstick.md", &text);
}

fn measure(server: &Target, baseline: Option<Target>) -> String {
    for target in std::iter::once(server).chain(&baseline) {
        for project in [READ, WRITTEN] {
            seed(target, project, FILES, 100);
        }
    }
    let time = Duration::from_secs(setting("SECONDS", 2));
    let mut rows = writing(time);
    rows.extend(reading(server, time));
    let only = std::env::var("ONLY").unwrap_or_else(|_| "abcdefghj".to_owned());
    rows.retain(|row| row.name.starts_with(|letter| only.contains(letter)));
    for round in 0..setting("ROUNDS", 5) {
        for row in &mut rows {
            row.measure(server, baseline.as_ref(), round);
            eprintln!("{}", progress(row));
        }
        eprintln!("{}", process::machine());
    }
    match baseline {
        None => against::reference(&rows),
        Some(_) => against::baseline(&rows),
    }
}

fn progress(row: &Row) -> String {
    let values = row.results.last().map(|(ours, other)| {
        let values = [ours.value, other.value].map(report::number);
        values.join(" of ")
    });
    format!(
        "{} {}: {}",
        row.results.len(),
        row.name,
        values.unwrap_or_default()
    )
}
