//! Purges versions of a path for good: rows, content, and the bytes in the pages of the file.
//!
//! The newest version of a path is replaced by a deletion first, so that clients hear of it. Of a
//! purged version its rev and the running hash stay, which prove the cursors of clients, and its path, so that a restore
//! to a moment can tell that something is missing.
//!
//! Content is overwritten where it is before anything is deleted, since deleting makes SQLite move
//! what is around, and the place that it leaves is not overwritten.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::{Checksum, Cursor, Delete, FilePath, ProjectId, Push, Rev, Rules};
use crate::store::error::Error;
use crate::store::project::Project;
use crate::store::push::PushTo;
use crate::store::row::{Row, Value, json_array};
use crate::store::store::Store;

/// Versions in one step, between which others write.
const STEP_VERSIONS: i64 = 500;
/// Bytes of content in one step, which the first version may exceed.
const STEP_BYTES: i64 = 2 << 20;
/// Contents in one statement.
const STEP_CONTENTS: usize = 10_000;
/// Paths that are named.
const MAX_NAMED: usize = 100;

/// What to purge.
#[derive(Debug)]
pub struct Purge {
    /// The path.
    pub path: FilePath,
    /// The version; none for all of the path.
    pub rev: Option<Rev>,
    /// The device that asks for it, for the history.
    pub device: Option<String>,
}

/// What a purge did.
#[derive(Debug)]
pub struct Purged {
    /// Versions that were removed.
    pub versions: u64,
    /// The position at the end of the change feed.
    pub cursor: Cursor,
    /// Paths with versions that stay and have the same content, at most 100.
    pub elsewhere: Vec<String>,
    /// Whether nothing is left in the log either; false while a reader, such as a backup, needs it.
    pub erased: bool,
}

/// A version below the one that stays.
struct Removable {
    rev: Rev,
    previous: Option<Rev>,
    size: i64,
    content: Option<i64>,
    checksum: Option<Checksum>,
}

impl Store {
    /// Purges. What another version of the project shares stays.
    ///
    /// [`Error::NoProject`], [`Error::NeverStored`] and [`Error::NoVersion`] for what never was, or was
    /// purged before. After any other error a part may be purged; purging again does the rest.
    pub fn purge(&self, id: &ProjectId, purge: &Purge, now_us: Rev) -> Result<Purged, Error> {
        let replace =
            |store: &Self| store.take_away(|store| store.replace_newest(id, purge, now_us));
        let project = self.retried(|store| store.with_names(id, replace))?;
        let (mut versions, mut checksums) = (0, BTreeSet::new());
        let mut step =
            || self.erase(|store| store.purge_step(project.number, purge, &mut checksums));
        while let removed @ 1.. = step()? {
            versions += removed;
        }
        let elsewhere = self.paths_with(project.number, checksums)?;
        // Later requests continue with a removal that fails.
        let removed = self.remove_deleted(Duration::MAX).is_ok();
        Ok(Purged {
            versions,
            cursor: project.cursor(),
            elsewhere,
            erased: removed && self.is_all_removed()?,
        })
    }

    /// Stores a deletion when the newest version is to be purged.
    fn replace_newest(&self, id: &ProjectId, purge: &Purge, now_us: Rev) -> Result<Project, Error> {
        let project = self.project(id)?.ok_or(Error::NoProject)?;
        let path = || purge.path.to_string();
        let newest = self.newest_version(project.number, &purge.path)?;
        let newest = newest.ok_or_else(|| Error::NeverStored { path: path() })?;
        let newest = newest.version;
        if let Some(rev) = purge.rev {
            let version = self.version(project.number, &purge.path, rev)?;
            version.ok_or_else(|| Error::NoVersion { path: path(), rev })?;
        }
        if !newest.is_deletion() && purge.rev.is_none_or(|rev| rev == newest.rev) {
            self.push(&deletion(purge), &PushTo::new(id, now_us, &Rules::NONE))?;
        }
        self.project(id)?.ok_or(Error::NoProject)
    }

    /// The version above what is purged; none when there is nothing below a deletion that stays.
    fn version_above(&self, project: i64, purge: &Purge) -> Result<Option<Rev>, Error> {
        let newest = self.newest_version(project, &purge.path)?;
        let newest = newest.map(|stored| stored.version.rev);
        match (newest, purge.rev) {
            (Some(newest), Some(rev)) => {
                let above = self.oldest_after(project, newest, rev)?;
                Ok(above.map(|version| version.rev))
            }
            (newest, _) => Ok(newest),
        }
    }

