//! Newer edits that an older one replaced, as [`Replaced`](crate::domain::Replaced) tells a push without a base:
//! the clock of its client is earlier than that of the version before.

use crate::domain::Rev;
use crate::store::error::Error;
use crate::store::row::Row;
use crate::store::store::Store;

/// Edits in a page, at the least, unless it is the last one.
const PAGE: usize = 50;
/// Changes looked at in one statement: some milliseconds.
const STEP_CHANGES: i64 = 2_000;
/// Steps for a page.
const STEPS: usize = 5;

/// A newer edit that an older one replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct ReplacedEdit {
    /// The path of the file.
    pub path: String,
    /// The edit that was replaced.
    pub edit: Edit,
    /// The edit that replaced it.
    pub by: Edit,
    /// The newest version of the file now.
    pub newest: Rev,
    /// Bytes of the edit that was replaced.
    pub size: u64,
    /// Whether its content is still kept.
    pub is_kept: bool,
}

/// An edit of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    /// The rev of its version.
    pub rev: Rev,
    /// Milliseconds since 1970, by the client's clock.
    pub modified: i64,
    /// The device that stored it, as far as it said.
    pub device: Option<String>,
}

/// Replaced edits, the last one first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ReplacedPage {
    /// Those among the next changes.
    pub edits: Vec<ReplacedEdit>,
    /// Before which rev the next page begins; none for the last one.
    pub next: Option<Rev>,
}

impl Store {
    /// The edits of a project that were replaced before a rev, by changes that were not restored: of the next
    /// 10,000 changes, or of fewer when these have 50.
    pub fn replaced_edits(&self, project: i64, before: Rev) -> Result<ReplacedPage, Error> {
        let (mut edits, mut next) = (Vec::new(), Some(before));
        for _ in 0..STEPS {
            let Some(before) = next.filter(|_| edits.len() < PAGE) else {
                break;
            };
            next = self.end_of_step(project, before)?;
            let from = next.unwrap_or(Rev::MIN);
            let rows = self.execute(REPLACED, [project.into(), before.into(), from.into()])?;
            for row in rows {
                edits.push(replaced_edit(row)?);
            }
        }
        Ok(ReplacedPage { edits, next })
    }

    /// The last change of a step; none when it comes to the first one of the project.
    fn end_of_step(&self, project: i64, before: Rev) -> Result<Option<Rev>, Error> {
        let row = self.first(
            END_OF_STEP,
            [project.into(), before.into(), (STEP_CHANGES - 1).into()],
        )?;
        row.map(|row| row.integer(0)).transpose()
    }
}

const END_OF_STEP: &str = "SELECT rev FROM version WHERE project = ?1 AND rev < ?2
    ORDER BY rev DESC LIMIT 1 OFFSET ?3";

/// A restored version has the time of the one it was restored from, so it is older too, but nobody's late
/// edit. Only the first version with its path, time and content is one. The first ones are found for all edits
/// together, since each of many files may have the same content.
const REPLACED: &str = "WITH late AS MATERIALIZED (
      SELECT late.path, late.rev, late.modified, late.device, late.content, newer.rev AS newer
      FROM version AS late
      CROSS JOIN version AS newer ON newer.project = ?1 AND newer.rev = late.previous
      WHERE late.project = ?1 AND late.rev < ?2 AND late.rev >= ?3
        AND late.modified < newer.modified AND late.checksum <> newer.checksum),
    first AS MATERIALIZED (
      SELECT version.content, version.path, version.modified, min(version.rev) AS rev
      FROM (SELECT DISTINCT content FROM late) AS one
      CROSS JOIN version ON version.content = one.content AND version.project = ?1 AND version.rev < ?2
      WHERE (version.path, version.modified) IN (SELECT path, modified FROM late)
      GROUP BY version.content, version.path, version.modified)
    SELECT late.path, late.rev, late.modified, late.device,
      newer.rev, newer.modified, newer.device, newer.size, newer.content IS NOT NULL,
      (SELECT rev FROM file WHERE file.project = ?1 AND file.path = late.path)
    FROM late
    CROSS JOIN version AS newer ON newer.project = ?1 AND newer.rev = late.newer
    WHERE late.content IS NULL OR (late.content, late.path, late.modified, late.rev) IN (
      SELECT content, path, modified, rev FROM first)
    ORDER BY late.rev DESC";

