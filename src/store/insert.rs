//! Stores new versions, many in one statement: a call into the host costs more than a row.

use super::error::Error;
use super::numbering::Numbering;
use super::project::Project;
use super::row::Value;
use super::store::Store;
use crate::domain::{Content, Plan, Step};

/// Rows in one statement: more gain nothing measurable.
const MAX_ROWS: usize = 100;
/// Bytes of content in one statement: these are copied into the host, so they bound its memory.
const MAX_BYTES: usize = 4 << 20;

impl Store {
    /// Stores every change of a plan under its number.
    pub(super) fn add_versions(
        &self,
        project: &Project,
        plan: &Plan,
        numberings: &[Numbering],
        device: Option<&str>,
        key: Option<i64>,
    ) -> Result<(), Error> {
        self.add_contents(project, plan)?;
        // A trigger records each row as the newest version of its path.
        self.insert(
            "INSERT INTO version (project, rev, path, checksum, size, modified, device, key, previous, tag, content)",
            "(?,?,?,?,?,?,?,?,?,?,(SELECT id FROM content WHERE project = ? AND checksum = ?))",
            plan.changes().zip(numberings).map(|(step, numbering)| [
                project.number.into(),
                numbering.rev.into(),
                step.path.as_str().into(),
                checksum(step),
                step.put.map_or(0, |put| put.size as i64).into(),
                step.put.map_or(numbering.rev / 1000, |put| put.modified).into(),
                device.into(),
                key.into(),
                step.before.map(|before| before.rev).into(),
                numbering.tag.into(),
                project.number.into(),
                checksum(step),
            ]),
            "",
        )
    }

    fn add_contents(&self, project: &Project, plan: &Plan) -> Result<(), Error> {
        let new_content = |step: &Step| match &step.put?.content {
            Content::New(bytes) => Some([
                project.number.into(),
                checksum(step),
                Value::Blob(bytes.clone()),
            ]),
            Content::Stored => None,
        };
        self.insert(
            "INSERT INTO content (project, checksum, bytes)",
            "(?,?,?)",
            plan.changes().filter_map(new_content),
            "ON CONFLICT (project, checksum) DO NOTHING",
        )
    }

    /// Runs `{head} VALUES {row}, {row}, … {tail}` over all rows, as many in one statement as fit.
    pub(super) fn insert<const N: usize>(
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