    /// Removes the next versions, and adds their checksums. Returns how many these were.
    fn purge_step(
        &self,
        project: i64,
        purge: &Purge,
        checksums: &mut BTreeSet<String>,
    ) -> Result<u64, Error> {
        // Not once for all steps: another purge may have removed it meanwhile.
        let Some(above) = self.version_above(project, purge)? else {
            return Ok(0);
        };
        let versions = self.removable(project, above, purge.rev)?;
        let Some(last) = versions.last() else {
            return Ok(0);
        };
        self.unlink(project, above, &versions, last.previous)?;
        self.overwrite(&versions)?;
        let removed = versions.iter().filter_map(|version| version.checksum);
        checksums.extend(removed.map(|checksum| checksum.to_string()));
        Ok(versions.len() as u64)
    }

    /// The next versions below this one, or the one that is right below it and has this rev.
    fn removable(
        &self,
        project: i64,
        above: Rev,
        only: Option<Rev>,
    ) -> Result<Vec<Removable>, Error> {
        let limit = only.map_or(STEP_VERSIONS, |_| 1);
        let rows = self.execute(
            "WITH RECURSIVE chain (rev, previous, size, content, checksum) AS (
               SELECT version.rev, version.previous, version.size, version.content, version.checksum
               FROM version AS above CROSS JOIN version
                 ON version.project = ?1 AND version.rev = above.previous
               WHERE above.project = ?1 AND above.rev = ?2
               UNION ALL
               SELECT version.rev, version.previous, version.size, version.content, version.checksum
               FROM chain CROSS JOIN version ON version.project = ?1 AND version.rev = chain.previous
               LIMIT ?3
             )
             SELECT rev, previous, size, content, checksum FROM chain
             WHERE ?4 IS NULL OR rev = ?4",
            [
                project.into(),
                above.into(),
                limit.into(),
                only.into(),
            ],
        )?;
        let versions = rows.iter().map(removable);
        let mut versions = versions.collect::<Result<Vec<_>, _>>()?;
        let mut bytes = 0;
        let fits = |version: &&Removable| {
            bytes += version.size;
            bytes <= STEP_BYTES
        };
        let fitting = versions.iter().take_while(fits).count();
        versions.truncate(fitting.max(1));
        Ok(versions)
    }

    /// Removes the rows, and joins the versions around them.
    fn unlink(
        &self,
        project: i64,
        above: Rev,
        versions: &[Removable],
        below: Option<Rev>,
    ) -> Result<(), Error> {
        let revs = || json_array(versions.iter().map(|version| version.rev));
        let run =
            |statement: &str, parameters: &[Value]| self.execute(statement, parameters).map(drop);
        run(
            "INSERT INTO purged (project, rev, tag, path) SELECT project, rev, tag, path FROM version
             WHERE project = ?1 AND rev IN (SELECT value FROM json_each(?2))",
            &[project.into(), revs()],
        )?;
        run(
            "UPDATE sweep SET rev = ?3, place = place - 1
             WHERE project = ?1 AND rev IN (SELECT value FROM json_each(?2))",
            &[project.into(), revs(), above.into()],
        )?;
        run(
            "UPDATE version SET previous = ?3 WHERE project = ?1 AND rev = ?2",
            &[project.into(), above.into(), below.into()],
        )?;
        run(
            "DELETE FROM version WHERE project = ?1 AND rev IN (SELECT value FROM json_each(?2))",
            &[project.into(), revs()],
        )
    }

    /// Overwrites content that no version has any more, and lets it be removed.
    fn overwrite(&self, versions: &[Removable]) -> Result<(), Error> {
        let number = self.number_to_remove()?;
        self.execute(
            "UPDATE content SET project = ?1, checksum = randomblob(32), bytes = zeroblob(length(bytes))
             WHERE id IN (SELECT value FROM json_each(?2))
               AND NOT EXISTS (SELECT 1 FROM version WHERE version.content = content.id)",
            [number.into(), contents(versions)],
        )
        .map(drop)
    }

    /// Paths with versions of these contents. Asked once all else is done, since each version of a long history may
    /// have the same content.
    fn paths_with(&self, project: i64, checksums: BTreeSet<String>) -> Result<Vec<String>, Error> {
        let (checksums, mut paths) = (Vec::from_iter(checksums), BTreeSet::new());
        for checksums in checksums.chunks(STEP_CONTENTS) {
            let asked = json_array(checksums.iter().map(String::as_str));
            let parameters = [project.into(), asked, (MAX_NAMED as i64).into()];
            for mut row in self.execute(PATHS_WITH, parameters)? {
                paths.insert(row.take_text(0)?);
            }
        }
        Ok(paths.into_iter().take(MAX_NAMED).collect())
    }
}

