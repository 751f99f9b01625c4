//! Restores old versions as new ones: a restore is a push of stored content, so it syncs like an
//! edit.

use super::error::Error;
use super::history::StoredVersion;
use super::past::PastState;
use super::push::{Applied, PushTo};
use super::store::Store;
use crate::domain::{Content, Delete, FilePath, ProjectId, Push, Put, Rev};

/// What to restore.
#[derive(Debug)]
pub enum RestoreTo {
    /// One version of one path.
    Version(FilePath, Rev),
    /// The project, or some of its paths, as it was right after this rev.
    Moment(Rev, Option<Vec<FilePath>>),
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// The push that it was.
    pub applied: Applied,
    /// For each outcome, the rev that the path was restored from; none for a path that had no
    /// version at that moment.
    pub sources: Vec<Option<Rev>>,
}

impl Store {
    /// Restores; with `dry_run`, only returns what would happen.
    ///
    /// [`Error::NoProject`], [`Error::NoVersion`] and [`Error::BeforeFirstVersion`] for what never
    /// was, [`Error::ContentPruned`] for content that is no longer kept.
    pub fn restore(
        &self,
        past: &RestoreTo,
        device: Option<String>,
        to: &PushTo,
        dry_run: bool,
    ) -> Result<Restored, Error> {
        let restore = |store: &Self| {
            let (push, sources) = store.as_push(to.id, past)?;
            let push = Push {
                device: device.clone(),
                ..push
            };
            let applied = match dry_run {
                true => store.preview(&push, to),
                false => store.push(&push, to),
            }?;
            Ok(Restored { applied, sources })
        };
        match dry_run {
            true => self.snapshot(restore),
            false => self.retried(|store| store.with_names(to.id, |store| store.write(restore))),
        }
    }

    /// A push that makes the newest versions equal to those of the moment, and the rev that each
    /// of its entries comes from.
    fn as_push(&self, id: &ProjectId, to: &RestoreTo) -> Result<(Push, Vec<Option<Rev>>), Error> {
        let (mut push, mut sources, mut deleted) = (Push::default(), Vec::new(), Vec::new());
        for state in self.states(id, to)? {
            let rev = state.version.as_ref().map(|stored| stored.version.rev);
            let path = FilePath::parse(&state.path)
                .map_err(|_| Error::Damaged("a stored path breaks a rule"))?;
            match state.version {
                Some(stored) if !stored.version.is_deletion() => {
                    push.puts.push(put(path, &stored)?);
                    sources.push(rev);
                }
                _ => {
                    push.deletes.push(Delete { path, base: None });
                    deleted.push(rev);
                }
            }
        }
        sources.extend(deleted);
        Ok((push, sources))
    }

    fn states(&self, id: &ProjectId, to: &RestoreTo) -> Result<Vec<PastState>, Error> {
        let project = self.project(id)?.ok_or(Error::NoProject)?.number;
        match to {
            RestoreTo::Moment(rev, _) if !self.reaches_back_to(project, *rev)? => {
                Err(Error::BeforeFirstVersion)
            }
            RestoreTo::Moment(rev, paths) => self.past_states(project, *rev, paths.as_deref()),
            RestoreTo::Version(path, rev) => match self.version(project, path, *rev)? {
                Some(stored) => Ok(vec![PastState {
                    path: path.to_string(),
                    version: Some(stored),
                }]),
                None => Err(Error::NoVersion {
                    path: path.to_string(),
                    rev: *rev,
                }),
            },
        }
    }

    /// Whether the project's first version is this old. A moment before it is a mistake, such as
    /// seconds for milliseconds, that would delete everything.
    fn reaches_back_to(&self, project: i64, moment: Rev) -> Result<bool, Error> {
        let first = "SELECT min(rev) FROM version WHERE project = ?1";
        let row = self.first(first, [project.into()])?;
        let first: Option<Rev> = row.and_then(|row| row.optional_integer(0));
        Ok(first.is_none_or(|first| first <= moment))
    }
}

fn put(path: FilePath, stored: &StoredVersion) -> Result<Put, Error> {
    let version = &stored.version;
    let kept = version.checksum.filter(|_| stored.content.is_some());
    let checksum = kept.ok_or_else(|| Error::ContentPruned {
        path: path.to_string(),
    })?;
    Ok(Put {
        path,
        checksum,
        modified: version.modified,
        base: None,
        size: version.size,
        content: Content::Stored,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestFile, id, path, rules};
    use super::*;

    fn restore(store: &Store, to: RestoreTo, dry_run: bool) -> Result<Restored, Error> {
        store.restore(&to, None, &PushTo::new(&id(), 100, &rules()), dry_run)
    }

    #[test]
    fn a_restored_version_is_the_newest_again() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", Some("two"))]);
        let restored = restore(&store, RestoreTo::Version(path("a"), 1), false).unwrap();
        assert_eq!(restored.sources, [Some(1)]);
        let project = store.project(&id()).unwrap().unwrap();
        let newest = store.newest_version(project.number, &path("a")).unwrap();
        let content = newest.and_then(|stored| stored.content).unwrap();
        assert_eq!(store.content(content).unwrap(), b"one");
    }

    #[test]
    fn a_dry_run_stores_nothing() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("b", Some("two")), ("a", None)]);
        let before = store.project(&id()).unwrap().unwrap();
        let restored = restore(&store, RestoreTo::Moment(1, None), true).unwrap();
        assert_eq!(restored.sources, [Some(1), None]);
        assert_eq!(restored.applied.cursor, before.cursor());
        let after = store.project(&id()).unwrap().unwrap();
        assert_eq!(after.last_rev, before.last_rev);
    }

    #[test]
    fn a_dry_run_waits_for_no_writer() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", Some("two"))]);
        let writer = file.store();
        writer.run("BEGIN IMMEDIATE").unwrap();
        let store = store.with_lock_timeout(std::time::Duration::ZERO);
        let to = || RestoreTo::Version(path("a"), 1);
        assert_eq!(restore(&store, to(), true).unwrap().sources, [Some(1)]);
        assert!(matches!(restore(&store, to(), false), Err(Error::Busy)));
    }

    #[test]
    fn a_moment_before_the_first_version_is_an_error() {
        let file = TestFile::new();
        let store = file.store();
        let unknown = restore(&store, RestoreTo::Moment(1, None), false);
        assert!(matches!(unknown, Err(Error::NoProject)));
        let file = TestFile::new();
        let store = file.store();
        store.push_at(50, &[("a", Some("one"))]);
        let early = restore(&store, RestoreTo::Moment(1, None), false);
        assert!(matches!(early, Err(Error::BeforeFirstVersion)));
    }
}
