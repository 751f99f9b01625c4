//! Every version of a path, newest first: each row names the one before it.

use super::error::{Error, require_answerable};
use super::row::{Row, Value};
use super::store::Store;
use super::tree::{VERSION, version_with_device};
use crate::domain::{FilePath, Rev, Version};

/// A version of a path, and where its content is.
#[derive(Debug)]
pub struct StoredVersion {
    /// The version, with its device.
    pub version: Version,
    /// None for a deletion, and for content that was pruned.
    pub content: Option<i64>,
}

/// Versions looked at in one statement: some milliseconds.
const STEP_VERSIONS: i64 = 10_000;

/// A version, and the one before it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) rev: Rev,
    pub(super) previous: Option<Rev>,
}

impl StoredVersion {
    /// Where the content for an answer is. [`Error::ContentPruned`] when it is no longer kept, and
    /// [`Error::FileTooLarge`] when no answer can carry it.
    pub fn answerable(&self) -> Result<i64, Error> {
        require_answerable(&self.version)?;
        self.content.ok_or_else(|| Error::ContentPruned {
            path: self.version.path.clone(),
        })
    }
}

impl Store {
    /// The newest version of a path, a deletion included.
    pub fn newest_version(
        &self,
        project: i64,
        path: &FilePath,
    ) -> Result<Option<StoredVersion>, Error> {
        let statement = format!(
            "SELECT {VERSION}, version.device, version.content FROM file
             CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
             WHERE file.project = ?1 AND file.path = ?2"
        );
        self.one_version(&statement, vec![project.into(), path.as_str().into()])
    }

    /// The version of a path with this rev.
    pub fn version(
        &self,
        project: i64,
        path: &FilePath,
        rev: Rev,
    ) -> Result<Option<StoredVersion>, Error> {
        let statement = format!(
            "SELECT {VERSION}, device, content FROM version
             WHERE project = ?1 AND rev = ?3 AND path = ?2"
        );
        let parameters = vec![project.into(), path.as_str().into(), rev.into()];
        self.one_version(&statement, parameters)
    }

    fn one_version(
        &self,
        statement: &str,
        parameters: Vec<Value>,
    ) -> Result<Option<StoredVersion>, Error> {
        let row = self.first(statement, parameters)?;
        row.map(stored_version).transpose()
    }

    /// At most `limit` versions of a path older than `before`, newest first. Where `before` is one of
    /// them, as for every page but the first, the walk starts there.
    pub fn versions(
        &self,
        project: i64,
        path: &FilePath,
        before: Rev,
        limit: u32,
    ) -> Result<Vec<StoredVersion>, Error> {
        let Some(start) = self.newest_before(project, path, before)? else {
            return Ok(Vec::new());
        };
        let statement = format!(
            "WITH RECURSIVE chain (rev, previous) AS (
               SELECT rev, previous FROM version WHERE project = ?1 AND rev = ?2
               UNION ALL
               SELECT version.rev, version.previous FROM chain
               CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               LIMIT ?3
             )
             SELECT {VERSION}, version.device, version.content FROM chain
             CROSS JOIN version ON version.project = ?1 AND version.rev = chain.rev"
        );
        let parameters = [project.into(), start.into(), i64::from(limit).into()];
        let rows = self.execute(&statement, parameters)?;
        rows.into_iter().map(stored_version).collect()
    }

    /// The rev of the newest version of a path before a moment.
    fn newest_before(
        &self,
        project: i64,
        path: &FilePath,
        before: Rev,
    ) -> Result<Option<Rev>, Error> {
        let just_before = before.saturating_sub(1);
        let above = match self.version(project, path, before)? {
            Some(_) => self.oldest_after(project, before, just_before)?,
            None => {
                let newest = self.newest_version(project, path)?;
                let Some(newest) = newest.map(|stored| stored.version.rev) else {
                    return Ok(None);
                };
                if newest < before {
                    return Ok(Some(newest));
                }
                self.oldest_after(project, newest, just_before)?
            }
        };
        Ok(above.and_then(|above| above.previous))
    }

    /// The oldest version after a moment, on the way down from a version of its path. Of a long
    /// history, it looks at a part at a time, so that others are served in between.
    pub(super) fn oldest_after(
        &self,
        project: i64,
        from: Rev,
        moment: Rev,
    ) -> Result<Option<Link>, Error> {
        let (mut oldest, mut next) = (None, Some(from));
        while let Some(from) = next.filter(|rev| *rev > moment) {
            let row = self.first(
                "WITH RECURSIVE chain (rev, previous) AS (
                   SELECT rev, previous FROM version WHERE project = ?1 AND rev = ?2
                   UNION ALL
                   SELECT version.rev, version.previous FROM chain
                   CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
                   WHERE chain.previous > ?3
                   LIMIT ?4
                 )
                 SELECT min(rev), previous FROM chain",
                [
                    project.into(),
                    from.into(),
                    moment.into(),
                    STEP_VERSIONS.into(),
                ],
            )?;
            let row = row.ok_or(Error::Damaged("a version is missing"))?;
            let link = Link {
                rev: row.integer(0)?,
                previous: row.optional_integer(1)?,
            };
            next = link.previous;
            oldest = Some(link);
        }
        Ok(oldest)
    }

    /// The first bytes of a version's content: at most so many.
    pub fn content_start(&self, id: i64, at_most: usize) -> Result<Vec<u8>, Error> {
        let statement = "SELECT substr(bytes, 1, ?2) FROM content WHERE id = ?1";
        let row = self.first(statement, [id.into(), (at_most as i64).into()])?;
        row.ok_or(Error::Damaged("a version has no content"))?
            .take_blob(0)
    }

    /// The bytes of a version's content.
    pub fn content(&self, id: i64) -> Result<Vec<u8>, Error> {
        let row = self.first("SELECT bytes FROM content WHERE id = ?1", [id.into()])?;
        row.ok_or(Error::Damaged("a version has no content"))?
            .take_blob(0)
    }
}

