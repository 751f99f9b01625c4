//! The row of a project: made at its first push, gone with its deletion.

use spin_sdk::sqlite3::{RowResult, Value};

use super::{Store, integer, text};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{ProjectId, Rev, TreeDigest};

/// What the server knows of a project as a whole.
#[derive(Debug)]
pub struct Project {
    /// What other tables call it.
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
    /// Their bytes.
    pub total_size: u64,
    /// Their fingerprint.
    pub digest: TreeDigest,
    /// When the retention last looked here, in microseconds since 1970.
    pub swept_at: Rev,
    /// The path it looked at last; empty at the end of a round.
    pub swept_to: String,
}

/// A project in the list of all.
#[derive(Debug)]
pub struct Listed {
    /// As clients spell it.
    pub id: String,
    /// As the client named it.
    pub name: Option<String>,
    /// As the client said.
    pub git_repo: Option<String>,
    /// Everything else.
    pub project: Project,
}

/// Those of a [`Project`], in its order.
pub(super) const COLUMNS: &str = "number, last_rev, head, epoch, tag, file_count, total_size, digest, \
                       swept_at, swept_to";

impl Project {
    /// Where the change feed of this project stands.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            epoch: self.epoch,
            rev: self.head.unwrap_or(0),
            tag: self.tag,
        }
    }

    pub(super) fn from_row(row: &RowResult) -> Result<Self, Error> {
        let digest = row.get::<&[u8]>(7).and_then(TreeDigest::from_bytes);
        Ok(Self {
            number: integer(row, 0)?,
            last_rev: integer(row, 1)?,
            head: row.get(2),
            epoch: integer(row, 3)?,
            tag: integer(row, 4)?,
            file_count: integer(row, 5)?,
            total_size: integer(row, 6)?,
            digest: digest
                .ok_or_else(|| Error::Internal("a digest has not 32 bytes".to_owned()))?,
            swept_at: integer(row, 8)?,
            swept_to: row.get::<&str>(9).unwrap_or_default().to_owned(),
        })
    }
}

impl Store {
    /// The project, if it exists.
    pub fn project(&self, id: &ProjectId) -> Result<Option<Project>, Error> {
        let statement = format!("SELECT {COLUMNS} FROM project WHERE id = ?1");
        let answer = self.execute(&statement, &[text(id.as_str())])?;
        answer.rows.first().map(Project::from_row).transpose()
    }

    /// All projects, in the order of their ids.
    pub fn projects(&self) -> Result<Vec<Listed>, Error> {
        let statement = format!("SELECT {COLUMNS}, id, name, git_repo FROM project ORDER BY id");
        let listed = |row: &RowResult| {
            let text = |column| row.get::<&str>(column).map(str::to_owned);
            Ok(Listed {
                id: text(10).unwrap_or_default(),
                name: text(11),
                git_repo: text(12),
                project: Project::from_row(row)?,
            })
        };
        self.execute(&statement, &[])?
            .rows
            .iter()
            .map(listed)
            .collect()
    }

    /// Makes a project that does not exist. Its revs go on where those of an earlier life ended.
    pub(super) fn create(&self, id: &ProjectId, now_us: Rev) -> Result<Project, Error> {
        let statement = format!(
            "INSERT INTO project (id, last_rev, epoch, tag, file_count, total_size, digest, swept_at, swept_to)
             SELECT ?1, coalesce((SELECT last_rev FROM retired WHERE id = ?1), 0), random(), 0, 0, 0, ?2, ?3, ''
             RETURNING {COLUMNS}"
        );
        let digest = Value::Blob(TreeDigest::default().as_bytes().to_vec());
        let answer = self.execute(
            &statement,
            &[text(id.as_str()), digest, Value::Integer(now_us)],
        )?;
        let row = answer
            .rows
            .first()
            .ok_or_else(|| Error::Internal("no project was made".to_owned()))?;
        Project::from_row(row)
    }

    /// Deletes a project with all its content and history and answers how many live files it had.
    /// Its number line stays, so that no rev is ever given out twice.
    pub fn delete(id: &ProjectId) -> Result<u64, Error> {
        Self::with(|store| {
            // Freed pages are overwritten, and the log, which still holds them, is emptied. A server
            // that manages its own file refuses these, so they are best effort.
            store.execute("PRAGMA secure_delete = ON", &[]).ok();
            let remove = |store: &Self| match store.project(id)? {
                Some(project) => store.remove(id, &project).map(|()| project.file_count),
                None => Ok(0),
            };
            let deleted = store.transaction("BEGIN IMMEDIATE", "COMMIT", remove)?;
            store.execute("PRAGMA secure_delete = OFF", &[]).ok();
            // It waits until those who read are done with the log.
            store.wait_patiently();
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)", &[]).ok();
            Ok(deleted)
        })
    }

    fn remove(&self, id: &ProjectId, project: &Project) -> Result<(), Error> {
        self.execute(
            "INSERT INTO retired (id, last_rev) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET last_rev = excluded.last_rev",
            &[text(id.as_str()), Value::Integer(project.last_rev)],
        )?;
        let number = [Value::Integer(project.number)];
        self.execute("DELETE FROM content WHERE project = ?1", &number)?;
        self.execute("DELETE FROM version WHERE project = ?1", &number)?;
        self.execute("DELETE FROM file WHERE project = ?1", &number)?;
        self.execute("DELETE FROM project WHERE number = ?1", &number)?;
        Ok(())
    }
}