fn replaced_edit(mut row: Row) -> Result<ReplacedEdit, Error> {
    let edit = |column| {
        Ok::<_, Error>(Edit {
            rev: row.integer(column)?,
            modified: row.integer(column + 1)?,
            device: row.optional_text(column + 2)?.map(str::to_owned),
        })
    };
    Ok(ReplacedEdit {
        by: edit(1)?,
        edit: edit(4)?,
        size: row.integer(7)?,
        is_kept: row.integer::<i64>(8)? != 0,
        newest: row.integer(9)?,
        path: row.take_text(0)?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::domain::{Push, Put};
    use crate::store::test_support::{TestFile, id, path, rules};
    use crate::store::{PushTo, RestoreTo};

    fn edit(store: &Store, device: &str, now_us: Rev, modified: i64, content: &str) {
        let push = Push {
            puts: vec![Put::new(path("a"), modified, None, content.into())],
            device: Some(device.to_owned()),
            ..Push::default()
        };
        let apply = |store: &Store| store.push(&push, &PushTo::new(&id(), now_us, &rules()));
        store.write(apply).unwrap();
    }

    fn replaced(store: &Store, before: Rev) -> ReplacedPage {
        let project = store.project(&id()).unwrap().unwrap().number;
        store.replaced_edits(project, before).unwrap()
    }

    #[test]
    fn a_late_edit_is_listed_with_what_it_replaced() {
        let file = TestFile::new();
        let store = file.store();
        edit(&store, "laptop", 1, 100, "first");
        edit(&store, "laptop", 11, 300, "newer");
        edit(&store, "phone", 21, 200, "late");
        edit(&store, "phone", 31, 400, "after");
        let page = replaced(&store, Rev::MAX);
        let edit = |rev, modified, device: &str| Edit {
            rev,
            modified,
            device: Some(device.to_owned()),
        };
        let expected = ReplacedEdit {
            path: "a".to_owned(),
            edit: edit(11, 300, "laptop"),
            by: edit(21, 200, "phone"),
            newest: 31,
            size: 5,
            is_kept: true,
        };
        assert_eq!((page.edits, page.next), (vec![expected], None));
        assert_eq!(replaced(&store, 21), ReplacedPage::default());
    }

    #[test]
    fn what_was_restored_or_deleted_replaces_no_edit() {
        let file = TestFile::new();
        let store = file.store();
        edit(&store, "laptop", 1, 100, "first");
        edit(&store, "laptop", 11, 300, "newer");
        let to = RestoreTo::Version {
            path: path("a"),
            rev: 1,
            base: None,
        };
        store
            .restore(&to, None, &PushTo::new(&id(), 21, &rules()), false)
            .unwrap();
        store.push_at(31, &[("a", None)]);
        edit(&store, "laptop", 41, 50, "made again");
        assert_eq!(replaced(&store, Rev::MAX), ReplacedPage::default());
    }

    #[test]
    fn all_changes_are_looked_at_a_page_at_a_time() {
        let file = TestFile::new();
        let store = file.store();
        edit(&store, "laptop", 1, 300, "newer");
        edit(&store, "phone", 11, 200, "late");
        store.add_files("b/%05d", 0..12_000);
        let page = replaced(&store, Rev::MAX);
        assert!(page.edits.is_empty());
        let page = replaced(&store, page.next.unwrap());
        assert_eq!((page.edits.len(), page.next), (1, None));
    }

    #[test]
    fn a_page_reads_its_own_rows_only() {
        let file = TestFile::new();
        let store = file.store();
        store.assert_seeks(END_OF_STEP, 3, &[]);
        store.assert_seeks(REPLACED, 3, &["late", "one", "first"]);
    }

    #[test]
    fn many_late_edits_to_one_content_are_found_in_a_moment() {
        let file = TestFile::new();
        let store = file.store();
        edit(&store, "laptop", 1, 0, "same");
        let many = "WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more LIMIT 20000)
            INSERT INTO version (project, rev, path, checksum, size, modified, tag, content, previous)
            SELECT project, rev + 2 * n + late, 'b' || n, iif(late, checksum, zeroblob(32)), 0, 9 - late, 0, content,
              iif(late, rev + 2 * n, NULL)
            FROM version CROSS JOIN more CROSS JOIN (SELECT 0 AS late UNION ALL SELECT 1)";
        store.run(many).unwrap();
        let started = Instant::now();
        let page = replaced(&store, Rev::MAX);
        assert_eq!(page.edits.len(), STEP_CHANGES as usize / 2);
        let taken = started.elapsed();
        assert!(taken < Duration::from_secs(1), "{taken:?}");
    }
}
