//! What the projects and the database file take.

use super::error::Error;
use super::row::Row;
use super::store::Store;
use crate::domain::key::Projects;

/// What one project takes, in bytes of content. Equal content is stored once for a project, and its
/// history shares that of its live files.
#[derive(Debug, PartialEq, Eq)]
pub struct ProjectUsage {
    /// The id of the project.
    pub id: String,
    /// Live files.
    pub files: u64,
    /// Bytes of the live files.
    pub live: u64,
    /// Bytes of what no live file has, and older versions need.
    pub history: u64,
}

/// A project, and what its live files take.
#[derive(Debug, PartialEq, Eq)]
pub struct LiveUsage {
    /// The id of the project.
    pub id: String,
    /// Its key in other tables.
    pub number: i64,
    /// Live files.
    pub files: u64,
    /// Bytes of the live files.
    pub bytes: u64,
}

/// What the history of a project takes.
#[derive(Debug, PartialEq, Eq)]
pub struct HistoryUsage {
    /// Versions of all its files.
    pub versions: u64,
    /// Bytes of content that no live file has.
    pub bytes: u64,
}

/// What the pages of the database file are for, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct FileSpace {
    /// Pages with data.
    pub used: u64,
    /// Pages that wait for new data.
    pub free: u64,
}

impl Store {
    /// All projects, the largest first. Reads every version, so only operators ask.
    pub fn usage(&self) -> Result<Vec<ProjectUsage>, Error> {
        let rows = self.run(
            "SELECT id, file_count, total_size, coalesce(bytes, 0) FROM project
             LEFT JOIN (
               SELECT owner, sum(size) AS bytes FROM (
                 SELECT project AS owner, max(size) AS size FROM version
                 WHERE content IS NOT NULL GROUP BY content
                 HAVING NOT max(EXISTS (
                   SELECT 1 FROM file
                   WHERE file.project = version.project AND deleted = 0 AND file.rev = version.rev
                 ))
               ) GROUP BY owner
             ) ON owner = number
             ORDER BY total_size + coalesce(bytes, 0) DESC, id",
        )?;
        rows.into_iter().map(usage).collect()
    }

    /// The projects with the most bytes in live files: at most `limit`. Reads one row for each project.
    pub fn largest_projects(
        &self,
        projects: &Projects,
        limit: usize,
    ) -> Result<Vec<LiveUsage>, Error> {
        let rows = self.execute(
            "SELECT id, number, file_count, total_size FROM project
             WHERE ?1 IS NULL OR id IN (SELECT value FROM json_each(?1))
             ORDER BY total_size DESC, id LIMIT ?2",
            [projects.into(), (limit as i64).into()],
        )?;
        let usage = |mut row: Row| {
            Ok(LiveUsage {
                number: row.integer(1)?,
                files: row.integer(2)?,
                bytes: row.integer(3)?,
                id: row.take_text(0)?,
            })
        };
        rows.into_iter().map(usage).collect()
    }

    /// What the history of a project takes; none when it has more than `at_most` versions, which are then not
    /// counted.
    pub fn history_usage(&self, project: i64, at_most: u64) -> Result<Option<HistoryUsage>, Error> {
        let limit = at_most as i64 + 1;
        let row = self.first(HISTORY, [project.into(), limit.into()])?;
        let row = row.ok_or(Error::Damaged("a count has no row"))?;
        let versions = row.integer(0)?;
        let bytes = row.integer(1)?;
        Ok((versions <= at_most).then_some(HistoryUsage { versions, bytes }))
    }

    /// How much of the file is free. Reads its head only.
    pub fn file_space(&self) -> Result<FileSpace, Error> {
        let row = self.run(
            "SELECT (page_count - freelist_count) * page_size, freelist_count * page_size
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        )?;
        let row = row.first().ok_or(Error::Damaged("a count has no row"))?;
        Ok(FileSpace {
            used: row.integer(0)?,
            free: row.integer(1)?,
        })
    }
}

const HISTORY: &str = "WITH some AS MATERIALIZED (
      SELECT rev, size, content FROM version WHERE project = ?1 LIMIT ?2)
    SELECT (SELECT count(*) FROM some), coalesce(sum(size), 0) FROM (
      SELECT max(size) AS size FROM some
      WHERE content IS NOT NULL AND (SELECT count(*) FROM some) < ?2 GROUP BY content
      HAVING NOT max(EXISTS (
        SELECT 1 FROM file WHERE file.project = ?1 AND deleted = 0 AND file.rev = some.rev)))";

