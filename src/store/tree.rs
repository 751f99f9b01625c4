//! The newest version of every path, in the order of paths.

use spin_sdk::sqlite3::{RowResult, Value};

use super::{Store, integer, optional_checksum, take_text, text};
use crate::error::Error;
use crate::project::{Checksum, Rev};

/// The newest version of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Below `.kamiflow/`.
    pub path: String,
    /// Of the version.
    pub rev: Rev,
    /// Of the content; none for a deletion.
    pub checksum: Option<Checksum>,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: i64,
}

impl Store {
    /// At most `limit` entries behind the path `after`, in byte order, and with `deletions` also
    /// what is deleted.
    pub fn tree(
        &self,
        project: i64,
        after: &str,
        limit: u32,
        deletions: bool,
    ) -> Result<Vec<Entry>, Error> {
        let answer = self.execute(
            "SELECT file.path, version.rev, checksum, size, modified FROM file
             CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
             WHERE file.project = ?1 AND file.path > ?2 AND file.deleted <= ?3
             ORDER BY file.path LIMIT ?4",
            &[
                Value::Integer(project),
                text(after),
                Value::Integer(deletions.into()),
                Value::Integer(limit.into()),
            ],
        )?;
        answer.rows.into_iter().map(entry).collect()
    }
}

fn entry(mut row: RowResult) -> Result<Entry, Error> {
    Ok(Entry {
        path: take_text(&mut row, 0)?,
        rev: integer(&row, 1)?,
        checksum: optional_checksum(&row, 2),
        size: integer(&row, 3)?,
        modified: integer(&row, 4)?,
    })
}
