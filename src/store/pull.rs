//! A page of changed files, for clients of the old wire.

use spin_sdk::sqlite3::{RowResult, Value};

use super::{Store, integer, take_text};
use crate::error::Error;
use crate::project::{Checksum, Rev};

/// Bytes of content after which a page ends.
const PAGE_BYTES: i64 = 8 << 20;

/// Live files in the order of their revs.
pub struct Page {
    /// At most as many as asked for.
    pub files: Vec<Pulled>,
    /// Whether files follow behind the last one.
    pub has_more: bool,
}

/// A file of a page.
pub struct Pulled {
    /// Of the version.
    pub rev: Rev,
    /// Below `.kamiflow/`.
    pub path: String,
    /// Of the content.
    pub checksum: Checksum,
    /// Milliseconds since 1970.
    pub modified: i64,
    /// The content.
    pub content: Vec<u8>,
}

impl Store {
    /// The first live files behind `since`: at most `limit`, and no more than 8 MiB unless the
    /// first file alone is larger.
    pub fn page(&self, project: i64, since: Rev, limit: u32) -> Result<Page, Error> {
        let limit = i64::from(limit);
        // One row more than asked for tells whether more follow. Rows beyond the page
        // come without content.
        let answer = self.execute(
            "WITH page AS (
               SELECT version.rev, path, checksum, modified, content,
                      row_number() OVER in_order AS place,
                      sum(size) OVER in_order AS bytes
               FROM (SELECT rev FROM file WHERE project = ?1 AND deleted = 0 AND rev > ?2 ORDER BY rev LIMIT ?3 + 1) AS next
               CROSS JOIN version ON version.project = ?1 AND version.rev = next.rev
               WINDOW in_order AS (ORDER BY version.rev)
             )
             SELECT page.rev, page.path, page.checksum, page.modified, content.bytes
             FROM page LEFT JOIN content
               ON content.id = page.content AND place <= ?3 AND (place = 1 OR page.bytes <= ?4)
             ORDER BY page.rev",
            &[Value::Integer(project), Value::Integer(since), Value::Integer(limit), Value::Integer(PAGE_BYTES)],
        )?;
        let found = answer.rows.len();
        let in_page = |row: &RowResult| matches!(row.values.get(4), Some(Value::Blob(_)));
        let files: Vec<_> = answer
            .rows
            .into_iter()
            .take_while(in_page)
            .map(pulled)
            .collect::<Result<_, _>>()?;
        Ok(Page {
            has_more: files.len() < found,
            files,
        })
    }

    /// Whether a version with this rev is stored.
    pub fn knows_rev(&self, project: i64, rev: Rev) -> Result<bool, Error> {
        let statement = "SELECT 1 FROM version WHERE project = ?1 AND rev = ?2";
        let answer = self.execute(statement, &[Value::Integer(project), Value::Integer(rev)])?;
        Ok(!answer.rows.is_empty())
    }
}

fn pulled(mut row: RowResult) -> Result<Pulled, Error> {
    let checksum = row.get::<&[u8]>(2).and_then(Checksum::from_bytes);
    Ok(Pulled {
        rev: integer(&row, 0)?,
        path: take_text(&mut row, 1)?,
        checksum: checksum
            .ok_or_else(|| Error::Internal("a checksum has not 32 bytes".to_owned()))?,
        modified: integer(&row, 3)?,
        content: match row.values.pop() {
            Some(Value::Blob(bytes)) => bytes,
            _ => return Err(Error::Internal("a live file has no content".to_owned())),
        },
    })
}
