//! What the largest projects take.

use crate::api::Error;
use crate::dashboard::format::{Name, Size, count, grouped, project_address};
use crate::domain::key::Projects;
use crate::store::{HistoryUsage, LiveUsage, Store};

/// Projects in the list.
const LIMIT: usize = 20;
/// Versions that are counted for a page: some ten milliseconds.
const COUNTED: u64 = 20_000;

/// A project in the list.
pub struct Usage {
    pub name: Name,
    pub address: String,
    pub files: String,
    pub live: Size,
    /// None where there are too many versions to count.
    pub history: Option<(String, Size)>,
    /// The widths of its bars, in thousandths of the largest project.
    pub live_width: u64,
    pub history_width: u64,
}

/// The largest projects. The history is counted of as many as there is time for, the smallest first.
pub fn largest(store: &Store, projects: &Projects) -> Result<Vec<Usage>, Error> {
    let (mut left, mut all) = (COUNTED, Vec::new());
    for live in store.largest_projects(projects, LIMIT)?.into_iter().rev() {
        let history = store.history_usage(live.number, left)?;
        left = left.saturating_sub(history.as_ref().map_or(left / 4, |of| of.versions));
        all.push((live, history));
    }
    all.reverse();
    let most = all
        .iter()
        .map(|(live, history)| bytes(live, history.as_ref()));
    let most = most.max().unwrap_or(0).max(1);
    Ok(all
        .into_iter()
        .map(|(live, history)| row(live, history, most))
        .collect())
}

fn bytes(live: &LiveUsage, history: Option<&HistoryUsage>) -> u64 {
    live.bytes + history.map_or(0, |of| of.bytes)
}

fn row(live: LiveUsage, history: Option<HistoryUsage>, most: u64) -> Usage {
    let width = |bytes: u64| bytes * 1000 / most;
    Usage {
        address: project_address(&live.id),
        name: Name::new(live.id),
        files: grouped(live.files),
        live: Size(live.bytes),
        live_width: width(live.bytes),
        history_width: width(history.as_ref().map_or(0, |of| of.bytes)),
        history: history.map(|of| (count(of.versions, "version"), Size(of.bytes))),
    }
}
