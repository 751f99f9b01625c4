//! What changed after a rev: pages for the old wire and for the change feed.

use super::error::{Error, require_answerable};
use super::project::Project;
use super::row::{Row, json_array};
use super::store::Store;
use super::tree::{VERSION, version};
use crate::domain::{Cursor, ProjectId, Rev, Version};

/// Bytes of content after which a page ends.
pub const PAGE_BYTES: u64 = 8 << 20;

/// The newest version of a path, at its place in the feed.
#[derive(Debug)]
pub struct Change {
    /// The version.
    pub version: Version,
    /// The project's running hash at this change.
    pub tag: i64,
    content: Option<i64>,
}

/// Changes in the order of their revs.
#[derive(Debug, Default)]
pub struct Page {
    /// At most as many as asked for.
    pub changes: Vec<Change>,
    /// Whether more follow the last one.
    pub has_more: bool,
}

/// What a page is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// Live files, without their devices.
    LiveFiles,
    /// The same without those that the key with this number has pushed.
    LiveFilesOfOthers(i64),
    /// Live files and deletions, with their devices.
    All,
}

impl Store {
    /// The first changes after `since`: at most `limit`, and no more than `max_bytes` of
    /// content unless the first alone has more.
    pub fn page(
        &self,
        project: &Project,
        since: Rev,
        limit: u32,
        max_bytes: u64,
        entries: Entries,
    ) -> Result<Page, Error> {
        // The idle poll ends here: nothing is newer than the head.
        if project.head.is_none_or(|head| head <= since) {
            return Ok(Page::default());
        }
        // One more than asked for shows whether more follow.
        let mut parameters = vec![
            project.number.into(),
            since.into(),
            (i64::from(limit) + 1).into(),
        ];
        if let Entries::LiveFilesOfOthers(key) = entries {
            parameters.push(key.into());
        }
        let rows = self.execute(&page_statement(entries), parameters)?;
        let changes = rows.into_iter().map(change).collect::<Result<_, _>>()?;
        Ok(Page::cut(changes, limit as usize, max_bytes))
    }

    /// The content of live files, in the order asked for. [`Error::FileTooLarge`] for one that no answer
    /// can carry, which is alone on its page.
    pub fn contents(&self, changes: &[Change]) -> Result<Vec<Vec<u8>>, Error> {
        let with_content = changes.iter().filter(|change| change.content.is_some());
        let mut with_content = with_content.map(|change| &change.version);
        with_content.try_for_each(require_answerable)?;
        let ids: Vec<i64> = changes.iter().filter_map(|change| change.content).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.execute(
            "SELECT content.id, content.bytes FROM json_each(?1) AS asked
             CROSS JOIN content ON content.id = asked.value",
            [json_array(ids.iter().copied())],
        )?;
        let found = rows.iter().map(|row| row.optional_integer(0));
        match found.eq(ids.iter().copied().map(Some)) {
            true => rows.into_iter().map(|mut row| row.take_blob(1)).collect(),
            false => Err(Error::Damaged("a live file has no content")),
        }
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

    /// The rev after which a client with this cursor goes on. [`Error::ResyncRequired`] unless the
    /// cursor comes from the history of this project.
    pub fn resume(&self, project: &Project, cursor: Option<Cursor>) -> Result<Rev, Error> {
        let Some(cursor) = cursor else { return Ok(0) };
        let proven = cursor == project.cursor()
            || cursor.epoch == project.epoch
                && self.tag_at(project.number, cursor.rev)? == Some(cursor.tag);
        proven.then_some(cursor.rev).ok_or(Error::ResyncRequired)
    }

    fn tag_at(&self, project: i64, rev: Rev) -> Result<Option<i64>, Error> {
        let statement = "SELECT tag FROM version WHERE project = ?1 AND rev = ?2
            UNION ALL SELECT tag FROM purged WHERE project = ?1 AND rev = ?2";
        let row = self.first(statement, [project.into(), rev.into()])?;
        row.map(|row| row.integer(0)).transpose()
    }
}

fn page_statement(entries: Entries) -> String {
    // The two halves of the index are each in order, so SQLite merges them without sorting.
    let (device, deleted) = match entries {
        Entries::LiveFiles => ("NULL", ""),
        Entries::LiveFilesOfOthers(_) => (
            "NULL",
            "AND ?4 IS NOT (SELECT key FROM version WHERE project = ?1 AND version.rev = file.rev)",
        ),
        Entries::All => (
            "version.device",
            "UNION ALL SELECT rev FROM file WHERE project = ?1 AND deleted = 1 AND rev > ?2",
        ),
    };
    format!(
        "SELECT {VERSION}, version.tag, version.content, {device}
         FROM (SELECT rev FROM file WHERE project = ?1 AND deleted = 0 AND rev > ?2
               {deleted} ORDER BY rev LIMIT ?3) AS next
         CROSS JOIN version ON version.project = ?1 AND version.rev = next.rev
         ORDER BY next.rev"
    )
}

fn change(mut row: Row) -> Result<Change, Error> {
    let device = row.text(7).map(str::to_owned);
    Ok(Change {
        version: Version {
            device,
            ..version(&mut row)?
        },
        tag: row.integer(5)?,
        content: row.optional_integer(6),
    })
}

impl Page {
    /// Ends the page at its limits. `changes` may hold one more than `limit`, which shows that
    /// more follow.
    fn cut(mut changes: Vec<Change>, limit: usize, max_bytes: u64) -> Self {
        let found = changes.len();
        let mut bytes = 0;
        let fits = |change: &&Change| {
            bytes += change.version.size;
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

#[cfg(test)]
mod tests {
    use super::super::push::PushTo;
    use super::super::testing::{TestFile, id, push, rules};
    use super::*;
    use crate::domain::Push;

    fn pages(sizes: &[u64], limit: usize) -> (usize, bool) {
        let version = |size| Version {
            rev: 1,
            path: String::new(),
            checksum: None,
            size,
            modified: 0,
            device: None,
        };
        let change = |size: &u64| Change {
            version: version(*size),
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

    #[test]
    fn a_page_has_the_newest_version_of_each_changed_path() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]);
        store.push_at(10, &[("a", Some("4")), ("b", None)]);
        let project = store.project(&id()).unwrap().unwrap();
        let page =
            |since, limit, entries| store.page(&project, since, limit, 100, entries).unwrap();
        let paths = |page: &Page| {
            let paths = page
                .changes
                .iter()
                .map(|change| change.version.path.clone());
            paths.collect::<Vec<_>>()
        };
        assert_eq!(paths(&page(0, 10, Entries::LiveFiles)), ["c", "a"]);
        let all = page(0, 2, Entries::All);
        assert_eq!(
            (paths(&all), all.has_more),
            (vec!["c".into(), "b".into()], true)
        );
        assert_eq!(paths(&page(10, 2, Entries::All)), ["a"]);
        let live = page(0, 10, Entries::LiveFiles);
        assert_eq!(store.contents(&live.changes).unwrap(), [b"3", b"4"]);
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
        let project = store.project(&id()).unwrap().unwrap();
        let paths = |since, limit, key| {
            let entries = Entries::LiveFilesOfOthers(key);
            let page = store.page(&project, since, limit, 100, entries).unwrap();
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
        }
    }
}
