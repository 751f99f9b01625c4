//! Writes a push, whole or not at all.

use spin_sdk::sqlite3::Value;

use super::{Project, Stamp, Store, optional_integer, optional_text, text};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{ProjectId, Rev};
use crate::sync::{Batch, Plan, Step};
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
        let (existing, known) = self.known(id, batch)?;
        let plan = batch.plan(&known)?;
        let mut project = match existing {
            Some(project) => project,
            None if plan.is_empty() && !batch.describes() => {
                return Ok(Applied::nothing(batch, plan));
            }
            None => self.create(id, now_us)?,
        };
        let stamps = project.advance(&plan, now_us, max_files)?;
        self.add_versions(&project, &plan, &stamps, batch.device.as_deref())?;
        self.sweep_when_due(&mut project, now_us)?;
        self.update(&project, batch)?;
        Ok(Applied {
            cursor: project.cursor(),
            outcomes: outcomes(batch, &plan, &stamps),
            replaced: plan.replaced,
        })
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
    fn nothing(batch: &Batch, plan: Plan) -> Self {
        Self {
            cursor: Cursor::BEGINNING,
            outcomes: outcomes(batch, &plan, &[]),
            replaced: Vec::new(),
        }
    }
}

/// In the order of the request, in which the deletions come last.
fn outcomes(batch: &Batch, plan: &Plan, stamps: &[Stamp]) -> Vec<Outcome> {
    let mut stamps = stamps.iter();
    let outcome = |step: &Step| Outcome {
        path: step.path.to_string(),
        status: step.status,
        rev: match step.is_change() {
            true => stamps.next().map(|stamp| stamp.rev),
            false => step.before.map(|before| before.rev),
        },
    };
    let mut outcomes: Vec<_> = plan.steps.iter().map(outcome).collect();
    outcomes.rotate_left(batch.deletes.len());
    outcomes
}
