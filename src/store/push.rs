//! Writes a push, whole or not at all.

use std::collections::{HashMap, HashSet};

use spin_sdk::sqlite3::Value;

use super::{
    Project, Stamp, Store, integer, json_array, optional_checksum, optional_integer, optional_text,
    take_text, text,
};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{Checksum, FilePath, ProjectId, Rev};
use crate::sync::{Batch, Content, Known, Newest, Plan, Step};
use crate::wire::push::{Outcome, Replaced};

/// What a push did.
pub struct Applied {
    /// Where the change feed stands.
    pub cursor: Cursor,
    /// Newer edits that an older one replaced.
    pub replaced: Vec<Replaced>,
    /// What became of each path.
    pub outcomes: Vec<Outcome>,
}

impl Store {
    /// Applies a batch in one transaction. `now_us` is the time of day in microseconds, and
    /// `max_files` the most live files that the project may have afterwards.
    pub fn push(
        id: &ProjectId,
        batch: &Batch,
        now_us: Rev,
        max_files: u64,
    ) -> Result<Applied, Error> {
        Self::write(|store| store.apply(id, batch, now_us, max_files))
    }

    /// The same inside a transaction that is open already.
    pub(super) fn apply(
        &self,
        id: &ProjectId,
        batch: &Batch,
        now_us: Rev,
        max_files: u64,
    ) -> Result<Applied, Error> {
        let existing = self.project(id)?;
        let known = match &existing {
            Some(project) => self.newest(project.number, batch)?,
            None => Known::new(),
        };
        let plan = batch.plan(&known)?;
        plan.check_folders(&known)?;
        let mut project = match existing {
            Some(project) => project,
            None if plan.is_empty() && !batch.describes() => return Ok(Applied::nothing(plan)),
            None => self.create(id, now_us)?,
        };
        self.check_below(project.number, &plan)?;
        let stamps = project.advance(&plan, now_us, max_files)?;
        self.add_versions(&project, &plan, &stamps, batch.device.as_deref())?;
        self.sweep_when_due(&mut project, now_us)?;
        self.update(&project, batch)?;
        Ok(Applied {
            cursor: project.cursor(),
            outcomes: outcomes(&plan, &stamps),
            replaced: plan.replaced,
        })
    }

    /// The newest version of every path of the batch, and of every folder above one.
    fn newest(&self, project: i64, batch: &Batch) -> Result<Known, Error> {
        let puts = batch.puts.iter().map(|put| &put.path);
        let paths = puts
            .clone()
            .chain(batch.deletes.iter().map(|delete| &delete.path));
        let mut folders: Vec<&str> = puts.flat_map(FilePath::folders).collect();
        folders.sort_unstable();
        folders.dedup();
        let answer = self.execute(
            "SELECT file.path, version.rev, version.checksum, version.modified, version.size
             FROM json_each(?2) AS asked
             CROSS JOIN file ON file.project = ?1 AND file.path = asked.value
             CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev",
            &[
                Value::Integer(project),
                json_array(paths.map(FilePath::as_str).chain(folders)),
            ],
        )?;
        let newest = |mut row| {
            let path = take_text(&mut row, 0)?;
            let checksum = optional_checksum(&row, 2);
            let (rev, modified, size) = (integer(&row, 1)?, integer(&row, 3)?, integer(&row, 4)?);
            Ok((
                path,
                Newest {
                    rev,
                    checksum,
                    modified,
                    size,
                },
            ))
        };
        answer.rows.into_iter().map(newest).collect()
    }

    /// Refuses a new file that is a folder of live ones, unless the same push deletes those.
    fn check_below(&self, project: i64, plan: &Plan) -> Result<(), Error> {
        let mut created = plan.created().peekable();
        if created.peek().is_none() {
            return Ok(());
        }
        let deleted: HashSet<&str> = plan.deleted().map(FilePath::as_str).collect();
        // '0' is the character behind '/'.
        let answer = self.execute(
            "SELECT asked.value, below.path FROM json_each(?2) AS asked
             CROSS JOIN file AS below ON below.project = ?1 AND below.deleted = 0
               AND below.path > asked.value || '/' AND below.path < asked.value || '0'
             LIMIT ?3",
            &[
                Value::Integer(project),
                json_array(created.map(FilePath::as_str)),
                Value::Integer(deleted.len() as i64 + 1),
            ],
        )?;
        for mut row in answer.rows {
            let (folder, below) = (take_text(&mut row, 0)?, take_text(&mut row, 1)?);
            if !deleted.contains(below.as_str()) {
                let rule = format!("is a folder: '{below}' lies below it");
                return Err(Error::BadPath { path: folder, rule });
            }
        }
        Ok(())
    }

