//! Stores new versions, many in one statement: a call into the host costs more than a row.

use spin_sdk::sqlite3::Value;

use super::{Project, Stamp, Store, optional_integer, optional_text, text};
use crate::error::Error;
use crate::sync::{Content, Plan, Step};

/// Rows in one statement: more gain nothing measurable.
const MAX_ROWS: usize = 100;
/// Bytes of content in one statement: these are copied into the host, so they bound its memory.
const MAX_BYTES: usize = 4 << 20;

impl Store {
    /// Stores every change of a plan under its stamp. That it is now the newest of its path is
    /// the trigger's to note.
    pub(super) fn add_versions(
        &self,
        project: &Project,
        plan: &Plan,
        stamps: &[Stamp],
        device: Option<&str>,
    ) -> Result<(), Error> {
        let number = || Value::Integer(project.number);
        let checksum = |step: &Step| match step.put {
            Some(put) => Value::Blob(put.checksum.as_bytes().to_vec()),
            None => Value::Null,
        };
        let new_content = |step: &Step| match &step.put?.content {
            Content::New(bytes) => Some([number(), checksum(step), Value::Blob(bytes.clone())]),
            Content::Stored => None,
        };
        self.insert(
            "INSERT INTO content (project, checksum, bytes)",
            "(?,?,?)",
            plan.changes().filter_map(new_content),
            "ON CONFLICT (project, checksum) DO NOTHING",
        )?;
        self.insert(
            "INSERT INTO version (project, rev, path, checksum, size, modified, device, previous, tag, content)",
            "(?,?,?,?,?,?,?,?,?,(SELECT id FROM content WHERE project = ? AND checksum = ?))",
            plan.changes().zip(stamps).map(|(step, stamp)| [
                number(),
                Value::Integer(stamp.rev),
                text(step.path.as_str()),
                checksum(step),
                Value::Integer(step.put.map_or(0, |put| put.size as i64)),
                Value::Integer(step.put.map_or(stamp.rev / 1000, |put| put.modified)),
                optional_text(device),
                optional_integer(step.before.map(|before| before.rev)),
                Value::Integer(stamp.tag),
                number(),
                checksum(step),
            ]),
            "",
        )
    }

    /// Runs `{head} VALUES {row}, {row}, … {tail}` over all rows, as many in one statement as fit.
    fn insert<const N: usize>(
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
                self.execute(&format!("{head} VALUES {rows} {tail}"), &parameters)?;
                parameters.clear();
            }
        }
        Ok(())
    }
}

fn is_full(parameters: &[Value], columns: usize) -> bool {
    let bytes = parameters.iter().map(|value| match value {
        Value::Blob(blob) => blob.len(),
        _ => 0,
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
