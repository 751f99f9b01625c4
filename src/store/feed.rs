//! What changed after a rev: pages for the old wire and for the change feed.

use spin_sdk::sqlite3::{RowResult, Value};

use super::{Project, Store, integer, json_numbers, optional_checksum, take_text, text};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{Checksum, ProjectId, Rev};

/// Bytes of content after which a page ends.
pub const PAGE_BYTES: u64 = 8 << 20;

/// The newest version of a path.
#[derive(Debug)]
pub struct Change {
    /// Of the version.
    pub rev: Rev,
    /// Below `.kamiflow/`.
    pub path: String,
    /// Of the content; none for a deletion.
    pub checksum: Option<Checksum>,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: i64,
    /// Running hash at this change.
    pub tag: i64,
    content: Option<i64>,
}

/// Changes in the order of their revs.
#[derive(Debug, Default)]
pub struct Page {
    /// At most as many as asked for.
    pub changes: Vec<Change>,
    /// Whether more follow behind the last one.
    pub has_more: bool,
}

/// What a page is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Live files.
    Live,
    /// Live files and deletions.
    All,
}

impl Store {
    /// The first changes behind `since`: at most `limit`, and no more than `max_bytes` of
    /// content unless the first alone has more.
    pub fn page(
        &self,
        project: &Project,
        since: Rev,
        limit: u32,
        max_bytes: u64,
        scope: Scope,
    ) -> Result<Page, Error> {
        // The idle poll ends here: nothing is newer than the head.
        if project.head.is_none_or(|head| head <= since) {
            return Ok(Page::default());
        }
        // The two halves of the index are each in order, so SQLite merges them without sorting.
        let deleted = match scope {
            Scope::Live => "",
            Scope::All => {
                "UNION ALL SELECT rev FROM file WHERE project = ?1 AND deleted = 1 AND rev > ?2"
            }
        };
        let answer = self.execute(
            &format!(
                "SELECT version.rev, path, checksum, size, modified, tag, content
                 FROM (SELECT rev FROM file WHERE project = ?1 AND deleted = 0 AND rev > ?2
                       {deleted} ORDER BY rev LIMIT ?3) AS next
                 CROSS JOIN version ON version.project = ?1 AND version.rev = next.rev
                 ORDER BY next.rev"
            ),
            &[
                Value::Integer(project.number),
                Value::Integer(since),
                Value::Integer(i64::from(limit) + 1),
            ],
        )?;
        let changes = answer
            .rows
            .into_iter()
            .map(change)
            .collect::<Result<_, _>>()?;
        Ok(Page::cut(changes, limit as usize, max_bytes))
    }

    /// The content of live files, in the order asked for.
    pub fn contents(&self, changes: &[Change]) -> Result<Vec<Vec<u8>>, Error> {
        let ids: Vec<i64> = changes.iter().filter_map(|change| change.content).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.execute(
            "SELECT content.id, content.bytes FROM json_each(?1) AS asked
             CROSS JOIN content ON content.id = asked.value",
            &[json_numbers(&ids)],
        )?;
        let in_order = answer
            .rows
            .iter()
            .map(|row| row.get(0))
            .eq(ids.iter().copied().map(Some));
        let bytes = |mut row: RowResult| match row.values.pop() {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(Error::Internal("content is not a blob".to_owned())),
        };
        match in_order {
            true => answer.rows.into_iter().map(bytes).collect(),
            false => Err(Error::Internal("a live file has no content".to_owned())),
        }
    }

    /// Whether the project has a version with this rev.
    pub fn knows_rev(&self, id: &ProjectId, rev: Rev) -> Result<bool, Error> {
        let answer = self.execute(
            "SELECT 1 FROM project CROSS JOIN version ON version.project = number AND rev = ?2
             WHERE id = ?1",
            &[text(id.as_str()), Value::Integer(rev)],
        )?;
        Ok(!answer.rows.is_empty())
    }

    /// Where to go on behind a cursor; 410 unless it comes from the history of this project.
    pub fn resume(&self, project: &Project, cursor: Option<Cursor>) -> Result<Rev, Error> {
        let Some(cursor) = cursor else { return Ok(0) };
        let proven = cursor == project.cursor()
            || cursor.epoch == project.epoch
                && self.tag_at(project.number, cursor.rev)? == Some(cursor.tag);
        proven.then_some(cursor.rev).ok_or(Error::ResyncRequired)
    }

    fn tag_at(&self, project: i64, rev: Rev) -> Result<Option<i64>, Error> {
        let statement = "SELECT tag FROM version WHERE project = ?1 AND rev = ?2";
        let answer = self.execute(statement, &[Value::Integer(project), Value::Integer(rev)])?;
        answer.rows.first().map(|row| integer(row, 0)).transpose()
    }
}

impl Page {
    /// Ends the page at its limits. `changes` may hold one more than `limit`, which tells that
    /// more follow.
    fn cut(mut changes: Vec<Change>, limit: usize, max_bytes: u64) -> Self {
        let found = changes.len();
        let mut bytes = 0;
        let fits = |change: &&Change| {
            bytes += change.size;
            bytes <= max_bytes
        };
        let fitting = changes.iter().take(limit).take_while(fits).count();
        changes.truncate(fitting.max(1));
        Self {
            has_more: changes.len() < found,
            changes,
        }
    }
}

fn change(mut row: RowResult) -> Result<Change, Error> {
    Ok(Change {
        rev: integer(&row, 0)?,
        path: take_text(&mut row, 1)?,
        checksum: optional_checksum(&row, 2),
        size: integer(&row, 3)?,
        modified: integer(&row, 4)?,
        tag: integer(&row, 5)?,
        content: row.get(6),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(sizes: &[u64], limit: usize) -> (usize, bool) {
        let change = |size: &u64| Change {
            rev: 1,
            path: String::new(),
            checksum: None,
            size: *size,
            modified: 0,
            tag: 0,
            content: None,
        };
        let page = Page::cut(sizes.iter().map(change).collect(), limit, 10);
        (page.changes.len(), page.has_more)
    }

    #[test]
    fn a_page_ends_at_its_limits_and_never_before_its_first_change() {
        for (sizes, limit, expected) in [
            (&[][..], 3, (0, false)),
            (&[1, 1], 3, (2, false)),
            (&[1, 1, 1], 3, (3, false)),
            (&[1, 1, 1, 1], 3, (3, true)),
            (&[11], 3, (1, false)),
            (&[11, 1], 3, (1, true)),
            (&[5, 5, 1], 3, (2, true)),
            (&[0, 11], 3, (1, true)),
        ] {
            assert_eq!(pages(sizes, limit), expected, "{sizes:?}");
        }
    }
}
