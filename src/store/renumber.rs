//! Gives new revs to changes from the future, which were pushed while the clock was ahead.

use std::collections::HashMap;

use super::error::Error;
use super::project::Project;
use super::push::{next_rev, next_tag};
use super::row::{Row, Value};
use super::store::Store;
use crate::domain::{Checksum, Clock, ProjectId, Rev};

/// Versions read in one statement.
const STEP_VERSIONS: i64 = 1000;

/// A version as it is renumbered.
struct Future {
    rev: Rev,
    path: String,
    checksum: Option<Checksum>,
    previous: Option<Rev>,
    /// It is gone, and its rev tells what the path was at a moment.
    is_purged: bool,
}

impl Store {
    /// Projects that have given out a rev after `now_us`, in the order of their ids.
    pub fn projects_ahead(&self, now_us: Rev) -> Result<Vec<String>, Error> {
        let statement = "SELECT id FROM project WHERE last_rev > ?1 ORDER BY id";
        let rows = self.execute(statement, [now_us.into()])?;
        rows.into_iter().map(|mut row| row.take_text(0)).collect()
    }

    /// Renumbers the changes of a project that are after `now_us`, in their order, up to that moment,
    /// and returns how many these were. If the project has given out such a rev at all, it gets a new
    /// epoch. Everything or nothing is done.
    pub fn renumber(&self, id: &ProjectId, now_us: Rev) -> Result<u64, Error> {
        self.write(|store| {
            let project = store.project(id)?.ok_or(Error::NoProject)?;
            if project.last_rev > now_us {
                store.renumber_future(project, now_us)
            } else {
                Ok(0)
            }
        })
    }

    /// Forgets that the clock was ahead: the revs of all projects continue from `now_us`, also those of
    /// deleted projects.
    pub fn set_clock_right(&self, now_us: Rev) -> Result<(), Error> {
        self.write(|store| {
            let mut clock = store.clock()?.unwrap_or(Clock::first(now_us, None));
            clock.set_right(now_us);
            store.save_clock(&clock)?;
            let statement = "UPDATE retired SET last_rev = min(last_rev, ?1)";
            store.execute(statement, [now_us.into()]).map(drop)
        })
    }

    fn renumber_future(&self, mut project: Project, now_us: Rev) -> Result<u64, Error> {
        self.forget_nameless(project.number)?;
        let count = self.count_future(project.number, now_us)?;
        self.go_back(&mut project, now_us, count)?;
        let (mut after, mut new_revs) = (now_us, HashMap::new());
        loop {
            let versions = self.future(project.number, after)?;
            let Some(last) = versions.last() else { break };
            after = last.rev;
            for version in &versions {
                self.renumber_version(&mut project, version, &mut new_revs)?;
            }
        }
        self.finish_renumbering(&project, now_us)?;
        Ok(count as u64)
    }

    /// A purged version without a path has only proved cursors, and they end with the epoch.
    fn forget_nameless(&self, project: i64) -> Result<(), Error> {
        let nameless = "DELETE FROM purged WHERE project = ?1 AND path IS NULL";
        self.execute(nameless, [project.into()]).map(drop)
    }

