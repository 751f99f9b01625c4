//! Restores old versions as new ones: a restore is a push of stored content, so it syncs like an
//! edit.

use super::error::Error;
use super::history::StoredVersion;
use super::past::{Past, PastState};
use super::push::{Applied, PushTo};
use super::store::Store;
use crate::domain::{Content, Cursor, Delete, FilePath, ProjectId, Push, Put, Rev};

/// What to restore.
#[derive(Debug)]
pub enum RestoreTo {
    /// One version of one path.
    Version {
        /// The path of the file.
        path: FilePath,
        /// The rev of the version.
        rev: Rev,
        /// The newest version of the file, as the client knows it; what others have stored since is a conflict.
        base: Option<Rev>,
    },
    /// The project as it was at a moment.
    Moment {
        /// Right after this rev.
        at: Rev,
        /// These paths only.
        paths: Option<Vec<FilePath>>,
        /// Where the project is, as the client knows it.
        cursor: Option<Cursor>,
    },
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// The push that it was.
    pub applied: Applied,
    /// For each outcome, the rev that the path was restored from; none for a path that had no
    /// version at that moment.
    pub sources: Vec<Option<Rev>>,
    /// Paths that stay as they are, since their version at that moment was purged.
    pub purged: Vec<String>,
}

impl RestoreTo {
    fn base(&self) -> Option<Rev> {
        match self {
            Self::Version { base, .. } => *base,
            Self::Moment { .. } => None,
        }
    }
}

impl Store {
    /// Restores; with `dry_run`, only returns what would happen.
    ///
    /// [`Error::NoProject`], [`Error::NoVersion`] and [`Error::BeforeFirstVersion`] for what never
    /// was, [`Error::ContentPruned`] for content that is no longer kept, [`Error::ProjectHasChanged`] for a project
    /// that is not where the client has seen it.
    pub fn restore(
        &self,
        past: &RestoreTo,
        device: Option<String>,
        to: &PushTo,
        dry_run: bool,
    ) -> Result<Restored, Error> {
        let restore = |store: &Self| {
            let base = past.base();
            let past = store.past(to.id, past)?;
            let (push, sources) = as_push(past.states, base)?;
            let push = Push {
                device: device.clone(),
                ..push
            };
            let applied = if dry_run {
                store.preview(&push, to)
            } else {
                store.push(&push, to)
            }?;
            Ok(Restored {
                applied,
                sources,
                purged: past.purged,
            })
        };
        if dry_run {
            self.snapshot(restore)
        } else {
            self.retried(|store| store.with_names(to.id, |store| store.write(restore)))
        }
    }