const PATHS_WITH: &str = "SELECT DISTINCT version.path FROM json_each(?2) AS asked
    CROSS JOIN content ON content.project = ?1 AND content.checksum = unhex(asked.value)
    CROSS JOIN version ON version.content = content.id LIMIT ?3";

fn contents(versions: &[Removable]) -> Value {
    json_array(versions.iter().filter_map(|version| version.content))
}

fn deletion(purge: &Purge) -> Push {
    Push {
        deletes: vec![Delete {
            path: purge.path.clone(),
            base: None,
        }],
        device: purge.device.clone(),
        ..Push::default()
    }
}

fn removable(row: &Row) -> Result<Removable, Error> {
    Ok(Removable {
        rev: row.integer(0)?,
        previous: row.optional_integer(1)?,
        size: row.integer(2)?,
        content: row.optional_integer(3)?,
        checksum: row.optional_checksum(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::feed::PageQuery;
    use crate::store::test_support::{ALL, Statements, TestFile, id, path, rules};

    const SECRET: &str = "correct horse battery staple";

    fn purge(store: &Store, at: &str, rev: Option<Rev>) -> Result<Purged, Error> {
        let purge = Purge {
            path: path(at),
            rev,
            device: None,
        };
        store.purge(&id(), &purge, 1000)
    }

    fn revs(store: &Store, at: &str) -> Vec<Rev> {
        let project = store.project(&id()).unwrap().unwrap().number;
        let versions = store.versions(project, &path(at), Rev::MAX, 5000).unwrap();
        versions.iter().map(|stored| stored.version.rev).collect()
    }

    #[test]
    fn a_path_goes_with_its_history_and_is_told_as_a_deletion() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one")), ("b", Some("x"))]);
        store.push_at(10, &[("a", Some(SECRET))]);
        let old = store.project(&id()).unwrap().unwrap();
        let purged = purge(&store, "a", None).unwrap();
        assert_eq!((purged.versions, purged.erased), (2, true));
        assert!(purged.elsewhere.is_empty());
        let [deletion] = revs(&store, "a")[..] else {
            panic!("one version is left")
        };
        let project = store.project(&id()).unwrap().unwrap();
        assert_eq!(purged.cursor, project.cursor());
        assert_eq!((project.file_count, project.head), (1, Some(deletion)));
        // Cursors from before stay valid.
        assert_eq!(store.resume(&project, Some(old.cursor())).unwrap(), 10);
        let page = store.page(&id(), &PageQuery { since: 10, ..ALL });
        assert!(page.unwrap().unwrap().changes[0].version.is_deletion());
        assert!(!file.holds(SECRET));
        assert_eq!(purge(&store, "a", None).unwrap().versions, 0);
    }

    #[test]
    fn one_version_goes_and_the_others_stay() {
        let file = TestFile::new();
        let store = file.store();
        for (now_us, content) in [(1, "one"), (2, SECRET), (3, "three")] {
            store.push_at(now_us, &[("a", Some(content))]);
        }
        assert_eq!(purge(&store, "a", Some(2)).unwrap().versions, 1);
        assert_eq!(revs(&store, "a"), [3, 1]);
        assert!(!file.holds(SECRET));
        let again = purge(&store, "a", Some(2));
        assert!(matches!(again, Err(Error::NoVersion { rev: 2, .. })));
        // The newest is replaced by a deletion; what was before can be restored.
        assert_eq!(purge(&store, "a", Some(3)).unwrap().versions, 1);
        assert_eq!(revs(&store, "a"), [1000 + 1, 1]);
        assert_eq!(purge(&store, "a", Some(1001)).unwrap().versions, 0);
        assert_eq!(revs(&store, "a"), [1001, 1]);
    }

    #[test]
    fn content_stays_where_another_version_has_it() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some(SECRET)), ("copy", Some(SECRET))]);
        let purged = purge(&store, "a", None).unwrap();
        assert_eq!(purged.elsewhere, ["copy"]);
        assert!(file.holds(SECRET));
        assert!(purge(&store, "copy", None).unwrap().elsewhere.is_empty());
        assert!(!file.holds(SECRET));
    }

    #[test]
    fn a_long_history_is_purged_in_steps() {
        let file = TestFile::new();
        let store = file.store();
        let count = 2 * STEP_VERSIONS + 1;
        store
            .write(|store| {
                for rev in 1..=count {
                    // The newest is again as the oldest.
                    let text = format!("{SECRET} {}", rev % (count - 1));
                    let push = crate::store::test_support::push(&[("a", Some(&text))]);
                    store.push(&push, &PushTo::new(&id(), rev, &rules()))?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
        let middle = revs(&store, "a")[700];
        assert_eq!(purge(&store, "a", Some(middle)).unwrap().versions, 1);
        let purged = purge(&store, "a", None).unwrap();
        assert_eq!(purged.versions as i64, count - 1);
        assert!(purged.elsewhere.is_empty());
        assert_eq!(revs(&store, "a").len(), 1);
        assert!(!file.holds(SECRET));
    }

    #[test]
    fn a_long_history_is_looked_for_elsewhere_once() {
        let file = TestFile::new();
        let store = file.store();
        for now_us in 1..=STEP_VERSIONS + 2 {
            let text = ["even", "odd"][now_us as usize % 2];
            store.push_at(now_us, &[("a", Some(text))]);
        }
        store.push_at(STEP_VERSIONS + 9, &[("copy", Some("odd"))]);
        store.assert_seeks(PATHS_WITH, 3, &["asked"]);
        let statements = Statements::default();
        let database = file.recorded(&statements);
        let purged = database.with(|store| purge(store, "a", None)).unwrap();
        assert_eq!(purged.versions as i64, STEP_VERSIONS + 2);
        assert_eq!(purged.elsewhere, ["copy"]);
        let statements = statements.borrow();
        let asked = statements.iter().filter(|it| it.contains("DISTINCT"));
        assert_eq!(asked.count(), 1);
    }

    #[test]
    fn notes_of_any_size_are_gone_among_others_that_come_and_go() {
        let file = TestFile::new();
        let store = file.store();
        let name = |i: usize| format!("note {i:03}");
        let size = |i: usize| i * 7919 % 3500;
        let text = |i: usize| format!("{SECRET} {i:03} {}", "x".repeat(size(i)));
        for i in 0..100 {
            store.push_at(1, &[(&name(i), Some(&text(i)))]);
        }
        let purged = |i: &usize| i * 31 % 100 >= 10;
        for i in (0..100).map(|i| i * 7 % 100).filter(purged) {
            purge(&store, &name(i), None).unwrap();
        }
        let found = (0..100).filter(|i| file.holds(&format!("{SECRET} {i:03}")));
        let kept: Vec<_> = (0..100).filter(|i| !purged(i)).collect();
        assert_eq!(found.collect::<Vec<_>>(), kept);
    }

    #[test]
    fn while_a_reader_needs_the_log_it_is_said_and_done_later() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some(SECRET))]);
        let reader = file.store();
        reader.run("BEGIN").unwrap();
        reader.project(&id()).unwrap();
        assert!(!purge(&store, "a", None).unwrap().erased);
        reader.run("ROLLBACK").unwrap();
        assert!(purge(&store, "a", None).unwrap().erased);
        assert!(!file.holds(SECRET));
    }

    #[test]
    fn what_never_was_cannot_be_purged() {
        let file = TestFile::new();
        let store = file.store();
        assert!(matches!(purge(&store, "a", None), Err(Error::NoProject)));
        store.push_at(1, &[("a", Some("x"))]);
        for rev in [None, Some(1)] {
            let purged = purge(&store, "b", rev);
            assert!(matches!(purged, Err(Error::NeverStored { .. })));
        }
        let purged = purge(&store, "a", Some(7));
        assert!(matches!(purged, Err(Error::NoVersion { .. })));
    }
}
