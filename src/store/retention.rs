//! Prunes the content of old versions, a few paths at a time; rows stay for ever.

use super::error::Error;
use super::project::Project;
use super::row::{Row, json_array};
use super::store::Store;
use crate::domain::{ProjectId, Rev};

/// How long a project rests between two steps, in microseconds.
const REST_US: Rev = 600_000_000;
/// Paths looked at in one step, so that the push that pays for it is not noticeably slower.
const STEP_PATHS: i64 = 200;
/// Versions that lose their content in one step.
const STEP_VERSIONS: usize = 3_000;
const DAY_US: u64 = 86_400_000_000;

/// How long content is kept.
///
/// The content of a version is kept while it is the newest of its path, was replaced within
/// `days`, or is among the newest `versions`, to which the deletion at the end of a path does not
/// count. A deleted path keeps its content for `deleted_days`.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// `HISTORY_DAYS`.
    pub days: u64,
    /// `HISTORY_VERSIONS`.
    pub versions: u64,
    /// `HISTORY_DELETED_DAYS`.
    pub deleted_days: u64,
}

/// A version whose content may be pruned.
struct Outdated {
    rev: Rev,
    content: i64,
}

impl Project {
    /// Whether the project has rested long enough since its last step. A step in the future was made
    /// while the clock was ahead.
    pub(super) fn prune_is_due(&self, now_us: Rev) -> bool {
        !(0..REST_US).contains(&(now_us - self.pruned_at))
    }
}

impl Store {
    /// Prunes the next paths of a project if that is due; to be called inside a transaction.
    pub fn prune(&self, id: &ProjectId, retention: Retention, now_us: Rev) -> Result<(), Error> {
        match self.project(id)? {
            // Another push may have been faster.
            Some(project) if project.prune_is_due(now_us) => {
                self.prune_step(&project, retention, now_us)
            }
            _ => Ok(()),
        }
    }

