//! Writes files into a project natively, with the rules and the arithmetic of a push, which are the
//! component's.
//!
//! Not over HTTP, because the revs of an imported history are not those of now, and because an import
//! then needs no key, no running server and no request limit.

use anyhow::{Context, Result, anyhow, bail};
use kamiflow_sync_component::project::{Checksum, ProjectId, Rev, TreeDigest};
use kamiflow_sync_component::store::{Project, Stamp};
use kamiflow_sync_component::sync::{Batch, Content, Known, Newest, Put, Step};
use kamiflow_sync_component::wire::push::Status;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::clock;

/// Call [`Self::close`] before the transaction is committed.
pub struct ProjectWriter<'t> {
    transaction: &'t Transaction<'t>,
    project: Project,
    device: &'static str,
}

impl<'t> ProjectWriter<'t> {
    /// Opens a project, or creates it. The history shows `device`.
    pub fn open(
        transaction: &'t Transaction<'t>,
        id: &ProjectId,
        device: &'static str,
    ) -> Result<Self> {
        // As the component does: numbering continues where an earlier project with this id ended.
        let create = "INSERT INTO project (id, last_rev, epoch, tag, file_count, total_size, digest, swept_at, swept_to)
            SELECT ?1, coalesce((SELECT last_rev FROM retired WHERE id = ?1), 0), random(), 0, 0, 0, ?2, ?3, ''
            WHERE NOT EXISTS (SELECT 1 FROM project WHERE id = ?1)";
        transaction.execute(
            create,
            params![
                id.as_str(),
                TreeDigest::default().as_bytes(),
                clock::now_us()
            ],
        )?;
        let select = "SELECT number, last_rev, head, epoch, tag, file_count, total_size, digest,
            swept_at, swept_to FROM project WHERE id = ?1";
        let project = transaction.query_row(select, [id.as_str()], project)?;
        Ok(Self {
            transaction,
            project,
            device,
        })
    }

    /// Live files.
    pub fn file_count(&self) -> u64 {
        self.project.file_count
    }

    /// The newest version of a path, if it ever had one.
    pub fn newest(&self, path: &str) -> rusqlite::Result<Option<Newest>> {
        let mut select = self.transaction.prepare_cached(
            "SELECT rev, checksum, modified, size FROM file JOIN version USING (project, rev)
             WHERE project = ?1 AND file.path = ?2",
        )?;
        let newest = |row: &Row| {
            Ok(Newest {
                rev: row.get(0)?,
                checksum: row
                    .get_ref(1)?
                    .as_blob_or_null()?
                    .and_then(Checksum::from_bytes),
                modified: row.get(2)?,
                size: row.get(3)?,
            })
        };
        select
            .query_row(params![self.project.number, path], newest)
            .optional()
    }

    /// Stores one file. Its rev is `at_us`, or one more than the last rev if that is not smaller.
    ///
    /// # Errors
    ///
    /// [`Error`](kamiflow_sync_component::error::Error) if a rule refuses the file; nothing is stored then.
    pub fn put(&mut self, put: Put, at_us: Rev) -> Result<Status> {
        let known = self.known(&put)?;
        let batch = Batch {
            puts: vec![put],
            ..Batch::default()
        };
        let plan = batch.plan(&known)?;
        let step = plan.steps.first().context("the plan has no step")?;
        if step.is_change() {
            let stamp = self.project.advance_by(step, at_us);
            self.add_version(step, &stamp)?;
        }
        Ok(step.status)
    }

    fn known(&self, put: &Put) -> rusqlite::Result<Known> {
        let mut known = Known::default();
        let path = put.path.as_str();
        for path in put.path.folders().chain([path]) {
            let newest = self.newest(path)?;
            known
                .newest
                .extend(newest.map(|newest| (path.to_owned(), newest)));
        }
        let below = self.below(path)?;
        known
            .below
            .extend(below.map(|below| (path.to_owned(), below)));
        Ok(known)
    }

    fn below(&self, path: &str) -> rusqlite::Result<Option<String>> {
        // '0' is the character after '/'.
        let mut select = self.transaction.prepare_cached(
            "SELECT path FROM file WHERE project = ?1 AND deleted = 0
             AND path > ?2 || '/' AND path < ?2 || '0' LIMIT 1",
        )?;
        select
            .query_row(params![self.project.number, path], |row| row.get(0))
            .optional()
    }

    fn add_version(&self, step: &Step, stamp: &Stamp) -> Result<()> {
        let put = step.put.context("the step stores no file")?;
        let Content::New(bytes) = &put.content else {
            bail!("the file has no content");
        };
        let (number, checksum) = (self.project.number, put.checksum.as_bytes());
        self.transaction
            .prepare_cached(
                "INSERT INTO content (project, checksum, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT (project, checksum) DO NOTHING",
            )?
            .execute(params![number, checksum, bytes])?;
        self.transaction
            .prepare_cached(
                "INSERT INTO version (project, rev, path, checksum, size, modified, device, previous, tag, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
                   (SELECT id FROM content WHERE project = ?1 AND checksum = ?4))",
            )?
            .execute(params![
                number,
                stamp.rev,
                step.path.as_str(),
                checksum,
                put.size as i64,
                put.modified,
                self.device,
                step.before.map(|before| before.rev),
                stamp.tag,
            ])?;
        Ok(())
    }

    /// Writes the counts of the project, and its name and repository if it has none.
    pub fn close(self, name: Option<&str>, git_repo: Option<&str>) -> Result<()> {
        let project = &self.project;
        self.transaction.execute(
            "UPDATE project SET last_rev = ?2, head = ?3, tag = ?4, file_count = ?5, total_size = ?6,
               digest = ?7, name = coalesce(name, ?8), git_repo = coalesce(git_repo, ?9)
             WHERE number = ?1",
            params![
                project.number,
                project.last_rev,
                project.head,
                project.tag,
                project.file_count as i64,
                project.total_size as i64,
                project.digest.as_bytes(),
                name,
                git_repo
            ],
        )?;
        Ok(())
    }
}

fn project(row: &Row) -> rusqlite::Result<Project> {
    let digest = TreeDigest::from_bytes(row.get_ref(7)?.as_blob()?);
    Ok(Project {
        number: row.get(0)?,
        last_rev: row.get(1)?,
        head: row.get(2)?,
        epoch: row.get(3)?,
        tag: row.get(4)?,
        file_count: row.get(5)?,
        total_size: row.get(6)?,
        digest: digest.ok_or(rusqlite::Error::InvalidQuery)?,
        swept_at: row.get(8)?,
        swept_to: row.get(9)?,
    })
}

pub fn project_id(text: &str) -> Result<ProjectId> {
    ProjectId::parse(text.to_owned()).ok_or_else(|| {
        anyhow!("{text:?} is not a project id: 1 to 200 bytes without slash, backslash and control characters")
    })
}