/// Reads the columns [`VERSION`], device and content.
pub(super) fn stored_version(mut row: Row) -> Result<StoredVersion, Error> {
    Ok(StoredVersion {
        version: version_with_device(&mut row, 5)?,
        content: row.optional_integer(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id, path};
    use super::*;

    #[test]
    fn versions_are_listed_newest_first_and_in_pages() {
        let file = TestFile::new();
        let store = file.store();
        for (now_us, content) in [(1, Some("one")), (2, Some("two")), (3, None)] {
            store.push_at(now_us, &[("a", content)]);
        }
        let project = store.project(&id()).unwrap().unwrap().number;
        let revs = |before, limit| {
            let versions = store.versions(project, &path("a"), before, limit).unwrap();
            versions
                .iter()
                .map(|stored| stored.version.rev)
                .collect::<Vec<_>>()
        };
        assert_eq!(revs(Rev::MAX, 10), [3, 2, 1]);
        assert_eq!(revs(Rev::MAX, 2), [3, 2]);
        assert_eq!(revs(2, 2), [1]);
        assert_eq!(revs(1, 2), [] as [Rev; 0]);
        let one = store.version(project, &path("a"), 1).unwrap().unwrap();
        assert_eq!(store.content(one.content.unwrap()).unwrap(), b"one");
        assert_eq!(store.content_start(one.content.unwrap(), 2).unwrap(), b"on");
        let newest = store.newest_version(project, &path("a")).unwrap().unwrap();
        assert!(newest.version.is_deletion() && newest.content.is_none());
        store.push_at(10, &[("b", Some("of another file"))]);
        store.push_at(20, &[("a", Some("four"))]);
        assert_eq!(revs(10, 2), [3, 2]);
        assert_eq!(revs(15, 2), [3, 2]);
    }

    #[test]
    fn a_page_begins_anywhere_in_a_history_longer_than_a_step() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(2, &[("a", Some("x"))]);
        let project = store.project(&id()).unwrap().unwrap().number;
        let more = format!(
            "WITH RECURSIVE later (rev) AS (SELECT 4 UNION ALL SELECT rev + 2 FROM later LIMIT {})
             INSERT INTO version (project, rev, path, size, modified, previous, tag)
             SELECT {project}, rev, 'a', 0, 0, rev - 2, 0 FROM later",
            2 * STEP_VERSIONS + 10
        );
        store.run(&more).unwrap();
        let first = |before| {
            let versions = store.versions(project, &path("a"), before, 1).unwrap();
            versions.first().map(|stored| stored.version.rev)
        };
        let newest = first(Rev::MAX).unwrap();
        for (before, expected) in [
            (newest + 1, Some(newest)),
            (newest, Some(newest - 2)),
            (newest - 1, Some(newest - 2)),
            (3, Some(2)),
            (2, None),
            (1, None),
            (Rev::MIN, None),
        ] {
            assert_eq!(first(before), expected, "{before}");
        }
    }
}
