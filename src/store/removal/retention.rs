//! Prunes the content of old versions, a few paths at a time; rows stay for ever.

use crate::domain::{DAY_US, ProjectId, Rev};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::row::{Row, json_array};
use crate::store::store::Store;

/// How long a project rests between two steps, in microseconds.
const REST_US: Rev = 600_000_000;
/// Paths looked at in one step, so that the push that pays for it is not noticeably slower.
const STEP_PATHS: i64 = 200;
/// Versions looked at in one step, however many of them a path has.
const STEP_VERSIONS: usize = 3_000;

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

/// Where a step ended inside the history of a path.
#[derive(Debug)]
struct Cut {
    path: String,
    /// The last version that was looked at.
    rev: Rev,
    /// How many of its path are newer, but for a deletion at the end.
    place: i64,
}

impl Project {
    /// Whether the project has rested long enough since its last step. A step in the future was made
    /// while the clock was ahead.
    pub(in crate::store) fn prune_is_due(&self, now_us: Rev) -> bool {
        !(0..REST_US).contains(&(now_us - self.pruned_at))
    }
}

impl Store {
    /// Prunes the next paths of a project if that is due, and of the one that has waited longest, to which nobody may push any
    /// more. What it removes is overwritten.
    pub fn prune(&self, id: &ProjectId, retention: Retention, now_us: Rev) -> Result<(), Error> {
        self.prune_project(id, retention, now_us)?;
        match self.longest_due(now_us)? {
            Some(id) => self.prune_project(&id, retention, now_us),
            None => Ok(()),
        }
    }

    /// The project whose last step is the longest ago, if its next one is due.
    fn longest_due(&self, now_us: Rev) -> Result<Option<ProjectId>, Error> {
        let due = "SELECT id FROM project WHERE swept_at <= ?1 ORDER BY swept_at LIMIT 1";
        let row = self.first(due, [(now_us - REST_US).into()])?;
        let id = row.map(|mut row| row.take_text(0)).transpose()?;
        Ok(id.and_then(ProjectId::parse))
    }

    fn prune_project(
        &self,
        id: &ProjectId,
        retention: Retention,
        now_us: Rev,
    ) -> Result<(), Error> {
        let pruned = self.erase(|store| match store.project(id)? {
            // Another push may have been faster.
            Some(project) if project.prune_is_due(now_us) => {
                store.prune_step(&project, retention, now_us)
            }
            _ => Ok(0),
        })?;
        if pruned > 0 {
            // What it held is overwritten sooner or later.
            self.empty_log();
        }
        Ok(())
    }

    fn prune_step(
        &self,
        project: &Project,
        retention: Retention,
        now_us: Rev,
    ) -> Result<usize, Error> {
        let from = self.cut(project)?;
        let last = self.last_path_of_step(project, from.is_some())?;
        let trusted = self.trusted_time(now_us)?;
        let (outdated, cut) = self.outdated(project, from.as_ref(), retention, trusted)?;
        self.prune_contents(project.number, &outdated)?;
        let pruned_to = cut.as_ref().map(|cut| cut.path.clone()).or(last);
        self.execute(
            "UPDATE project SET swept_at = ?2, swept_to = ?3 WHERE number = ?1",
            [
                project.number.into(),
                now_us.into(),
                pruned_to.unwrap_or_default().as_str().into(),
            ],
        )?;
        self.save_cut(project.number, cut)?;
        Ok(outdated.len())
    }

    /// Where the last step ended inside the history of a path.
    fn cut(&self, project: &Project) -> Result<Option<Cut>, Error> {
        let statement = "SELECT rev, place FROM sweep WHERE project = ?1";
        let row = self.first(statement, [project.number.into()])?;
        let cut = |row: Row| {
            Ok(Cut {
                path: project.pruned_to.clone(),
                rev: row.integer(0)?,
                place: row.integer(1)?,
            })
        };
        row.map(cut).transpose()
    }

    fn save_cut(&self, project: i64, cut: Option<Cut>) -> Result<(), Error> {
        self.execute("DELETE FROM sweep WHERE project = ?1", [project.into()])?;
        let Some(cut) = cut else { return Ok(()) };
        self.execute(
            "INSERT INTO sweep (project, rev, place) VALUES (?1, ?2, ?3)",
            [project.into(), cut.rev.into(), cut.place.into()],
        )
        .map(drop)
    }

