//! The row of a project: made by its first push, gone when the project is deleted.

use super::error::Error;
use super::row::{Row, Value};
use super::store::Store;
use crate::domain::{Cursor, ProjectId, Rev, TreeDigest};

/// What the server knows of a project as a whole.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its key in other tables.
    pub number: i64,
    /// The highest rev ever given out.
    pub last_rev: Rev,
    /// Rev of the newest version, if there is one.
    pub head: Option<Rev>,
    /// Random, new with each life of the project.
    pub epoch: i64,
    /// Running hash over all changes.
    pub tag: i64,
    /// Live files.
    pub file_count: u64,
    /// Bytes of the live files.
    pub total_size: u64,
    /// Digest of the live files.
    pub digest: TreeDigest,
    /// When content was last pruned, in microseconds since 1970.
    pub pruned_at: Rev,
    /// The path at which pruning continues; empty for the first.
    pub pruned_to: String,
    /// Names of files and folders that some system cannot hold; none until all names are listed.
    pub unportable: Option<u64>,
}

/// A project as clients describe it.
#[derive(Debug)]
pub struct ProjectSummary {
    /// The id, as clients spell it.
    pub id: String,
    /// The name that a client gave it.
    pub name: Option<String>,
    /// The repository that a client named.
    pub git_repo: Option<String>,
    /// Its counts and numbers.
    pub project: Project,
}

/// The columns of a [`Project`].
pub(super) const COLUMNS: &str = "number, last_rev, head, epoch, tag, file_count, total_size, digest, \
                       swept_at, swept_to, unportable";
/// How many [`COLUMNS`] there are: what else a row has begins behind them.
pub(super) const WIDTH: usize = 11;
/// What [`summary`] reads behind them.
pub(super) const SUMMARY: &str = "id, name, git_repo";

/// The number of a new project, which is that of none that is still being removed.
pub(super) const NEXT_NUMBER: &str = "1 + max(coalesce((SELECT max(number) FROM project), 0),
    coalesce((SELECT max(project) FROM removal), 0))";

impl Project {
    /// The position at the end of the change feed.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            epoch: self.epoch,
            rev: self.head.unwrap_or(0),
            tag: self.tag,
        }
    }

    pub(super) fn from_row(row: &Row) -> Result<Self, Error> {
        let digest = row.optional_blob(7)?.and_then(TreeDigest::from_bytes);
        Ok(Self {
            number: row.integer(0)?,
            last_rev: row.integer(1)?,
            head: row.optional_integer(2)?,
            epoch: row.integer(3)?,
            tag: row.integer(4)?,
            file_count: row.integer(5)?,
            total_size: row.integer(6)?,
            digest: digest.ok_or(Error::Damaged("a digest does not have 32 bytes"))?,
            pruned_at: row.integer(8)?,
            pruned_to: row.text(9)?.to_owned(),
            unportable: row.optional_integer(10)?.map(|count| count.max(0) as u64),
        })
    }
}

impl Store {
    /// The project, if it exists. [`Error::Moved`] if it was moved to another server.
    pub fn project(&self, id: &ProjectId) -> Result<Option<Project>, Error> {
        let row = self.project_row(id, COLUMNS)?;
        row.as_ref().map(Project::from_row).transpose()
    }

    /// A project with its name and repository, if it exists. [`Error::Moved`] if it was moved to another
    /// server.
    pub fn project_summary(&self, id: &ProjectId) -> Result<Option<ProjectSummary>, Error> {
        let row = self.project_row(id, &format!("{COLUMNS}, {SUMMARY}"))?;
        row.as_ref().map(summary).transpose()
    }

    fn project_row(&self, id: &ProjectId, columns: &str) -> Result<Option<Row>, Error> {
        let statement = format!("SELECT {columns} FROM project WHERE id = ?1");
        let row = self.first(&statement, [id.as_str().into()])?;
        if row.is_none() {
            self.require_not_moved(id)?;
        }
        Ok(row)
    }

    /// [`Error::Moved`] for the id of a project that was moved to another server. To be asked when there is
    /// no project.
    pub(super) fn require_not_moved(&self, id: &ProjectId) -> Result<(), Error> {
        let moved = "SELECT 1 FROM retired WHERE id = ?1 AND moved_at IS NOT NULL";
        match self.first(moved, [id.as_str().into()])? {
            Some(_) => Err(Error::Moved),
            None => Ok(()),
        }
    }

    /// Makes a project that does not exist. Its revs continue where those of an earlier life ended, and its
    /// number is that of no project that is still being removed.
    pub(super) fn create_project(&self, id: &ProjectId, now_us: Rev) -> Result<Project, Error> {
        let statement = format!(
            "INSERT INTO project (number, id, last_rev, epoch, tag, file_count, total_size, digest, swept_at, swept_to, unportable)
             SELECT {NEXT_NUMBER},
               ?1, coalesce((SELECT last_rev FROM retired WHERE id = ?1), 0), random(), 0, 0, 0, ?2, ?3, '', 0
             RETURNING {COLUMNS}"
        );
        let digest = Value::Blob(TreeDigest::default().as_bytes().to_vec());
        let row = self.first(&statement, [id.as_str().into(), digest, now_us.into()])?;
        Project::from_row(&row.ok_or(Error::Damaged("no project was made"))?)
    }
}

/// Reads the columns [`COLUMNS`] and [`SUMMARY`].
pub(super) fn summary(row: &Row) -> Result<ProjectSummary, Error> {
    Ok(ProjectSummary {
        id: row.text(WIDTH)?.to_owned(),
        name: row.optional_text(WIDTH + 1)?.map(str::to_owned),
        git_repo: row.optional_text(WIDTH + 2)?.map(str::to_owned),
        project: Project::from_row(row)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id};
    use super::*;

    #[test]
    fn as_many_columns_are_read_as_are_named() {
        assert_eq!(COLUMNS.split(',').count(), WIDTH);
    }

    #[test]
    fn revs_go_on_when_a_deleted_project_is_made_again() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(5000, &[("a", Some("x")), ("b", Some("y"))]);
        let before = store.project(&id()).unwrap().unwrap();
        assert_eq!(store.delete_project(&id(), 100).unwrap(), 2);
        assert!(store.project(&id()).unwrap().is_none());
        assert_eq!(store.push_at(1, &[("a", Some("x"))]), [5003]);
        let after = store.project(&id()).unwrap().unwrap();
        assert_ne!(before.epoch, after.epoch);
    }

    #[test]
    fn an_unknown_project_is_deleted_with_no_file() {
        assert_eq!(
            TestFile::new().store().delete_project(&id(), 100).unwrap(),
            0
        );
    }
}
