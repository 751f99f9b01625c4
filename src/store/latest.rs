//! The newest change of projects, for the live feed.

use std::collections::BTreeSet;

use super::error::Error;
use super::project::Project;
use super::row::Row;
use super::store::Store;
use crate::domain::key::Projects;
use crate::domain::{Cursor, ProjectId, Rev};

/// Microseconds by which whoever asks for later changes goes back: revs are times, and those of two
/// projects may be given out in another order than they are stored.
pub const OVERLAP_US: Rev = 120_000_000;

/// A project and its newest change.
#[derive(Debug, PartialEq, Eq)]
pub struct LatestChange {
    /// The id of the project.
    pub project: String,
    /// The end of its feed.
    pub cursor: Cursor,
    /// The device that stored it, as far as it said.
    pub device: Option<String>,
}

impl Store {
    /// The device that stored the newest version in the project.
    pub fn latest_device(&self, project: &Project) -> Result<Option<String>, Error> {
        let row = self.first(
            "SELECT device FROM version WHERE project = ?1 AND rev = ?2",
            [project.number.into(), project.head.into()],
        )?;
        let device = row.as_ref().map_or(Ok(None), |row| row.optional_text(0))?;
        Ok(device.map(str::to_owned))
    }

    /// The projects with a change after `since`, in the order of their newest ones: at most
    /// `limit`.
    pub fn latest_changes(
        &self,
        projects: &Projects,
        since: Rev,
        limit: usize,
    ) -> Result<Vec<LatestChange>, Error> {
        let rows = self.execute(
            "SELECT id, epoch, head, next.tag, version.device
             FROM (SELECT number, id, epoch, head, tag FROM project WHERE head > ?1
                     AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))
                   ORDER BY head LIMIT ?2) AS next
             CROSS JOIN version ON version.project = number AND version.rev = head
             ORDER BY head",
            [since.into(), (limit as i64).into(), projects.into()],
        )?;
        rows.iter().map(latest_change).collect()
    }

    /// Every project with its epoch: another one is another life of the project.
    pub fn lives(&self) -> Result<BTreeSet<(ProjectId, i64)>, Error> {
        let rows = self.run("SELECT id, epoch FROM project")?;
        let life = |mut row: Row| {
            let id = ProjectId::parse(row.take_text(0)?);
            let id = id.ok_or(Error::Damaged("the id of a project breaks a rule"))?;
            Ok((id, row.integer(1)?))
        };
        rows.into_iter().map(life).collect()
    }

    /// Whether a project has this epoch.
    pub fn has_epoch(&self, epoch: i64) -> Result<bool, Error> {
        let found = "SELECT 1 FROM project WHERE epoch = ?1";
        Ok(self.first(found, [epoch.into()])?.is_some())
    }

    /// The projects that were deleted after `since` and not made again, and when, in that order: at most
    /// `limit`.
    pub fn latest_deletions(
        &self,
        projects: &Projects,
        since: Rev,
        limit: usize,
    ) -> Result<Vec<(String, Rev)>, Error> {
        let rows = self.execute(
            "SELECT id, deleted_at FROM retired WHERE deleted_at > ?1
               AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))
               AND NOT EXISTS (SELECT 1 FROM project WHERE project.id = retired.id)
             ORDER BY deleted_at LIMIT ?2",
            [since.into(), (limit as i64).into(), projects.into()],
        )?;
        let deletion = |mut row: Row| Ok((row.take_text(0)?, row.integer(1)?));
        rows.into_iter().map(deletion).collect()
    }
}

fn latest_change(row: &Row) -> Result<LatestChange, Error> {
    Ok(LatestChange {
        project: row.text(0)?.to_owned(),
        cursor: Cursor {
            epoch: row.integer(1)?,
            rev: row.integer(2)?,
            tag: row.integer(3)?,
        },
        device: row.optional_text(4)?.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::super::push::PushTo;
    use super::super::test_support::{TestFile, push, rules};
    use super::*;
    use crate::domain::Push;

    #[test]
    fn a_project_that_was_deleted_is_told_until_it_is_made_again() {
        let file = TestFile::new();
        let store = file.store();
        let id = ProjectId::parse("test".to_owned()).unwrap();
        store.push_at(5, &[("a", Some("x"))]);
        store.delete_project(&id, 20).unwrap();
        let deleted =
            |since, projects: &Projects| store.latest_deletions(projects, since, 9).unwrap().len();
        let only = |id: &str| Projects::Only([ProjectId::parse(id.to_owned()).unwrap()].into());
        assert_eq!(
            (deleted(19, &Projects::All), deleted(20, &Projects::All)),
            (1, 0)
        );
        assert_eq!(
            (deleted(0, &only("test")), deleted(0, &only("other"))),
            (1, 0)
        );
        store.push_at(30, &[("a", Some("x"))]);
        assert_eq!(deleted(0, &Projects::All), 0);
    }

    #[test]
    fn changed_projects_come_in_the_order_of_their_newest_change() {
        let file = TestFile::new();
        let store = file.store();
        for (now_us, id, device) in [(10, "a", "one"), (20, "b", "two"), (30, "a", "three")] {
            let push = Push {
                device: Some(device.to_owned()),
                ..push(&[("x", Some(device))])
            };
            let id = ProjectId::parse(id.to_owned()).unwrap();
            let apply = |store: &Store| store.push(&push, &PushTo::new(&id, now_us, &rules()));
            store.write(apply).unwrap();
        }
        let changed = |since, limit| {
            let changes = store.latest_changes(&Projects::All, since, limit).unwrap();
            let brief = |change: LatestChange| (change.project, change.device.unwrap());
            changes.into_iter().map(brief).collect::<Vec<_>>()
        };
        let (b, a) = (
            ("b".to_owned(), "two".to_owned()),
            ("a".to_owned(), "three".to_owned()),
        );
        assert_eq!(changed(0, 9), [b.clone(), a.clone()]);
        assert_eq!(changed(0, 1), [b]);
        assert_eq!(changed(20, 9), [a]);
        assert_eq!(changed(30, 9), []);
        let only = |id: &str| Projects::Only([ProjectId::parse(id.to_owned()).unwrap()].into());
        assert_eq!(store.latest_changes(&only("a"), 0, 9).unwrap().len(), 1);
        assert_eq!(store.latest_changes(&only("c"), 0, 9).unwrap(), []);
        let id = ProjectId::parse("a".to_owned()).unwrap();
        let project = store.project(&id).unwrap().unwrap();
        let newest = &store.latest_changes(&Projects::All, 20, 1).unwrap()[0];
        assert_eq!(newest.cursor, project.cursor());
        assert_eq!(store.latest_device(&project).unwrap(), newest.device);
    }
}