    fn count_future(&self, project: i64, now_us: Rev) -> Result<Rev, Error> {
        let statement = "SELECT (SELECT count(*) FROM version WHERE project = ?1 AND rev > ?2)
            + (SELECT count(*) FROM purged WHERE project = ?1 AND rev > ?2)";
        let row = self.first(statement, [project.into(), now_us.into()])?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    /// Lets the project's numbers continue where `count` changes end at `now_us`, but after the changes
    /// that stay as they are.
    fn go_back(&self, project: &mut Project, now_us: Rev, count: Rev) -> Result<(), Error> {
        let row = self.first(
            "SELECT rev, tag FROM version WHERE project = ?1 AND rev <= ?2 ORDER BY rev DESC LIMIT 1",
            [project.number.into(), now_us.into()],
        )?;
        project.head = row.as_ref().map(|row| row.integer(0)).transpose()?;
        project.tag = row.map_or(Ok(0), |row| row.integer(1))?;
        // One number in a thousand is not given out.
        let room = count + count / 999 + 2;
        project.last_rev = project.head.unwrap_or(0).max(now_us - room);
        Ok(())
    }

    fn future(&self, project: i64, after: Rev) -> Result<Vec<Future>, Error> {
        let rows = self.execute(
            "SELECT rev, path, checksum, previous, 0 FROM version WHERE project = ?1 AND rev > ?2
             UNION ALL SELECT rev, path, NULL, NULL, 1 FROM purged WHERE project = ?1 AND rev > ?2
             ORDER BY rev LIMIT ?3",
            [project.into(), after.into(), STEP_VERSIONS.into()],
        )?;
        let version = |mut row: Row| {
            Ok(Future {
                rev: row.integer(0)?,
                path: row.take_text(1)?,
                checksum: row.optional_checksum(2)?,
                previous: row.optional_integer(3)?,
                is_purged: row.integer::<i64>(4)? == 1,
            })
        };
        rows.into_iter().map(version).collect()
    }

    /// No version has the new rev: it is at most the old one, and those before have moved.
    fn renumber_version(
        &self,
        project: &mut Project,
        version: &Future,
        new_revs: &mut HashMap<Rev, Rev>,
    ) -> Result<(), Error> {
        let rev = next_rev(project.last_rev, 0);
        if version.is_purged {
            project.last_rev = rev;
            let moved = "UPDATE purged SET rev = ?3 WHERE project = ?1 AND rev = ?2";
            let revs = [project.number, version.rev, rev].map(Value::from);
            return self.execute(moved, revs).map(drop);
        }
        project.tag = next_tag(project.tag, rev, &version.path, version.checksum.as_ref());
        (project.last_rev, project.head) = (rev, Some(rev));
        new_revs.insert(version.rev, rev);
        let previous = version.previous;
        let previous = previous.map(|rev| new_revs.get(&rev).copied().unwrap_or(rev));
        let revs = || -> [Value; 3] { [project.number.into(), version.rev.into(), rev.into()] };
        let values = [project.tag.into(), previous.into()];
        // The server itself dated a deletion, by its rev.
        self.execute(
            "UPDATE version SET rev = ?3, tag = ?4, previous = ?5,
               modified = iif(checksum IS NULL, ?3 / 1000, modified)
             WHERE project = ?1 AND rev = ?2",
            [&revs()[..], &values].concat(),
        )?;
        self.execute(
            "UPDATE file SET rev = ?3 WHERE project = ?1 AND deleted IN (0, 1) AND rev = ?2",
            revs(),
        )?;
        // The retention goes on there.
        let cut = "UPDATE sweep SET rev = ?3 WHERE project = ?1 AND rev = ?2";
        self.execute(cut, revs()).map(drop)
    }

    fn finish_renumbering(&self, project: &Project, now_us: Rev) -> Result<(), Error> {
        self.execute(
            "UPDATE project SET last_rev = ?2, head = ?3, tag = ?4, epoch = random(),
               swept_at = min(swept_at, ?5) WHERE number = ?1",
            [
                project.number.into(),
                project.last_rev.into(),
                project.head.into(),
                project.tag.into(),
                now_us.into(),
            ],
        )
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id, path};
    use super::*;
    use crate::store::Purge;

    const NOW: Rev = 1_795_000_000_000_000;
    const YEAR: Rev = 31_536_000_000_000;

    fn revs_of(store: &Store, at: &str) -> Vec<Rev> {
        let project = store.project(&id()).unwrap().unwrap().number;
        let versions = store.versions(project, &path(at), Rev::MAX, 100).unwrap();
        versions.iter().map(|stored| stored.version.rev).collect()
    }

    #[test]
    fn changes_from_the_future_come_to_the_present_in_their_order() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(NOW - 50, &[("a", Some("one"))]);
        store.push_at(NOW + YEAR, &[("a", Some("two")), ("b", Some("x"))]);
        store.push_at(NOW + YEAR, &[("b", None), ("a", Some("three"))]);
        let before = store.project(&id()).unwrap().unwrap();
        let old_cursor = before.cursor();
        assert_eq!(store.projects_ahead(NOW).unwrap(), ["test"]);
        assert_eq!(store.renumber(&id(), NOW).unwrap(), 4);

        let project = store.project(&id()).unwrap().unwrap();
        assert!(project.last_rev <= NOW && project.last_rev > NOW - 50);
        assert_eq!(project.head, Some(project.last_rev));
        assert_eq!(project.digest, before.digest);
        let (a, b) = (revs_of(&store, "a"), revs_of(&store, "b"));
        assert_eq!((a.len(), b.len()), (3, 2));
        assert_eq!(a[2], NOW - 50);
        // two, x, the deletion of b, three
        assert!(a[2] < a[1] && a[1] < b[1] && b[1] < b[0] && b[0] < a[0]);
        assert!(matches!(
            store.resume(&project, Some(old_cursor)),
            Err(Error::ResyncRequired)
        ));
        let cursor = project.cursor();
        assert_eq!(store.resume(&project, Some(cursor)).unwrap(), cursor.rev);
        assert_eq!(store.push_at(NOW + 5, &[("c", Some("y"))]), [NOW + 5]);
        assert!(store.projects_ahead(NOW + 5).unwrap().is_empty());
    }