fn usage(mut row: Row) -> Result<ProjectUsage, Error> {
    Ok(ProjectUsage {
        files: row.integer(1)?,
        live: row.integer(2)?,
        history: row.integer(3)?,
        id: row.take_text(0)?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::push::PushTo;
    use super::super::test_support::{TestFile, push, rules};
    use super::*;
    use crate::domain::ProjectId;

    fn push_to(store: &Store, id: &str, entries: &[(&str, Option<&str>)]) {
        let id = ProjectId::parse(id.to_owned()).unwrap();
        let push = push(entries);
        store
            .write(|store| store.push(&push, &PushTo::new(&id, 1, &rules())))
            .unwrap();
    }

    fn taken(store: &Store) -> Vec<(String, u64, u64, u64)> {
        let usage = store.usage().unwrap().into_iter();
        usage
            .map(|of| (of.id, of.files, of.live, of.history))
            .collect()
    }

    #[test]
    fn history_is_what_no_live_file_has_counted_once() {
        let file = TestFile::new();
        let store = file.store();
        assert_eq!(taken(&store), []);
        for content in ["four.", "seven..", "four.", "now"] {
            push_to(&store, "a", &[("x", Some(content))]);
        }
        // Content of a live file, also in another project, belongs to that alone.
        push_to(&store, "a", &[("y", Some("seven..")), ("z", Some("gone"))]);
        push_to(&store, "a", &[("z", None)]);
        push_to(&store, "b", &[("x", Some("four."))]);
        let (a, b) = ("a".to_owned(), "b".to_owned());
        assert_eq!(taken(&store), [(a, 2, 10, 9), (b, 1, 5, 0)]);
    }

    #[test]
    fn the_largest_projects_come_first() {
        let file = TestFile::new();
        let store = file.store();
        for (id, content) in [("a", "x"), ("b", "xxx"), ("c", "xx")] {
            push_to(&store, id, &[("f", Some(content))]);
        }
        let largest = |projects: &Projects, limit| {
            let found = store.largest_projects(projects, limit).unwrap().into_iter();
            found.map(|of| (of.id, of.bytes)).collect::<Vec<_>>()
        };
        let expected = [("b".to_owned(), 3), ("c".to_owned(), 2)];
        assert_eq!(largest(&Projects::All, 2), expected);
        let id = |text: &str| ProjectId::parse(text.to_owned()).unwrap();
        let some = Projects::Only([id("a"), id("none")].into());
        assert_eq!(largest(&some, 2), [("a".to_owned(), 1)]);
    }

    #[test]
    fn the_history_of_a_project_is_counted_up_to_a_limit() {
        let file = TestFile::new();
        let store = file.store();
        for content in ["four.", "seven..", "four.", "now"] {
            push_to(&store, "a", &[("x", Some(content))]);
        }
        push_to(&store, "b", &[("x", Some("other")), ("x/y", None)]);
        let id = ProjectId::parse("a".to_owned()).unwrap();
        let project = store.project(&id).unwrap().unwrap().number;
        let usage = |at_most| store.history_usage(project, at_most).unwrap();
        let counted = HistoryUsage {
            versions: 4,
            bytes: 12,
        };
        assert_eq!((usage(4), usage(3)), (Some(counted), None));
        assert_eq!(taken(&store)[0].3, 12);
        store.assert_seeks(HISTORY, 2, &["some"]);
    }

    #[test]
    fn what_was_removed_becomes_free_pages() {
        let file = TestFile::new();
        let store = file.store();
        push_to(&store, "a", &[("x", Some(&"x".repeat(1_000_000)))]);
        let full = store.file_space().unwrap();
        assert!(full.used > 1_000_000 && full.free == 0, "{full:?}");
        let id = ProjectId::parse("a".to_owned()).unwrap();
        store.delete_project(&id, 100).unwrap();
        store.remove_deleted(Duration::MAX).unwrap();
        let empty = store.file_space().unwrap();
        assert!(empty.free > 900_000 && empty.used < 100_000, "{empty:?}");
        assert_eq!(taken(&store), []);
    }
}
