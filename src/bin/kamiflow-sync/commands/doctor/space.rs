//! Says what projects and history take.

use kamiflow_sync_component::store::{ProjectUsage, Store};

use super::report::Report;
use crate::commands::counted::counted;
use crate::commands::printable::printable;
use crate::commands::progress::bytes;

/// One line for all, and with `by_project` one for each, which names it.
pub fn check(report: &mut Report, store: &Store, by_project: bool) {
    let taken = || Ok((store.usage()?, store.file_space()?.free));
    let Some((projects, free)) = report.take("space", taken()) else {
        return;
    };
    let sum = |of: fn(&ProjectUsage) -> u64| bytes(projects.iter().map(of).sum());
    let (live, history) = (sum(|of| of.live), sum(|of| of.history));
    let free = bytes(free);
    report.ok(
        "space",
        format!("{live} of live files, {history} of history, {free} free in the file"),
    );
    for of in projects.iter().filter(|_| by_project) {
        let (id, files) = (printable(&of.id), counted(of.files, "file"));
        let (live, history) = (bytes(of.live), bytes(of.history));
        let text = format!("{id}: {files} of {live}, {history} of history");
        report.ok("project", text);
    }
}
