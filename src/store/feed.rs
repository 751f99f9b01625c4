//! What changed after a rev: pages for the old wire and for the change feed.

use super::error::{Error, require_answerable};
use super::project::{COLUMNS, Project, WIDTH};
use super::row::{Row, json_array};
use super::store::Store;
use super::tree::{VERSION, version_with_device};
use crate::domain::{Cursor, ProjectId, Rev, Version};

/// Bytes of content after which a page ends.
pub const PAGE_BYTES: u64 = 8 << 20;

/// Which page of a project is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PageQuery {
    /// The changes after this rev:
    pub since: Rev,
    /// at most as many,
    pub limit: u32,
    /// and no more than as many bytes of content, unless the first alone has more; none reads no content.
    pub max_bytes: Option<u64>,
    /// What the page is made of.
    pub entries: Entries,
}

/// The newest version of a path, at its place in the feed.
#[derive(Debug)]
pub struct Change {
    /// The version.
    pub version: Version,
    /// The project's running hash at this change.
    pub tag: i64,
    /// The bytes of a live file, where they are asked for.
    pub bytes: Option<Vec<u8>>,
    content: Option<i64>,
}

/// Changes in the order of their revs.
#[derive(Debug)]
pub struct Page {
    /// The project at that moment.
    pub project: Project,
    /// At most as many as asked for.
    pub changes: Vec<Change>,
    /// Whether more follow the last one.
    pub has_more: bool,
    /// The running hash at the rev after which the page begins; only of [`Entries::All`].
    tag: Option<i64>,
}

/// What a page is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// Live files, without their devices.
    LiveFiles,
    /// Live files without those that the key with this number has pushed.
    LiveFilesOfOthers(i64),
    /// Live files and deletions, with their devices.
    All,
}

impl Store {
    /// A page of a project, if it exists, mostly in one statement. [`Error::FileTooLarge`] for a file that no
    /// answer can carry, which is alone on its page.
    pub fn page(&self, id: &ProjectId, query: &PageQuery) -> Result<Option<Page>, Error> {
        match self.read_page(id, query) {
            // Between two statements a file may be replaced and its content pruned.
            Err(Error::Damaged(_)) => self.snapshot(|store| store.read_page(id, query)),
            page => page,
        }
    }

    /// Reads the page inside a snapshot.
    pub fn read_page(&self, id: &ProjectId, query: &PageQuery) -> Result<Option<Page>, Error> {
        // One more than asked for shows whether more follow.
        let rows = i64::from(query.limit) + 1;
        // With this many bytes in each row, all rows together do not exceed the page.
        let at_hand = query.max_bytes.map_or(-1, |bytes| bytes as i64 / rows);
        let mut parameters = vec![
            id.as_str().into(),
            query.since.into(),
            rows.into(),
            at_hand.into(),
        ];
        if let Entries::LiveFilesOfOthers(key) = query.entries {
            parameters.push(key.into());
        }
        let mut rows = self
            .execute(&page_statement(query.entries), parameters)?
            .into_iter();
        let Some(project) = rows.next() else {
            return self.require_not_moved(id).map(|()| None);
        };
        let mut page = Page {
            tag: project.optional_integer(WIDTH)?,
            project: Project::from_row(&project)?,
            changes: rows.map(change).collect::<Result<_, _>>()?,
            has_more: false,
        };
        page.cut(query);
        if query.max_bytes.is_some() {
            self.read_contents(&mut page)?;
        }
        Ok(Some(page))
    }

    /// Reads the contents that were not at hand.
    fn read_contents(&self, page: &mut Page) -> Result<(), Error> {
        let number = page.project.number;
        let with_content = page.changes.iter_mut();
        let mut with_content: Vec<_> = with_content.filter(|it| it.content.is_some()).collect();
        let mut versions = with_content.iter().map(|change| &change.version);
        versions.try_for_each(require_answerable)?;
        with_content.retain(|change| change.bytes.is_none());
        if with_content.is_empty() {
            return Ok(());
        }
        let ids = with_content.iter().filter_map(|change| change.content);
        let rows = self.execute(
            "SELECT project, checksum, bytes FROM json_each(?1) AS asked
             CROSS JOIN content ON content.id = asked.value",
            [json_array(ids)],
        )?;
        if rows.len() != with_content.len() {
            return Err(Error::Damaged("a live file has no content"));
        }
        for (mut row, change) in rows.into_iter().zip(with_content) {
            let is_same = row.optional_checksum(1)? == change.version.checksum;
            if row.integer::<i64>(0)? != number || !is_same {
                return Err(Error::Damaged("a live file has the content of another"));
            }
            change.bytes = Some(row.take_blob(2)?);
        }
        Ok(())
    }

