//! Writes what a push changes, in as few statements as fit: a call into the host costs more than a row.

use super::names::{MAX_NAMES, gone_names};
use super::numbering::Numbering;
use crate::domain::name::Name;
use crate::domain::{Content, Plan, Push, Step};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::row::Value;
use crate::store::store::Store;

/// Rows in one statement: more gain nothing measurable.
const MAX_ROWS: usize = 100;
/// Bytes of content in one statement: these are copied into the host, so they bound its memory.
const MAX_BYTES: usize = 4 << 20;

/// Versions that the trigger of a push writes: of more, it takes longer than the statements that it saves.
const MAX_TRIGGERED: usize = 8;
/// Bytes of content that are written together with their versions; SQLite copies them once more then.
const MAX_BESIDE: usize = 64 << 10;

/// Versions in the one statement of a push to a server, where each statement is a round trip; SQLite takes 32,766 parameters.
const MAX_AT_ONCE: usize = 1_000;

/// The columns of a row for each version, and those that the last row has besides.
const VERSION: usize = 13;
const ONCE: usize = 8;
const INSERT: &str = "INSERT INTO pushed (project, rev, path, checksum, size, modified, device, key, previous, tag, bytes, epoch, last_rev, \
                      names, faults, gone, file_count, total_size, digest, name, git_repo)";

/// What a push writes.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) push: &'a Push,
    pub(super) plan: &'a Plan<'a>,
    pub(super) numberings: &'a [Numbering],
    pub(super) names: &'a [Name<'a>],
    /// The project as it is afterwards.
    pub(super) project: &'a Project,
    /// Nothing is written unless the project is as it was then; not looked at inside a transaction.
    pub(super) before: Option<&'a Project>,
}

impl Store {
    /// Stores every change of a plan under its number, the names that come and go with it, and the project.
    pub(super) fn write_plan(&self, writing: &Writing) -> Result<(), Error> {
        if writing.is_empty() {
            return Ok(());
        }
        let plan = writing.plan;
        let changes = plan.changes().count();
        let direct = if changes > MAX_TRIGGERED {
            changes - 1
        } else {
            0
        };
        let is_beside = direct == 0 && content_fits(plan);
        if !is_beside {
            self.add_contents(writing.project, plan)?;
        }
        let mut versions = writing.versions(is_beside);
        self.add_versions(versions.by_ref().take(direct))?;
        let (insert, parameters) = self.last_statement(writing, versions)?;
        self.execute(&insert, parameters).map(drop)
    }

    fn add_versions(&self, rows: impl Iterator<Item = [Value; VERSION]>) -> Result<(), Error> {
        // A trigger records each row as the newest version of its path.
        self.insert(
            "INSERT INTO version (project, rev, path, checksum, size, modified, device, key, previous, tag, content)",
            "(?,?,?,?,?,?,?,?,?,?,(SELECT id FROM content WHERE project = ? AND checksum = ?))",
            rows.map(|row| {
                let [project, rev, path, checksum, size, modified, device, key, previous, tag, ..] = row;
                let (owner, content) = (project.clone(), checksum.clone());
                [
                    project, rev, path, checksum, size, modified, device, key, previous, tag, owner,
                    content,
                ]
            }),
            "",
        )
    }

    /// Stores what [`Self::write_plan`] stores in one statement outside of a transaction. [`Error::Busy`] if the project is no longer as it
    /// was before; returns whether one statement can write it all.
    pub(super) fn write_plan_at_once(&self, writing: &Writing) -> Result<bool, Error> {
        if writing.is_empty() {
            return Ok(true);
        }
        if !writing.fits_one_statement() {
            return Ok(false);
        }
        let (insert, parameters) = self.last_statement(writing, writing.versions(true))?;
        self.execute_at_once(&insert, parameters).map(|_| true)
    }

    /// The statement that writes the last versions and what is written once, with its parameters.
    fn last_statement(
        &self,
        writing: &Writing,
        versions: impl Iterator<Item = [Value; VERSION]>,
    ) -> Result<(String, Vec<Value>), Error> {
        let mut parameters: Vec<Value> = versions.flatten().collect();
        if parameters.is_empty() {
            parameters = writing.no_version().into();
        }
        let rows = values(parameters.len() / VERSION);
        parameters.extend(self.once(writing)?);
        Ok((format!("{INSERT} {rows}"), parameters))
    }

    /// What the last row has besides its version.
    fn once(&self, writing: &Writing) -> Result<[Value; ONCE], Error> {
        let Writing { push, project, .. } = *writing;
        let (names, faults) = self.new_names(project.number, writing.plan, writing.names)?;
        Ok([
            names,
            faults,
            gone_names(writing.plan),
            (project.file_count as i64).into(),
            (project.total_size as i64).into(),
            Value::Blob(project.digest.as_bytes().to_vec()),
            push.name.as_deref().into(),
            push.git_repo.as_deref().into(),
        ])
    }