    #[test]
    fn a_tag_is_the_one_that_a_push_at_the_new_rev_would_have_made() {
        let (renumbered, pushed) = (TestFile::new(), TestFile::new());
        let (renumbered, pushed) = (renumbered.store(), pushed.store());
        renumbered.push_at(NOW + YEAR, &[("a", Some("x")), ("b", Some("y"))]);
        renumbered.renumber(&id(), NOW).unwrap();
        let project = renumbered.project(&id()).unwrap().unwrap();
        pushed.push_at(project.last_rev - 1, &[("a", Some("x")), ("b", Some("y"))]);
        let expected = pushed.project(&id()).unwrap().unwrap();
        assert_eq!(project.last_rev, expected.last_rev);
        assert_eq!(project.tag, expected.tag);
    }

    #[test]
    fn what_was_purged_keeps_its_place_in_the_history() {
        let file = TestFile::new();
        let store = file.store();
        let push = |now_us, files: &[(&str, Option<&str>)]| store.push_at(now_us, files)[0];
        let purge = |at: &str, rev| {
            let purge = Purge {
                path: path(at),
                rev: Some(rev),
                device: None,
            };
            store.purge(&id(), &purge, NOW + 3 * YEAR).unwrap();
        };
        let old = push(NOW - 50, &[("old", Some("x"))]);
        push(NOW - 40, &[("old", Some("y")), ("a", Some("one"))]);
        let secret = push(NOW + YEAR, &[("a", Some("secret"))]);
        push(NOW + 2 * YEAR, &[("a", Some("two")), ("b", Some("x"))]);
        purge("old", old);
        purge("a", secret);
        store.renumber(&id(), NOW).unwrap();
        let rows = store
            .run("SELECT rev, path FROM purged ORDER BY rev")
            .unwrap();
        let purged: Vec<_> = rows
            .iter()
            .map(|row| (row.integer::<Rev>(0).unwrap(), row.text(1).unwrap()))
            .collect();
        let [(first, "old"), (second, "a")] = purged[..] else {
            panic!("{purged:?}")
        };
        let a = revs_of(&store, "a");
        assert_eq!(first, old);
        assert!(
            a[1] < second && second < a[0] && a[0] <= NOW,
            "{a:?} {second}"
        );
    }

    #[test]
    fn the_retention_goes_on_where_it_was() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(NOW + YEAR, &[("a", Some("one"))]);
        let rev = store.push_at(NOW + YEAR, &[("a", Some("two"))])[0];
        let cut = "INSERT INTO sweep (project, rev, place) SELECT number, ?1, 7 FROM project";
        store.execute(cut, [rev.into()]).unwrap();
        store.renumber(&id(), NOW).unwrap();
        let rows = store.run("SELECT rev, place FROM sweep").unwrap();
        assert_eq!(rows[0].integer::<Rev>(0).unwrap(), revs_of(&store, "a")[0]);
        assert_eq!(rows[0].integer::<Rev>(1).unwrap(), 7);
    }

    #[test]
    fn many_changes_right_after_the_present_keep_numbers_of_their_own() {
        let file = TestFile::new();
        let store = file.store();
        let names: Vec<_> = (0..900).map(|i| format!("{i:04}")).collect();
        for (now_us, content) in [(NOW - 500, "x"), (NOW - 499, "y")] {
            let files: Vec<_> = names
                .iter()
                .map(|name| (name.as_str(), Some(content)))
                .collect();
            store.push_at(now_us, &files);
        }
        let before = store.project(&id()).unwrap().unwrap();
        assert!(before.last_rev > NOW + 1000);
        assert!(store.renumber(&id(), NOW).unwrap() > 1000);
        let after = store.project(&id()).unwrap().unwrap();
        assert!(after.last_rev <= before.last_rev);
        let rows = store.run("SELECT count(*) FROM version JOIN file USING (project, path)");
        assert_eq!(rows.unwrap()[0].integer::<u64>(0).unwrap(), 1800);
    }

    #[test]
    fn the_clock_and_deleted_projects_go_on_from_the_present() {
        let file = TestFile::new();
        let store = file.store();
        store.read_clock(NOW + YEAR, 0).unwrap();
        store.push_at(NOW + YEAR, &[("a", Some("x"))]);
        store.delete_project(&id(), 100).unwrap();
        store.set_clock_right(NOW).unwrap();
        let clock = store.read_clock(NOW + 5, 0).unwrap();
        assert_eq!(clock.latest, NOW + 5);
        assert_eq!(store.push_at(NOW + 5, &[("a", Some("x"))]), [NOW + 5]);
    }

    #[test]
    fn a_project_of_the_present_stays_as_it_is() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(NOW - 50, &[("a", Some("one"))]);
        let before = store.project(&id()).unwrap().unwrap();
        assert_eq!(store.renumber(&id(), NOW).unwrap(), 0);
        let after = store.project(&id()).unwrap().unwrap();
        assert_eq!(after.cursor(), before.cursor());
    }
}