    /// Whether the project has a version with this rev.
    pub fn has_rev(&self, id: &ProjectId, rev: Rev) -> Result<bool, Error> {
        let row = self.first(
            "SELECT 1 FROM project CROSS JOIN version ON version.project = number AND rev = ?2
             WHERE id = ?1",
            [id.as_str().into(), rev.into()],
        )?;
        Ok(row.is_some())
    }

    /// The rev after which a client with this cursor continues. [`Error::ResyncRequired`] unless the
    /// cursor comes from the history of this project.
    pub fn resume(&self, project: &Project, cursor: Option<Cursor>) -> Result<Rev, Error> {
        let Some(cursor) = cursor else { return Ok(0) };
        let tag = if cursor == project.cursor() {
            Some(cursor.tag)
        } else {
            self.tag_at(project.number, cursor.rev)?
        };
        require_proof(project, cursor, tag)
    }

    fn tag_at(&self, project: i64, rev: Rev) -> Result<Option<i64>, Error> {
        let statement = "SELECT tag FROM version WHERE project = ?1 AND rev = ?2
            UNION ALL SELECT tag FROM purged WHERE project = ?1 AND rev = ?2";
        let row = self.first(statement, [project.into(), rev.into()])?;
        row.map(|row| row.integer(0)).transpose()
    }
}

fn require_proof(project: &Project, cursor: Cursor, tag: Option<i64>) -> Result<Rev, Error> {
    let is_proven =
        cursor == project.cursor() || cursor.epoch == project.epoch && tag == Some(cursor.tag);
    is_proven.then_some(cursor.rev).ok_or(Error::ResyncRequired)
}

/// The project's row comes first. Nothing else is looked at when nothing is newer than its head.
fn page_statement(entries: Entries) -> String {
    let project = "(SELECT number FROM project WHERE id = ?1 AND head > ?2)";
    // The two halves of the index are each in order, so SQLite merges them without sorting.
    let (device, tag, rest) = match entries {
        Entries::LiveFiles => ("NULL", "NULL", String::new()),
        Entries::LiveFilesOfOthers(_) => (
            "NULL",
            "NULL",
            format!(
                "AND ?5 IS NOT (SELECT key FROM version WHERE project = {project} AND version.rev = file.rev)"
            ),
        ),
        Entries::All => (
            "version.device",
            "(SELECT tag FROM version WHERE project = number AND rev = ?2
              UNION ALL SELECT tag FROM purged WHERE project = number AND rev = ?2)",
            format!(
                "UNION ALL SELECT rev FROM file WHERE project = {project} AND deleted = 1 AND rev > ?2"
            ),
        ),
    };
    format!(
        "SELECT {COLUMNS}, {tag} FROM project WHERE id = ?1
         UNION ALL SELECT * FROM (
           SELECT {VERSION}, version.tag, version.content, {device},
             iif(version.size <= ?4, (SELECT bytes FROM content WHERE content.id = version.content), NULL),
             NULL, NULL, NULL
           FROM (SELECT rev FROM file WHERE project = {project} AND deleted = 0 AND rev > ?2
                 {rest} ORDER BY rev LIMIT ?3) AS next
           CROSS JOIN version ON version.project = {project} AND version.rev = next.rev
           ORDER BY next.rev)"
    )
}

fn change(mut row: Row) -> Result<Change, Error> {
    Ok(Change {
        version: version_with_device(&mut row, 7)?,
        tag: row.integer(5)?,
        content: row.optional_integer(6)?,
        bytes: row.take_blob(8).ok(),
    })
}

