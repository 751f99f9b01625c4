//! What paths were at a moment in the past.

use std::collections::HashMap;

use super::error::Error;
use super::history::{StoredVersion, stored_version};
use super::row::{Row, Value, json_array};
use super::store::Store;
use super::tree::VERSION;
use crate::domain::{FilePath, Rev};

/// What paths were at some moment.
pub(super) struct Past {
    pub(super) states: Vec<PastState>,
    /// Paths whose version at that moment was purged.
    pub(super) purged: Vec<String>,
}

/// What a path was at some moment.
#[derive(Debug)]
pub(super) struct PastState {
    pub(super) path: String,
    /// None when the path had no version yet.
    pub(super) version: Option<StoredVersion>,
}

/// Paths in one statement. A row has the path twice and the name of a device, so at most about 3 KB,
/// and the rows of so many are well under the 128 MiB that a host hands over at once.
const STEP_PATHS: i64 = 20_000;

impl Past {
    /// One version of one path.
    pub(super) fn of(path: &FilePath, version: StoredVersion) -> Self {
        let state = PastState {
            path: path.to_string(),
            version: Some(version),
        };
        Self {
            states: vec![state],
            purged: Vec::new(),
        }
    }
}

impl PastState {
    /// Whether a version of the path was purged that was newer, with the newest such one of each path.
    fn is_purged(&self, purged: &HashMap<String, Rev>) -> bool {
        let version = self.version.as_ref().map(|stored| stored.version.rev);
        purged.get(&self.path).copied() > version
    }
}

impl Store {
    /// What every path that changed after a moment was at that moment; with `paths`, those only.
    pub(super) fn past_at(
        &self,
        project: i64,
        moment: Rev,
        paths: Option<&[FilePath]>,
    ) -> Result<Past, Error> {
        let states = self.past_states(project, moment, paths)?;
        let purged = self.purged_until(project, moment)?;
        let is_purged = |state: &PastState| state.is_purged(&purged);
        let (purged, states): (Vec<_>, _) = states.into_iter().partition(is_purged);
        Ok(Past {
            states,
            purged: purged.into_iter().map(|state| state.path).collect(),
        })
    }

    /// The newest version of each path, up to a moment, that was purged.
    fn purged_until(&self, project: i64, moment: Rev) -> Result<HashMap<String, Rev>, Error> {
        let rows = self.execute(
            "SELECT path, max(rev) FROM purged
             WHERE project = ?1 AND rev <= ?2 AND path IS NOT NULL GROUP BY path",
            [project.into(), moment.into()],
        )?;
        let newest = |mut row: Row| Ok((row.take_text(0)?, row.integer(1)?));
        rows.into_iter().map(newest).collect()
    }

    /// The same, as if what was purged had never been.
    fn past_states(
        &self,
        project: i64,
        moment: Rev,
        paths: Option<&[FilePath]>,
    ) -> Result<Vec<PastState>, Error> {
        let paths = paths.map(|paths| json_array(paths.iter().map(FilePath::as_str)));
        let paths = paths.unwrap_or(Value::Null);
        let step = |deleted: i64, after: Rev| {
            let parameters = [
                project.into(),
                moment.into(),
                paths.clone(),
                deleted.into(),
                after.into(),
                STEP_PATHS.into(),
            ];
            self.execute(&statement(), parameters)
        };
        let mut states = Vec::new();
        for deleted in [0, 1] {
            let (mut after, mut rows) = (moment, step(deleted, moment)?);
            while !rows.is_empty() {
                for row in rows {
                    after = after.max(row.integer(8)?);
                    states.push(past_state(row)?);
                }
                rows = step(deleted, after)?;
            }
        }
        Ok(states)
    }
}

/// The next paths that changed after a moment, one row each, in the order in which they did.
fn statement() -> String {
    format!(
        "WITH RECURSIVE changed (path, rev) AS (
           SELECT path, rev FROM file
           WHERE project = ?1 AND deleted = ?4 AND rev > ?5
             AND (?3 IS NULL OR path IN (SELECT value FROM json_each(?3)))
           ORDER BY rev LIMIT ?6
         ),
         chain (path, newest, rev, previous) AS (
           SELECT changed.path, changed.rev, changed.rev, version.previous FROM changed
           CROSS JOIN version ON version.project = ?1 AND version.rev = changed.rev
           UNION ALL
           SELECT chain.path, chain.newest, chain.previous, version.previous FROM chain
           LEFT JOIN version ON version.project = ?1 AND version.rev = chain.previous
           WHERE chain.rev > ?2
         )
         SELECT {VERSION}, version.device, version.content, chain.path, chain.newest FROM chain
         LEFT JOIN version ON version.project = ?1 AND version.rev = chain.rev
         WHERE chain.rev IS NULL OR chain.rev <= ?2"
    )
}

fn past_state(mut row: Row) -> Result<PastState, Error> {
    let path = row.take_text(7)?;
    let exists = row.optional_integer(0)?.is_some();
    Ok(PastState {
        path,
        version: exists.then(|| stored_version(row)).transpose()?,
    })
}