    /// The path at which this step ends; none when it reaches the last one. A step that continues inside
    /// a path begins with that path.
    fn last_path_of_step(&self, project: &Project, goes_on: bool) -> Result<Option<String>, Error> {
        let row = self.first(
            "SELECT path FROM file WHERE project = ?1 AND path >= ?2 AND (?4 OR path > ?2)
             ORDER BY path LIMIT 1 OFFSET ?3",
            [
                project.number.into(),
                project.pruned_to.as_str().into(),
                (STEP_PATHS - 1).into(),
                i64::from(goes_on).into(),
            ],
        )?;
        row.map(|mut row| row.take_text(0)).transpose()
    }

    /// Versions of this step's paths whose content may go, path by path and newest first, and where it
    /// ends when they have too many versions. The versions below a pruned one were pruned before it,
    /// or by the steps that continue there, so the walk down a chain ends there.
    fn outdated(
        &self,
        project: &Project,
        from: Option<&Cut>,
        retention: Retention,
        trusted: Rev,
    ) -> Result<(Vec<Outdated>, Option<Cut>), Error> {
        let before = |days: u64| trusted - days as Rev * DAY_US;
        let rows = self.execute(
            "WITH RECURSIVE chain (path, rev, previous, place, replaced_at, deleted_at, pruned) AS (
               SELECT * FROM (
                 SELECT file.path, version.rev, version.previous,
                   iif(?8 IS NOT NULL AND file.path = ?2, ?9, iif(file.deleted, 0, 1)),
                   NULL, iif(file.deleted, file.rev, NULL), 0
                 FROM file CROSS JOIN version ON version.project = ?1
                   AND version.rev = iif(?8 IS NOT NULL AND file.path = ?2, ?8, file.rev)
                 WHERE file.project = ?1 AND file.path >= ?2 AND (?8 IS NOT NULL OR file.path > ?2)
                 ORDER BY file.path LIMIT ?3)
               UNION ALL
               SELECT chain.path, version.rev, version.previous, place + 1, chain.rev, deleted_at,
                      version.checksum IS NOT NULL AND version.content IS NULL
               FROM chain CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               WHERE NOT pruned
               ORDER BY 1, 2 DESC LIMIT ?7
             )
             SELECT version.rev, version.content, NULL, NULL FROM chain
             CROSS JOIN version ON version.project = ?1 AND version.rev = chain.rev
             WHERE version.content IS NOT NULL
               AND (replaced_at < ?4 AND place > ?5 OR replaced_at IS NOT NULL AND deleted_at < ?6)
             UNION ALL
             SELECT * FROM (SELECT rev, NULL, path, place FROM chain LIMIT 1 OFFSET ?7 - 1)",
            [
                project.number.into(),
                project.pruned_to.as_str().into(),
                STEP_PATHS.into(),
                before(retention.days).into(),
                (retention.versions as i64).into(),
                before(retention.deleted_days).into(),
                (STEP_VERSIONS as i64).into(),
                from.map(|cut| cut.rev).into(),
                from.map(|cut| cut.place).into(),
            ],
        )?;
        let (mut outdated, mut cut) = (Vec::new(), None);
        for mut row in rows {
            let rev = row.integer(0)?;
            match row.optional_integer(1)? {
                Some(content) => outdated.push(Outdated { rev, content }),
                None => {
                    let place = row.integer(3)?;
                    let path = row.take_text(2)?;
                    cut = Some(Cut { path, rev, place });
                }
            }
        }
        Ok((outdated, cut))
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
        // Overwritten before anything is deleted, since deleting makes SQLite move what is around.
        for change in [
            "UPDATE content SET bytes = zeroblob(length(bytes))",
            "DELETE FROM content",
        ] {
            let contents = json_array(outdated.iter().map(|version| version.content));
            let unused = format!(
                "{change} WHERE id IN (SELECT value FROM json_each(?1))
                   AND NOT EXISTS (SELECT 1 FROM version WHERE version.content = content.id)"
            );
            self.execute(&unused, [contents])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::push::PushTo;
    use crate::store::test_support::{TestFile, id, path, push, rules};

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
        store.prune(&id(), RETENTION, now_us).unwrap();
    }