impl Page {
    /// The rev after which a client with this cursor continues, whose rev the page was asked for.
    /// [`Error::ResyncRequired`] unless it comes from the history of this project.
    pub fn resume(&self, cursor: Option<Cursor>) -> Result<Rev, Error> {
        cursor.map_or(Ok(0), |cursor| {
            require_proof(&self.project, cursor, self.tag)
        })
    }

    /// Bytes of all contents.
    pub fn content_bytes(&self) -> usize {
        let contents = self.changes.iter().filter_map(|it| it.bytes.as_ref());
        contents.map(Vec::len).sum()
    }

    /// Ends the page at its limits. It may have one change more than these, which shows that
    /// more follow.
    fn cut(&mut self, query: &PageQuery) {
        let found = self.changes.len();
        let (mut bytes, max_bytes) = (0, query.max_bytes.unwrap_or(u64::MAX));
        let fits = |change: &&Change| {
            bytes += change.version.size;
            bytes <= max_bytes
        };
        let first = self.changes.iter().take(query.limit as usize);
        let fitting = first.take_while(fits).count();
        self.changes.truncate(fitting.max(1));
        self.has_more = self.changes.len() < found;
    }
}

#[cfg(test)]
mod tests {
    use super::super::push::PushTo;
    use super::super::test_support::{ALL, TestFile, id, push, rules};
    use super::*;
    use crate::domain::Push;

    const QUERY: PageQuery = PageQuery {
        entries: Entries::LiveFiles,
        ..ALL
    };

    fn page(store: &Store, since: Rev, limit: u32, entries: Entries) -> Page {
        let query = PageQuery {
            since,
            limit,
            entries,
            ..QUERY
        };
        store.page(&id(), &query).unwrap().unwrap()
    }

    fn paths(page: &Page) -> Vec<&str> {
        let paths = page.changes.iter().map(|change| &*change.version.path);
        paths.collect()
    }