    fn add_versions(
        &self,
        project: &Project,
        plan: &Plan,
        stamps: &[Stamp],
        device: Option<&str>,
    ) -> Result<(), Error> {
        let content = self.add_content(project.number, plan)?;
        let number = || Value::Integer(project.number);
        let changes = || plan.changes().zip(stamps);
        self.insert(
            "INSERT INTO version (project, rev, path, checksum, size, modified, device, previous, tag, content)",
            changes().map(|(step, stamp)| [
                number(),
                Value::Integer(stamp.rev),
                text(step.path.as_str()),
                step.put.map_or(Value::Null, |put| Value::Blob(put.checksum.as_bytes().to_vec())),
                Value::Integer(step.put.map_or(0, |put| put.size as i64)),
                Value::Integer(step.put.map_or(stamp.rev / 1000, |put| put.modified)),
                optional_text(device),
                optional_integer(step.before.map(|before| before.rev)),
                Value::Integer(stamp.tag),
                optional_integer(step.put.and_then(|put| content.get(&put.checksum)).copied()),
            ]),
            "",
        )?;
        self.insert(
            "INSERT INTO file (project, path, rev, deleted)",
            changes().map(|(step, stamp)| [
                number(),
                text(step.path.as_str()),
                Value::Integer(stamp.rev),
                Value::Integer(step.put.is_none().into()),
            ]),
            "ON CONFLICT (project, path) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted",
        )?;
        Ok(())
    }

    /// Stores what is not yet stored and answers the `content.id` of every checksum.
    fn add_content(&self, project: i64, plan: &Plan) -> Result<HashMap<Checksum, i64>, Error> {
        let puts = || plan.changes().filter_map(|step| step.put);
        let new = puts().filter_map(|put| match &put.content {
            Content::New(bytes) => Some((put.checksum, bytes)),
            Content::Stored(_) => None,
        });
        let rows = self.insert(
            "INSERT INTO content (project, checksum, bytes)",
            new.map(|(checksum, bytes)| {
                [
                    Value::Integer(project),
                    Value::Blob(checksum.as_bytes().to_vec()),
                    Value::Blob(bytes.clone()),
                ]
            }),
            // An update that changes nothing, because DO NOTHING returns no row.
            "ON CONFLICT (project, checksum) DO UPDATE SET project = project RETURNING checksum, id",
        )?;
        let stored = puts().filter_map(|put| match put.content {
            Content::Stored(id) => Some((put.checksum, id)),
            Content::New(_) => None,
        });
        let added = rows
            .iter()
            .filter_map(|row| Some((optional_checksum(row, 0)?, row.get(1)?)));
        Ok(stored.chain(added).collect())
    }

    fn update(&self, project: &Project, batch: &Batch) -> Result<(), Error> {
        self.execute(
            "UPDATE project SET last_rev = ?2, head = ?3, tag = ?4, file_count = ?5, total_size = ?6, digest = ?7,
               name = coalesce(?8, name), git_repo = coalesce(?9, git_repo), swept_at = ?10, swept_to = ?11
             WHERE number = ?1 AND (last_rev <> ?2
               OR swept_at <> ?10 OR coalesce(?8, name) IS NOT name OR coalesce(?9, git_repo) IS NOT git_repo)",
            &[
                Value::Integer(project.number),
                Value::Integer(project.last_rev),
                optional_integer(project.head),
                Value::Integer(project.tag),
                Value::Integer(project.file_count as i64),
                Value::Integer(project.total_size as i64),
                Value::Blob(project.digest.as_bytes().to_vec()),
                optional_text(batch.name.as_deref()),
                optional_text(batch.git_repo.as_deref()),
                Value::Integer(project.swept_at),
                text(&project.swept_to),
            ],
        )?;
        Ok(())
    }
}

impl Applied {
    /// A push that neither stored nor deleted anything in a project that does not exist.
    fn nothing(plan: Plan) -> Self {
        Self {
            cursor: Cursor::BEGINNING,
            outcomes: outcomes(&plan, &[]),
            replaced: Vec::new(),
        }
    }
}

fn outcomes(plan: &Plan, stamps: &[Stamp]) -> Vec<Outcome> {
    let mut stamps = stamps.iter();
    let outcome = |step: &Step| Outcome {
        path: step.path.to_string(),
        status: step.status,
        rev: match step.is_change() {
            true => stamps.next().map(|stamp| stamp.rev),
            false => step.before.map(|before| before.rev),
        },
    };
    plan.steps.iter().map(outcome).collect()
}