    fn add_contents(&self, project: &Project, plan: &Plan) -> Result<(), Error> {
        let new_content = |step: &Step| {
            let bytes = new_bytes(step)?;
            Some([
                project.number.into(),
                checksum(step),
                Value::Blob(bytes.clone()),
            ])
        };
        self.insert(
            "INSERT INTO content (project, checksum, bytes)",
            "(?,?,?)",
            plan.changes().filter_map(new_content),
            "ON CONFLICT (project, checksum) DO NOTHING",
        )
    }

    /// Runs `{head} VALUES {row}, {row}, … {tail}` over all rows, as many in one statement as fit.
    pub(in crate::store) fn insert<const N: usize>(
        &self,
        head: &str,
        row: &str,
        rows: impl Iterator<Item = [Value; N]>,
        tail: &str,
    ) -> Result<(), Error> {
        let mut parameters = Vec::new();
        let mut rows = rows.peekable();
        while let Some(values) = rows.next() {
            parameters.extend(values);
            if is_full(&parameters, N) || rows.peek().is_none() {
                let rows = vec![row; parameters.len() / N].join(",");
                let parameters = std::mem::take(&mut parameters);
                self.execute(&format!("{head} VALUES {rows} {tail}"), parameters)?;
            }
        }
        Ok(())
    }
}

impl Writing<'_> {
    fn versions(&self, is_beside: bool) -> impl Iterator<Item = [Value; VERSION]> {
        let changes = self.plan.changes().zip(self.numberings);
        changes.map(move |(step, numbering)| {
            let bytes = new_bytes(step).filter(|_| is_beside);
            let [epoch, last_rev] = self.expected();
            [
                self.project.number.into(),
                numbering.rev.into(),
                step.path.as_str().into(),
                checksum(step),
                step.put.map_or(0, |put| put.size as i64).into(),
                step.put
                    .map_or(numbering.rev / 1000, |put| put.modified)
                    .into(),
                self.push.device.as_deref().into(),
                self.push.key.into(),
                step.before.map(|before| before.rev).into(),
                numbering.tag.into(),
                bytes.map_or(Value::Null, |bytes| Value::Blob(bytes.clone())),
                epoch,
                last_rev,
            ]
        })
    }

    fn is_empty(&self) -> bool {
        self.plan.is_empty() && !self.push.describes_project()
    }

    fn fits_one_statement(&self) -> bool {
        let has_few =
            self.plan.changes().nth(MAX_AT_ONCE).is_none() && self.names.len() <= MAX_NAMES;
        has_few && content_bytes(self.plan) <= MAX_BYTES
    }

    fn no_version(&self) -> [Value; VERSION] {
        let mut row = [const { Value::Null }; VERSION];
        row[0] = self.project.number.into();
        [row[VERSION - 2], row[VERSION - 1]] = self.expected();
        row
    }

    /// The last columns of each row: the epoch and the last rev that the project must have.
    fn expected(&self) -> [Value; 2] {
        let numbers = |before: &Project| [before.epoch, before.last_rev].map(Value::Integer);
        self.before.map_or([const { Value::Null }; 2], numbers)
    }
}

/// The SQL of so many rows, of which the last one has all columns.
fn values(rows: usize) -> String {
    let row = |own: usize| {
        let own = ["?"; VERSION + ONCE].into_iter().take(own);
        let row: Vec<_> = own.chain(["NULL"; ONCE]).take(VERSION + ONCE).collect();
        format!("({})", row.join(","))
    };
    let mut values = vec![row(VERSION); rows];
    if let Some(last) = values.last_mut() {
        *last = row(VERSION + ONCE);
    }
    format!("VALUES {}", values.join(","))
}

/// Whether the new contents are few bytes, or one alone.
fn content_fits(plan: &Plan) -> bool {
    plan.changes().nth(1).is_none() || content_bytes(plan) <= MAX_BESIDE
}

fn content_bytes(plan: &Plan) -> usize {
    plan.changes().filter_map(new_bytes).map(Vec::len).sum()
}

fn new_bytes<'p>(step: &Step<'p>) -> Option<&'p Vec<u8>> {
    match &step.put?.content {
        Content::New(bytes) => Some(bytes),
        Content::Stored => None,
    }
}

fn checksum(step: &Step) -> Value {
    step.put.map(|put| &put.checksum).into()
}

fn is_full(parameters: &[Value], columns: usize) -> bool {
    let bytes = parameters.iter().map(|value| match value {
        Value::Blob(blob) => blob.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) | Value::Text(_) => 0,
    });
    parameters.len() >= MAX_ROWS * columns || bytes.sum::<usize>() >= MAX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_takes_rows_up_to_a_number_and_a_size() {
        assert!(!is_full(&[const { Value::Null }; 198], 2));
        assert!(is_full(&[const { Value::Null }; 200], 2));
        assert!(is_full(&[Value::Blob(vec![0; MAX_BYTES])], 2));
    }
}
