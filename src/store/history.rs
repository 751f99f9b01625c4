//! Every version of a path, newest first: each row names the one before it.

use super::error::Error;
use super::row::{Row, Value, json_array};
use super::store::Store;
use super::tree::{VERSION, version};
use crate::domain::{Checksum, FilePath, Rev, Version};

/// A version of a path, and where its content is.
#[derive(Debug)]
pub struct StoredVersion {
    /// The version, with its device.
    pub version: Version,
    /// None for a deletion, and for content that was pruned.
    pub content: Option<i64>,
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

    /// At most `limit` versions of a path older than `before`, newest first.
    pub fn versions(
        &self,
        project: i64,
        path: &FilePath,
        before: Rev,
        limit: u32,
    ) -> Result<Vec<StoredVersion>, Error> {
        let statement = format!(
            "WITH RECURSIVE chain (rev, previous) AS (
               SELECT version.rev, version.previous FROM file
               CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
               WHERE file.project = ?1 AND file.path = ?2
               UNION ALL
               SELECT version.rev, version.previous FROM chain
               CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
             )
             SELECT {VERSION}, version.device, version.content FROM chain
             CROSS JOIN version ON version.project = ?1 AND version.rev = chain.rev
             WHERE chain.rev < ?3 LIMIT ?4"
        );
        let parameters = [
            project.into(),
            path.as_str().into(),
            before.into(),
            i64::from(limit).into(),
        ];
        let rows = self.execute(&statement, parameters)?;
        rows.into_iter().map(stored_version).collect()
    }

    /// Each claim is a path, a content and a rev. Returns the paths that had the content in the
    /// version of that rev or in a later one. What is older, the device has seen replaced.
    pub fn had_since(
        &self,
        project: i64,
        claims: &[(&str, Checksum, Rev)],
    ) -> Result<Vec<String>, Error> {
        let claims = claims
            .iter()
            .map(|(path, checksum, rev)| serde_json::json!([path, checksum.to_string(), rev]));
        let rows = self.execute(
            "WITH RECURSIVE chain (path, wanted, since, rev, checksum, previous) AS (
               SELECT file.path, unhex(asked.value ->> 1), asked.value ->> 2,
                      version.rev, version.checksum, version.previous
               FROM json_each(?2) AS asked
               CROSS JOIN file ON file.project = ?1 AND file.path = asked.value ->> 0
               CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
               UNION ALL
               SELECT chain.path, chain.wanted, chain.since,
                      version.rev, version.checksum, version.previous FROM chain
               CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               WHERE chain.checksum IS NOT chain.wanted AND chain.rev > chain.since
             )
             SELECT path FROM chain WHERE checksum = wanted",
            [project.into(), json_array(claims)],
        )?;
        rows.into_iter().map(|mut row| row.take_text(0)).collect()
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
    let device = row.text(5).map(str::to_owned);
    Ok(StoredVersion {
        version: Version {
            device,
            ..version(&mut row)?
        },
        content: row.optional_integer(6),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestFile, id, path};
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
        let one = store.version(project, &path("a"), 1).unwrap().unwrap();
        assert_eq!(store.content(one.content.unwrap()).unwrap(), b"one");
        let newest = store.newest_version(project, &path("a")).unwrap().unwrap();
        assert!(newest.version.is_deletion() && newest.content.is_none());
    }

    #[test]
    fn a_device_is_behind_only_by_what_it_has_not_seen_replaced() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", Some("two"))]);
        let project = store.project(&id()).unwrap().unwrap().number;
        let had = |content: &[u8], since| {
            let claim = [("a", Checksum::of(content), since)];
            !store.had_since(project, &claim).unwrap().is_empty()
        };
        assert!(had(b"one", 0) && had(b"one", 1) && had(b"two", 2));
        assert!(!had(b"one", 2) && !had(b"three", 0));
    }
}
