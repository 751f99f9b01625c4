//! Moves a project to another server with its whole history, so that its devices continue there as if nothing
//! had happened: revs, epoch, running hashes, keys and positions stay.
//!
//! It travels in a database that has nothing else. Here its id stays closed, since a device that still comes
//! to this server must neither find an empty project nor begin another.

mod keys;
mod rows;

use super::error::Error;
use super::project::{NEXT_NUMBER, ProjectSummary};
use super::removal::Gone;
use super::row::{Row, Value};
use super::store::Store;
use super::takeover::LastRev;
use crate::domain::{ProjectId, Rev};
use rows::Transfer;

/// A project that was moved to another server.
#[derive(Debug, PartialEq, Eq)]
pub struct MovedProject {
    /// Its id, which is closed here.
    pub id: ProjectId,
    /// When, in microseconds since 1970.
    pub moved_at: Rev,
}

impl Store {
    /// Copies a project into a new database, in which it is marked as one that is moved. To be called inside
    /// a transaction of both, and before [`close_moved`](Self::close_moved) in that of this one. Its revs will
    /// continue after `now_us`, up to which pulls were answered here.
    pub fn copy_to_move(&self, id: &ProjectId, now_us: Rev, to: &Self) -> Result<(), Error> {
        self.project(id)?.ok_or(Error::NoProject)?;
        self.raise_last_rev(&LastRev {
            project: id.as_str().to_owned(),
            rev: now_us,
        })?;
        self.copy_project(id, to)?;
        to.execute(
            "INSERT INTO retired (id, last_rev, moved_at) SELECT id, last_rev, ?1 FROM project",
            [now_us.into()],
        )
        .map(drop)
    }

    /// Takes a project that was copied out of sight and closes its id; to be called inside a transaction.
    /// [`remove_deleted`](Self::remove_deleted) removes the rest.
    pub fn close_moved(&self, id: &ProjectId, now_us: Rev) -> Result<(), Error> {
        let project = self.project(id)?.ok_or(Error::NoProject)?;
        self.take_out_of_sight(id, &project, Gone::Moved(now_us))
    }

    /// The project that this database was made to move, if it was.
    pub fn project_to_move(&self) -> Result<Option<ProjectId>, Error> {
        let row = self.run(
            "SELECT id FROM project WHERE (SELECT count(*) FROM project) = 1
               AND id IN (SELECT id FROM retired WHERE moved_at IS NOT NULL)",
        )?;
        let id = row.into_iter().next().map(|mut row| row.take_text(0));
        Ok(id.transpose()?.and_then(ProjectId::parse))
    }

    /// Takes a project in that comes in a database of its own; to be called inside a transaction. Its id is
    /// open again.
    ///
    /// [`Error::ProjectExists`] when there is one, [`Error::OlderMove`] when it was moved away from here with
    /// later changes.
    pub fn move_in(&self, id: &ProjectId, from: &Self) -> Result<(), Error> {
        let arriving = from.project(id)?.ok_or(Error::NoProject)?;
        match self.project(id) {
            Ok(Some(_)) => return Err(Error::ProjectExists),
            Err(Error::Moved) if self.retired_rev(id)? > arriving.last_rev => {
                return Err(Error::OlderMove);
            }
            Ok(None) | Err(Error::Moved) => {}
            Err(error) => return Err(error),
        }
        self.mark_moved(id, None)?;
        from.copy_project(id, self)
    }

    /// The projects that were moved to other servers, which an older schema does not know.
    pub fn moved_projects(&self) -> Result<Vec<MovedProject>, Error> {
        let column = "SELECT 1 FROM pragma_table_info('retired') WHERE name = 'moved_at'";
        if self.run(column)?.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.run("SELECT id, moved_at FROM retired WHERE moved_at IS NOT NULL")?;
        let moved = |mut row: Row| {
            Ok(MovedProject {
                id: ProjectId::parse(row.take_text(0)?)
                    .ok_or(Error::Damaged("an id breaks a rule"))?,
                moved_at: row.integer(1)?,
            })
        };
        rows.into_iter().map(moved).collect()
    }