    #[test]
    fn replaced_content_goes_after_its_days() {
        let file = TestFile::new();
        let store = file.store();
        for (now_us, content) in [(1, "one"), (DAY_US / 2, "two"), (DAY_US, "three")] {
            store.push_at(now_us, &[("a", Some(content))]);
        }
        prune(&store, DAY_US);
        assert_eq!(kept(&store).len(), 3);
        prune(&store, DAY_US + DAY_US / 2 + 1000);
        assert_eq!(kept(&store).len(), 2);
        prune(&store, 3 * DAY_US);
        assert_eq!(kept(&store).len(), 1);
    }

    #[test]
    fn a_project_rests_between_two_steps() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", Some("two"))]);
        prune(&store, 2 * DAY_US);
        store.push_at(2 * DAY_US + 1, &[("a", Some("three"))]);
        assert!(
            !store
                .project(&id())
                .unwrap()
                .unwrap()
                .prune_is_due(2 * DAY_US + REST_US - 1)
        );
        assert!(
            store
                .project(&id())
                .unwrap()
                .unwrap()
                .prune_is_due(2 * DAY_US + REST_US)
        );
    }

    #[test]
    fn a_clock_that_is_ahead_prunes_nothing_for_a_day() {
        let file = TestFile::new();
        let store = file.store();
        store.read_clock(1, 0).unwrap();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", None)]);
        let year = 365 * DAY_US;
        for now_us in [year, year + DAY_US / 2, year + DAY_US - REST_US] {
            store.read_clock(now_us, 0).unwrap();
            prune(&store, now_us);
            assert_eq!(kept(&store), [1]);
        }
        store.read_clock(year + DAY_US, 0).unwrap();
        prune(&store, year + DAY_US);
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
        prune(&store, 365 * DAY_US);
        let project = store.project(&id()).unwrap().unwrap();
        assert!(project.prune_is_due(DAY_US));
    }

    #[test]
    fn a_deleted_path_keeps_its_content_longer() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", None)]);
        prune(&store, 2 * DAY_US);
        assert_eq!(kept(&store), [1]);
        prune(&store, 4 * DAY_US);
        assert!(kept(&store).is_empty());
    }

    #[test]
    fn a_long_history_is_pruned_in_steps_of_which_each_goes_on_where_the_last_ended() {
        let file = TestFile::new();
        let store = file.store();
        let count = 2 * STEP_VERSIONS as Rev + 10;
        store
            .write(|store| {
                for rev in 1..=count {
                    let text = rev.to_string();
                    let push = push(&[("a", Some(&text)), ("b", Some("x"))]);
                    store.push(&push, &PushTo::new(&id(), rev * 10, &rules()))?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
        let kept = || {
            let rows = store.run("SELECT count(*) FROM version WHERE content IS NOT NULL");
            rows.unwrap()[0].integer::<Rev>(0).unwrap()
        };
        let (all, step) = (count + 1, STEP_VERSIONS as Rev);
        assert_eq!(kept(), all);
        // A step looks at the version at which the last one ended once more.
        for (number, expected) in [all - step + 1, all - 2 * step + 2, 2, 2]
            .iter()
            .enumerate()
        {
            prune(&store, 2 * DAY_US + number as Rev * REST_US);
            assert_eq!(kept(), *expected, "step {number}");
        }
        let text = "SELECT count(*) FROM content";
        assert_eq!(store.run(text).unwrap()[0].integer::<Rev>(0).unwrap(), 2);
    }

    #[test]
    fn pushes_to_another_project_prune_one_to_which_nobody_pushes() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", None)]);
        let active = ProjectId::parse("active".to_owned()).unwrap();
        let rules = rules();
        let to = PushTo::new(&active, 4 * DAY_US, &rules);
        store
            .write(|store| store.push(&push(&[("b", Some("x"))]), &to))
            .unwrap();
        assert_eq!(kept(&store), [1]);
        store.prune(&active, RETENTION, 4 * DAY_US).unwrap();
        assert!(kept(&store).is_empty());
    }

    #[test]
    fn what_is_pruned_is_overwritten() {
        let file = TestFile::new();
        let store = file.store();
        let (short, long) = ("a short text of old", "a long text of old ".repeat(1000));
        store.push_at(1, &[("a", Some(short)), ("b", Some(&long))]);
        store.push_at(20, &[("a", Some("new")), ("b", Some("newer"))]);
        assert!(file.holds("text of old"));
        prune(&store, 2 * DAY_US);
        assert!(!file.holds("text of old"));
    }
}
