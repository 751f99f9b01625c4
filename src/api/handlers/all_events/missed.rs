//! What a client of all projects has missed.

use super::position::Since;
use crate::api::error::Error;
use crate::domain::key::Projects;
use crate::domain::{Cursor, Rev};
use crate::store::{LatestChange, Store};
use crate::wire::event;

/// What a client has missed, in the order of time.
pub(super) struct Missed {
    pub changes: Vec<LatestChange>,
    /// Deleted projects.
    pub deleted: Vec<(String, Rev)>,
    /// Where it continues when there is more.
    pub until: Option<Rev>,
}

impl Missed {
    /// What has happened since, at most `limit` of each kind.
    pub fn since(
        store: &Store,
        projects: &Projects,
        since: Since,
        limit: usize,
    ) -> Result<Self, Error> {
        let mut changes = store.latest_changes(projects, since.changes, limit + 1)?;
        let mut deleted = match since.deletions {
            Some(since) => store.latest_deletions(projects, since, limit + 1)?,
            None => Vec::new(),
        };
        let next_change = changes.get(limit).map(|change| change.cursor.rev);
        let next_deletion = deleted.get(limit).map(|(_, at)| *at);
        let until = next_change.into_iter().chain(next_deletion).min();
        if let Some(until) = until {
            changes.retain(|change| change.cursor.rev < until);
            deleted.retain(|(_, at)| *at < until);
        }
        Ok(Self {
            changes,
            deleted,
            until,
        })
    }

    pub fn events(&self) -> String {
        let deletion = |(id, _): &(String, Rev)| event::change(id, Cursor::BEGINNING, None);
        let deletions = self.deleted.iter().map(deletion);
        self.changes.iter().map(describe).chain(deletions).collect()
    }
}

fn describe(change: &LatestChange) -> String {
    event::change(&change.project, change.cursor, change.device.as_deref())
}