    /// Closes projects that a restored backup has open, or does not know. Their revs must have been raised before.
    pub fn close_again(&self, moved: &[MovedProject]) -> Result<(), Error> {
        for MovedProject { id, moved_at } in moved {
            match self.project(id) {
                Ok(Some(project)) => {
                    self.take_out_of_sight(id, &project, Gone::Moved(*moved_at))?
                }
                Ok(None) => self.mark_moved(id, Some(*moved_at))?,
                Err(Error::Moved) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn mark_moved(&self, id: &ProjectId, moved_at: Option<Rev>) -> Result<(), Error> {
        let mark = "UPDATE retired SET moved_at = ?2 WHERE id = ?1";
        self.execute(mark, [id.as_str().into(), moved_at.into()])
            .map(drop)
    }

    /// The last rev of an earlier life of a project here; 0 without one.
    fn retired_rev(&self, id: &ProjectId) -> Result<Rev, Error> {
        let last = "SELECT last_rev FROM retired WHERE id = ?1";
        let row = self.first(last, [id.as_str().into()])?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    fn copy_project(&self, id: &ProjectId, to: &Self) -> Result<(), Error> {
        let summary = self.project_summary(id)?.ok_or(Error::NoProject)?;
        let source = summary.project.number;
        self.copy_keys(id, source, to)?;
        let copy = Transfer {
            from: self,
            source,
            to,
            target: to.receive_project(&summary, to.retired_rev(id)?)?,
        };
        copy.contents()?;
        copy.versions()?;
        copy.purged()?;
        copy.retention()?;
        copy.positions()?;
        to.list_names_at_once(id)
    }

    /// Makes the row of a project with the numbers that it has elsewhere, and returns its own number here.
    fn receive_project(&self, summary: &ProjectSummary, last_rev: Rev) -> Result<i64, Error> {
        let project = &summary.project;
        let statement = format!(
            "INSERT INTO project (number, id, name, git_repo, last_rev, epoch, head, tag, file_count, total_size,
               digest, swept_at, swept_to)
             SELECT {NEXT_NUMBER}, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 RETURNING number"
        );
        let row = self.first(
            &statement,
            [
                summary.id.as_str().into(),
                summary.name.as_deref().into(),
                summary.git_repo.as_deref().into(),
                project.last_rev.max(last_rev).into(),
                project.epoch.into(),
                project.head.into(),
                project.tag.into(),
                (project.file_count as i64).into(),
                (project.total_size as i64).into(),
                Value::Blob(project.digest.as_bytes().to_vec()),
                project.pruned_at.into(),
                project.pruned_to.as_str().into(),
            ],
        )?;
        row.ok_or(Error::Damaged("no project was made"))?.integer(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id, owner_key, path};
    use super::*;
    use crate::domain::key::{Projects, Secrets};
    use crate::domain::pull_marks::Marks;
    use crate::store::Purge;

    /// A project with everything that one can have, and a key that opens all projects.
    fn lived(store: &Store) {
        let key = store.add_device_key(&owner_key(), 1).unwrap();
        store.push_at(
            1005,
            &[("a", Some("one")), ("b", Some("x")), ("A", Some("one"))],
        );
        store.push_at(2005, &[("a", Some("two")), ("b", None)]);
        store.push_at(3005, &[("c", Some("secret")), ("d", Some("x"))]);
        store.push_at(4005, &[("c", Some("open"))]);
        let purge = Purge {
            path: path("c"),
            rev: Some(3005),
            device: None,
        };
        store.purge(&id(), &purge, 5005).unwrap();
        let project = store.project(&id()).unwrap().unwrap();
        let marks = Marks {
            asked: 1,
            sent: 2,
            confirmed: 3,
            shared_until: 4,
        };
        store
            .set_pull_marks(key.number, project.number, project.epoch, marks)
            .unwrap();
        store.note_cursor(key.number, &id(), "5", 100).unwrap();
        for state in [
            "UPDATE project SET name = 'Notes', git_repo = 'r', swept_at = 7, swept_to = 'a'",
            "INSERT INTO sweep (project, rev, place) SELECT number, 2005, 3 FROM project",
        ] {
            store.run(state).unwrap();
        }
        store
            .execute(
                "UPDATE version SET key = ?1, device = 'x' WHERE rev = 1005",
                [key.number.into()],
            )
            .unwrap();
    }

    /// All that is known of the project, without numbers that other tables give.
    fn all(store: &Store) -> Vec<Vec<Vec<Value>>> {
        let tables = [
            "SELECT id, name, git_repo, epoch, head, tag, file_count, total_size, digest, unportable,
               swept_at, swept_to FROM project",
            "SELECT checksum, bytes FROM content ORDER BY checksum",
            "SELECT rev, path, checksum, size, modified, device, previous, tag,
               (SELECT bytes FROM content WHERE content.id = content),
               (SELECT id FROM device_key WHERE number = key) FROM version ORDER BY rev",
            "SELECT path, rev, deleted FROM file ORDER BY path",
            "SELECT rev, tag, path FROM purged",
            "SELECT rev, place FROM sweep",
            "SELECT folded, path, fault FROM live_name ORDER BY folded, path",
            "SELECT id, epoch, asked, sent, confirmed, shared_until, cursor, cursor_at
               FROM device_project JOIN device_key ON number = key",
        ];
        let rows = |table: &str| {
            store
                .run(table)
                .unwrap()
                .into_iter()
                .map(|row| row.0)
                .collect()
        };
        tables.map(rows).into()
    }

    fn move_out(store: &Store, now_us: Rev) -> TestFile {
        let file = TestFile::new();
        let to = file.store();
        let moved = store.write(|store| {
            to.write(|to| store.copy_to_move(&id(), now_us, to))?;
            store.close_moved(&id(), now_us)
        });
        moved.unwrap();
        file
    }

    fn move_in(store: &Store, file: &TestFile) -> Result<(), Error> {
        let from = file.store();
        assert_eq!(from.project_to_move().unwrap(), Some(id()));
        store.write(|store| store.move_in(&id(), &from))
    }

    #[test]
    fn everything_of_a_project_arrives_and_revs_go_on() {
        let [one, two] = [(), ()].map(|()| TestFile::new());
        let (one, two) = (one.store(), two.store());
        lived(&one);
        let before = all(&one);
        let file = move_out(&one, 9_000_005);
        assert_eq!(all(&file.store()), before);
        // Its number is not the same.
        two.create_project(&ProjectId::parse("other".to_owned()).unwrap(), 1)
            .unwrap();
        move_in(&two, &file).unwrap();
        two.run("DELETE FROM project WHERE id = 'other'").unwrap();
        assert_eq!(all(&two), before);
        assert_eq!(two.push_at(7, &[("a", Some("z"))]), [9_000_006]);
    }

    #[test]
    fn the_id_is_closed_until_the_project_is_back() {
        let file = TestFile::new();
        let store = file.store();
        lived(&store);
        let before = all(&store);
        let moved = move_out(&store, 9005);
        let push = crate::store::test_support::push(&[("a", None)]);
        let pushed = store.current_state(&id(), &push);
        assert!(matches!(pushed, Err(Error::Moved)));
        assert!(matches!(store.project(&id()), Err(Error::Moved)));
        assert!(matches!(
            store.delete_project(&id(), 100),
            Err(Error::Moved)
        ));
        store.remove_deleted(std::time::Duration::MAX).unwrap();
        assert!(store.run("SELECT * FROM version").unwrap().is_empty());
        move_in(&store, &moved).unwrap();
        assert_eq!(all(&store), before);
        assert!(matches!(move_in(&store, &moved), Err(Error::ProjectExists)));
        let later = move_out(&store, 10_005);
        assert!(matches!(move_in(&store, &moved), Err(Error::OlderMove)));
        move_in(&store, &later).unwrap();
    }

    #[test]
    fn a_key_opens_no_more_at_the_other_server_and_a_revoked_one_nothing() {
        let [one, two] = [(), ()].map(|()| TestFile::new());
        let (one, two) = (one.store(), two.store());
        lived(&one);
        let key = owner_key();
        let (own, secrets) = (key.id.as_str(), |store: &Store| -> Secrets {
            store.every_device_key().unwrap().remove(0).secrets
        });
        let grant = |store: &Store| store.device_key(own, None).unwrap().unwrap().grant;
        let file = move_out(&one, 9005);
        move_in(&two, &file).unwrap();
        assert!(grant(&one).projects == Projects::All);
        assert!(grant(&two).projects == Projects::Only([id()].into()));
        assert!(secrets(&two).accept(&key.hash, 0));
        one.revoke_device_key(own, 5).unwrap();
        let back = move_out(&two, 10_005);
        move_in(&one, &back).unwrap();
        let revoked = |store: &Store| store.every_device_key().unwrap()[0].revoked_at;
        assert_eq!((revoked(&one), revoked(&two)), (Some(5), None));
        move_in(&two, &move_out(&one, 11_005)).unwrap();
        assert_eq!(revoked(&two), Some(5));
        assert!(grant(&one).projects == Projects::All);
    }

    #[test]
    fn a_project_that_was_moved_stays_closed_in_an_older_copy() {
        let [now, before] = [(), ()].map(|()| TestFile::new());
        let (now, before) = (now.store(), before.store());
        assert!(now.moved_projects().unwrap().is_empty());
        for store in [&now, &before] {
            store.push_at(1005, &[("a", Some("x"))]);
        }
        move_out(&now, 9005);
        let moved = now.moved_projects().unwrap();
        let expected = MovedProject {
            id: id(),
            moved_at: 9005,
        };
        assert_eq!(moved, [expected]);
        let empty = TestFile::new();
        for store in [&before, &empty.store()] {
            let last = now.last_revs().unwrap();
            last.iter()
                .for_each(|last| store.raise_last_rev(last).unwrap());
            for _ in 0..2 {
                store.close_again(&moved).unwrap();
                assert!(matches!(store.project(&id()), Err(Error::Moved)));
            }
            assert_eq!(store.last_revs().unwrap(), last);
        }
    }

    #[test]
    fn a_database_that_was_not_made_to_move_is_none() {
        let file = TestFile::new();
        let store = file.store();
        assert_eq!(store.project_to_move().unwrap(), None);
        lived(&store);
        assert_eq!(store.project_to_move().unwrap(), None);
        let no_project = ProjectId::parse("none".to_owned()).unwrap();
        let other = TestFile::new();
        let copied = store.copy_to_move(&no_project, 1, &other.store());
        assert!(matches!(copied, Err(Error::NoProject)));
    }
}