    fn prune_step(
        &self,
        project: &Project,
        retention: Retention,
        now_us: Rev,
    ) -> Result<(), Error> {
        let last = self.last_path_of_step(project)?;
        let trusted = self.trusted_time(now_us)?;
        let outdated = self.outdated(project, last.as_deref(), retention, trusted)?;
        self.prune_contents(project.number, &outdated)?;
        // A full step may have left some; the next one looks at the same paths again.
        let pruned_to = match outdated.len() < STEP_VERSIONS {
            true => last.unwrap_or_default(),
            false => project.pruned_to.clone(),
        };
        self.execute(
            "UPDATE project SET swept_at = ?2, swept_to = ?3 WHERE number = ?1",
            [
                project.number.into(),
                now_us.into(),
                pruned_to.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// The path at which this step ends; none when it reaches the last one.
    fn last_path_of_step(&self, project: &Project) -> Result<Option<String>, Error> {
        let row = self.first(
            "SELECT path FROM file WHERE project = ?1 AND path > ?2 ORDER BY path LIMIT 1 OFFSET ?3",
            [
                project.number.into(),
                project.pruned_to.as_str().into(),
                (STEP_PATHS - 1).into(),
            ],
        )?;
        row.map(|mut row| row.take_text(0)).transpose()
    }

    /// Versions of this step's paths whose content may go, oldest first. The versions below a
    /// pruned one were pruned before it, so the walk down a chain ends there.
    fn outdated(
        &self,
        project: &Project,
        last: Option<&str>,
        retention: Retention,
        trusted: Rev,
    ) -> Result<Vec<Outdated>, Error> {
        let before = |days: u64| trusted - (days * DAY_US) as Rev;
        let rows = self.execute(
            "WITH RECURSIVE chain (rev, previous, place, replaced_at, deleted_at, pruned) AS (
               SELECT version.rev, previous, iif(file.deleted, 0, 1), NULL, iif(file.deleted, version.rev, NULL), 0
               FROM file CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
               WHERE file.project = ?1 AND file.path > ?2 AND (?3 IS NULL OR file.path <= ?3)
               UNION ALL
               SELECT version.rev, version.previous, place + 1, chain.rev, deleted_at,
                      version.checksum IS NOT NULL AND version.content IS NULL
               FROM chain CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               WHERE NOT pruned
             )
             SELECT version.rev, version.content FROM chain
             CROSS JOIN version ON version.project = ?1 AND version.rev = chain.rev
             WHERE version.content IS NOT NULL
               AND (replaced_at < ?4 AND place > ?5 OR replaced_at IS NOT NULL AND deleted_at < ?6)
             ORDER BY version.rev LIMIT ?7",
            [
                project.number.into(),
                project.pruned_to.as_str().into(),
                last.into(),
                before(retention.days).into(),
                (retention.versions as i64).into(),
                before(retention.deleted_days).into(),
                (STEP_VERSIONS as i64).into(),
            ],
        )?;
        let outdated = |row: &Row| {
            Ok(Outdated {
                rev: row.integer(0)?,
                content: row.integer(1)?,
            })
        };
        rows.iter().map(outdated).collect()
    }

    /// Content that other versions share stays.
    fn prune_contents(&self, project: i64, outdated: &[Outdated]) -> Result<(), Error> {
        if outdated.is_empty() {
            return Ok(());
        }
        let revs = json_array(outdated.iter().map(|version| version.rev));
        self.execute(
            "UPDATE version SET content = NULL
             WHERE project = ?1 AND rev IN (SELECT value FROM json_each(?2))",
            [project.into(), revs],
        )?;
        let contents = json_array(outdated.iter().map(|version| version.content));
        self.execute(
            "DELETE FROM content WHERE id IN (SELECT value FROM json_each(?1))
               AND NOT EXISTS (SELECT 1 FROM version WHERE version.content = content.id)",
            [contents],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestFile, id, path};
    use super::*;

    const DAY: Rev = DAY_US as Rev;
    const RETENTION: Retention = Retention {
        days: 1,
        versions: 1,
        deleted_days: 3,
    };

    /// Revs of the versions of `a` that keep their content.
    fn kept(store: &Store) -> Vec<Rev> {
        let project = store.project(&id()).unwrap().unwrap().number;
        let versions = store.versions(project, &path("a"), Rev::MAX, 10).unwrap();
        let kept = versions.iter().filter(|stored| stored.content.is_some());
        kept.map(|stored| stored.version.rev).collect()
    }

    fn prune(store: &Store, now_us: Rev) {
        store
            .write(|store| store.prune(&id(), RETENTION, now_us))
            .unwrap();
    }

    #[test]
    fn replaced_content_goes_after_its_days() {
        let file = TestFile::new();
        let store = file.store();
        for (now_us, content) in [(1, "one"), (DAY / 2, "two"), (DAY, "three")] {
            store.push_at(now_us, &[("a", Some(content))]);
        }
        prune(&store, DAY);
        assert_eq!(kept(&store).len(), 3);
        prune(&store, DAY + DAY / 2 + 1000);
        assert_eq!(kept(&store).len(), 2);
        prune(&store, 3 * DAY);
        assert_eq!(kept(&store).len(), 1);
    }

    #[test]
    fn a_project_rests_between_two_steps() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", Some("two"))]);
        prune(&store, 2 * DAY);
        store.push_at(2 * DAY + 1, &[("a", Some("three"))]);
        assert!(
            !store
                .project(&id())
                .unwrap()
                .unwrap()
                .prune_is_due(2 * DAY + REST_US - 1)
        );
        assert!(
            store
                .project(&id())
                .unwrap()
                .unwrap()
                .prune_is_due(2 * DAY + REST_US)
        );
    }

    #[test]
    fn a_clock_that_is_ahead_prunes_nothing_for_a_day() {
        let file = TestFile::new();
        let store = file.store();
        store.read_clock(1, 0).unwrap();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", None)]);
        let year = 365 * DAY;
        for now_us in [year, year + DAY / 2, year + DAY - REST_US] {
            store.read_clock(now_us, 0).unwrap();
            prune(&store, now_us);
            assert_eq!(kept(&store), [1]);
        }
        store.read_clock(year + DAY, 0).unwrap();
        prune(&store, year + DAY);
        assert!(kept(&store).is_empty());
    }

    #[test]
    fn a_step_while_the_clock_was_ahead_delays_no_later_one() {
        let file = TestFile::new();
        let store = file.store();
        for (now_us, content) in [(1, "one"), (2, "two")] {
            store.push_at(now_us, &[("a", Some(content))]);
        }
        store.read_clock(3, 0).unwrap();
        prune(&store, 365 * DAY);
        let project = store.project(&id()).unwrap().unwrap();
        assert!(project.prune_is_due(DAY));
    }

    #[test]
    fn a_deleted_path_keeps_its_content_longer() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", None)]);
        prune(&store, 2 * DAY);
        assert_eq!(kept(&store), [1]);
        prune(&store, 4 * DAY);
        assert!(kept(&store).is_empty());
    }
}