    fn past(&self, id: &ProjectId, to: &RestoreTo) -> Result<Past, Error> {
        let project = self.project(id)?.ok_or(Error::NoProject)?;
        let (now_at, project) = (project.cursor(), project.number);
        match to {
            RestoreTo::Moment { cursor, .. } if cursor.is_some_and(|seen| seen != now_at) => {
                Err(Error::ProjectHasChanged)
            }
            RestoreTo::Moment { at, .. } if !self.reaches_back_to(project, *at)? => {
                Err(Error::BeforeFirstVersion)
            }
            RestoreTo::Moment { at, paths, .. } => self.past_at(project, *at, paths.as_deref()),
            RestoreTo::Version { path, rev, .. } => match self.version(project, path, *rev)? {
                Some(stored) => Ok(Past::of(path, stored)),
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
        let first: Option<Rev> = row.map_or(Ok(None), |row| row.optional_integer(0))?;
        Ok(first.is_none_or(|first| first <= moment))
    }
}

/// A push that makes the newest versions equal to those of the moment, and the rev that each
/// of its entries comes from.
fn as_push(states: Vec<PastState>, base: Option<Rev>) -> Result<(Push, Vec<Option<Rev>>), Error> {
    let (mut push, mut sources, mut deleted) = (Push::default(), Vec::new(), Vec::new());
    for state in states {
        let rev = state.version.as_ref().map(|stored| stored.version.rev);
        let path = FilePath::parse(&state.path)
            .map_err(|_| Error::Damaged("a stored path breaks a rule"))?;
        match state.version {
            Some(stored) if !stored.version.is_deletion() => {
                push.puts.push(put(path, base, &stored)?);
                sources.push(rev);
            }
            _ => {
                push.deletes.push(Delete { path, base });
                deleted.push(rev);
            }
        }
    }
    sources.extend(deleted);
    Ok((push, sources))
}

fn put(path: FilePath, base: Option<Rev>, stored: &StoredVersion) -> Result<Put, Error> {
    let version = &stored.version;
    let kept = version.checksum.filter(|_| stored.content.is_some());
    let checksum = kept.ok_or_else(|| Error::ContentPruned {
        path: path.to_string(),
    })?;
    Ok(Put {
        path,
        checksum,
        modified: version.modified,
        base,
        size: version.size,
        content: Content::Stored,
    })
}

#[cfg(test)]
mod tests {
    use super::super::removal::Purge;
    use super::super::test_support::{TestFile, id, path, rules};
    use super::*;
    use crate::domain::Rejection;

    fn version(at: &str, rev: Rev, base: Option<Rev>) -> RestoreTo {
        RestoreTo::Version {
            path: path(at),
            rev,
            base,
        }
    }

    fn moment(at: Rev) -> RestoreTo {
        RestoreTo::Moment {
            at,
            paths: None,
            cursor: None,
        }
    }

    fn restore(store: &Store, to: RestoreTo, dry_run: bool) -> Result<Restored, Error> {
        store.restore(&to, None, &PushTo::new(&id(), 100, &rules()), dry_run)
    }

    #[test]
    fn a_restored_version_is_the_newest_again() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("a", Some("two"))]);
        let restored = restore(&store, version("a", 1, None), false).unwrap();
        assert_eq!(restored.sources, [Some(1)]);
        let project = store.project(&id()).unwrap().unwrap();
        let newest = store.newest_version(project.number, &path("a")).unwrap();
        let content = newest.and_then(|stored| stored.content).unwrap();
        assert_eq!(store.content(content).unwrap(), b"one");
    }

    /// Purges a version, or all of a path, as from day to day.
    fn purge(store: &Store, at: &str, rev: Option<Rev>) {
        let purge = Purge {
            path: path(at),
            rev,
            device: None,
        };
        store.purge(&id(), &purge, 50).unwrap();
    }

    /// Stores three versions of `a`, two of `b` and one of `c`, and purges the middle one, the first one, and all.
    fn with_purged_versions(store: &Store) {
        for (now_us, a, b) in [
            (1, "a1", None),
            (11, "a2", Some("b1")),
            (21, "a3", Some("b2")),
        ] {
            store.push_at(now_us, &[("a", Some(a))]);
            if b.is_some() {
                store.push_at(now_us, &[("b", b), ("c", Some("c"))]);
            }
        }
        purge(store, "a", Some(11));
        purge(store, "b", Some(12));
        purge(store, "c", None);
    }

    #[test]
    fn what_was_purged_stays_as_it_is_and_is_named() {
        let file = TestFile::new();
        let store = file.store();
        with_purged_versions(&store);
        let purged = |moment, paths: Option<&[&str]>| {
            let paths = paths.map(|paths| paths.iter().map(|at| path(at)).collect());
            let to = RestoreTo::Moment {
                at: moment,
                paths,
                cursor: None,
            };
            let restored = restore(&store, to, true).unwrap();
            let outcomes = restored.applied.outcomes.into_iter();
            let outcomes: Vec<_> = outcomes.map(|outcome| outcome.path).collect();
            (restored.purged.join(" "), outcomes.join(" "))
        };
        let told = |purged: &str, restored: &str| (purged.to_owned(), restored.to_owned());
        assert_eq!(purged(11, None), told("a", "b c"));
        assert_eq!(purged(13, None), told("a b c", ""));
        assert_eq!(purged(13, Some(&["b"])), told("b", ""));
        // Before the purged versions, and after them.
        assert_eq!(purged(1, None), told("", "a b c"));
        assert_eq!(purged(22, None), told("c", ""));
        assert_eq!(purged(60, None), told("", ""));
    }

    #[test]
    fn a_dry_run_stores_nothing() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(2, &[("b", Some("two")), ("a", None)]);
        let before = store.project(&id()).unwrap().unwrap();
        let restored = restore(&store, moment(1), true).unwrap();
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
        let to = || version("a", 1, None);
        assert_eq!(restore(&store, to(), true).unwrap().sources, [Some(1)]);
        assert!(matches!(restore(&store, to(), false), Err(Error::Busy)));
    }

    #[test]
    fn a_moment_before_the_first_version_is_an_error() {
        let file = TestFile::new();
        let store = file.store();
        let unknown = restore(&store, moment(1), false);
        assert!(matches!(unknown, Err(Error::NoProject)));
        let file = TestFile::new();
        let store = file.store();
        store.push_at(50, &[("a", Some("one"))]);
        let early = restore(&store, moment(1), false);
        assert!(matches!(early, Err(Error::BeforeFirstVersion)));
    }
    #[test]
    fn what_has_changed_since_it_was_seen_is_left_as_it_is() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("one"))]);
        store.push_at(11, &[("a", Some("two"))]);
        let seen = store.project(&id()).unwrap().unwrap().cursor();
        let back = |cursor| RestoreTo::Moment {
            at: 1,
            paths: None,
            cursor: Some(cursor),
        };
        assert!(restore(&store, back(seen), true).is_ok());
        store.push_at(21, &[("a", Some("three"))]);
        let conflict = restore(&store, version("a", 1, Some(11)), false);
        let is_conflict = |error| matches!(error, Error::Rejected(Rejection::Conflict(_)));
        assert!(conflict.is_err_and(is_conflict));
        for dry_run in [true, false] {
            let changed = restore(&store, back(seen), dry_run);
            assert!(matches!(changed, Err(Error::ProjectHasChanged)));
        }
        assert!(restore(&store, version("a", 1, Some(21)), false).is_ok());
    }
}