    fn pages(sizes: &[u64], limit: u32) -> (usize, bool) {
        let file = TestFile::new();
        let store = file.store();
        let names = ["a", "b", "c", "d"].into_iter();
        let contents: Vec<_> = sizes
            .iter()
            .map(|size| "x".repeat(*size as usize))
            .collect();
        let entries = names.zip(contents.iter().map(|content| Some(&**content)));
        store.push_at(1, &entries.collect::<Vec<_>>());
        let query = PageQuery {
            limit,
            max_bytes: Some(10),
            ..QUERY
        };
        let Some(page) = store.page(&id(), &query).unwrap() else {
            return (0, false);
        };
        let bytes = page
            .changes
            .iter()
            .map(|change| change.bytes.as_ref().unwrap());
        assert!(
            bytes
                .map(|bytes| bytes.len() as u64)
                .eq(sizes.iter().copied().take(page.changes.len()))
        );
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

    #[test]
    fn a_page_has_the_newest_version_of_each_changed_path() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]);
        store.push_at(10, &[("a", Some("4")), ("b", None)]);
        assert_eq!(paths(&page(&store, 0, 10, Entries::LiveFiles)), ["c", "a"]);
        let all = page(&store, 0, 2, Entries::All);
        assert_eq!((paths(&all), all.has_more), (vec!["c", "b"], true));
        assert_eq!(paths(&page(&store, 10, 2, Entries::All)), ["a"]);
        let live = page(&store, 0, 10, Entries::LiveFiles);
        let bytes = live.changes.iter().map(|change| change.bytes.as_deref());
        assert!(bytes.eq([Some(&b"3"[..]), Some(b"4")]));
    }

    #[test]
    fn a_large_file_has_its_own_content_or_none() {
        let file = TestFile::new();
        let store = file.store();
        let large = "large".repeat(10);
        store.push_at(
            1,
            &[("a", Some("small")), ("b", Some(&large)), ("c", Some(""))],
        );
        let bytes = || {
            let page = store.page(&id(), &QUERY)?.unwrap();
            let bytes = page.changes.into_iter().filter_map(|change| change.bytes);
            Ok::<_, Error>(bytes.collect::<Vec<_>>())
        };
        let expected = [&b"small"[..], large.as_bytes(), b""];
        assert_eq!(bytes().unwrap(), expected);
        store
            .run("UPDATE content SET checksum = randomblob(32) WHERE length(bytes) = 50")
            .unwrap();
        assert!(matches!(bytes(), Err(Error::Damaged(_))));
    }

    #[test]
    fn a_page_without_content_reads_none() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("1")), ("b", Some(""))]);
        let query = PageQuery {
            max_bytes: None,
            ..QUERY
        };
        let page = store.page(&id(), &query).unwrap().unwrap();
        assert!(page.changes.iter().all(|change| change.bytes.is_none()));
        assert_eq!(page.changes.len(), 2);
    }

    #[test]
    fn a_page_is_found_by_indexes() {
        let file = TestFile::new();
        let store = file.store();
        for (entries, parameters) in [
            (Entries::LiveFiles, 4),
            (Entries::LiveFilesOfOthers(1), 5),
            (Entries::All, 4),
        ] {
            store.assert_seeks(&page_statement(entries), parameters, &["next"]);
        }
    }

    #[test]
    fn what_a_key_has_pushed_may_be_left_out() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]);
        let own = Push {
            key: Some(7),
            ..push(&[("a", Some("4")), ("d", Some("5"))])
        };
        store
            .write(|store| store.push(&own, &PushTo::new(&id(), 10, &rules())))
            .unwrap();
        let paths = |since, limit, key| {
            let page = page(&store, since, limit, Entries::LiveFilesOfOthers(key));
            let paths = page.changes.into_iter().map(|change| change.version.path);
            (paths.collect::<Vec<_>>(), page.has_more)
        };
        let expected = |paths: &[&str], has_more| {
            (
                paths
                    .iter()
                    .map(|path| (*path).to_owned())
                    .collect::<Vec<_>>(),
                has_more,
            )
        };
        assert_eq!(paths(0, 10, 7), expected(&["b", "c"], false));
        assert_eq!(paths(0, 1, 7), expected(&["b"], true));
        assert_eq!(paths(0, 2, 7), expected(&["b", "c"], false));
        assert_eq!(paths(0, 10, 8), expected(&["b", "c", "a", "d"], false));
    }

    #[test]
    fn a_cursor_is_resumed_only_in_its_own_history() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("1"))]);
        let old = store.project(&id()).unwrap().unwrap().cursor();
        store.push_at(2, &[("a", Some("2"))]);
        let project = store.project(&id()).unwrap().unwrap();
        assert_eq!(store.resume(&project, Some(old)).unwrap(), 1);
        assert_eq!(store.resume(&project, None).unwrap(), 0);
        for cursor in [Some(old), Some(project.cursor()), None] {
            let from = cursor.map_or(0, |cursor| cursor.rev);
            let page = page(&store, from, 10, Entries::All);
            assert_eq!(page.resume(cursor).unwrap(), from);
        }
        let forged = Cursor {
            tag: old.tag ^ 1,
            ..old
        };
        for other in [
            forged,
            Cursor {
                epoch: old.epoch ^ 1,
                ..old
            },
        ] {
            let resumed = store.resume(&project, Some(other));
            assert!(matches!(resumed, Err(Error::ResyncRequired)), "{other}");
            let page = page(&store, other.rev, 10, Entries::All);
            assert!(matches!(
                page.resume(Some(other)),
                Err(Error::ResyncRequired)
            ));
        }
    }

    #[test]
    fn a_damaged_checksum_is_no_deletion() {
        let file = TestFile::new();
        let store = file.store();
        let damaged = |value: &str| {
            store.run(&format!("UPDATE version SET checksum = {value}"))?;
            store.page(&id(), &ALL).map(drop)
        };
        store.push_at(1, &[("a", Some("x"))]);
        for value in ["x'00'", "x''", "'text'", "1", "1.5"] {
            let page = damaged(value);
            assert!(matches!(page, Err(Error::Damaged(_))), "{value}: {page:?}");
        }
        let number = store.project(&id()).unwrap().unwrap().number;
        let push = push(&[("a", Some("y"))]);
        assert!(store.tree(number, "", 10, true).is_err());
        assert!(store.current_state(&id(), &push).is_err());
        damaged("NULL").unwrap();
    }
}
