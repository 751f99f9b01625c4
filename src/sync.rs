//! The sync rules: what a push does to each path, decided before anything is written.
//!
//! Everything here is pure; the store asks for what is current, plans, and writes the plan.

mod folders;

use std::collections::HashMap;

use crate::error::Error;
use crate::project::{Checksum, FilePath, Rev};
use crate::wire::push::{Conflict, Current, Replaced, Status};

/// A checked push.
#[derive(Debug, Default)]
pub struct Batch {
    /// Files to store, each path once.
    pub puts: Vec<Put>,
    /// Files to delete, each path once and none of them in `puts`.
    pub deletes: Vec<Delete>,
    /// The project's new name.
    pub name: Option<String>,
    /// The project's new repository.
    pub git_repo: Option<String>,
    /// Who pushes, for the history.
    pub device: Option<String>,
    /// Entries of `files` as sent.
    pub synced: usize,
    /// Entries of `deletions` as sent.
    pub deleted: usize,
}

/// A file to store.
#[derive(Debug)]
pub struct Put {
    /// Where.
    pub path: FilePath,
    /// Of the content.
    pub checksum: Checksum,
    /// Milliseconds since 1970.
    pub modified: i64,
    /// The rev this edit started from; 0: there never was such a file.
    pub base: Option<Rev>,
    /// Bytes of the content.
    pub size: u64,
    /// What.
    pub content: Content,
}

impl Put {
    /// A file that comes with its content.
    pub fn new(path: FilePath, modified: i64, base: Option<Rev>, content: Vec<u8>) -> Self {
        Self {
            path,
            checksum: Checksum::of(&content),
            modified,
            base,
            size: content.len() as u64,
            content: Content::New(content),
        }
    }
}

/// The content of a file to store.
#[derive(Debug)]
pub enum Content {
    /// Came with the push.
    New(Vec<u8>),
    /// Is stored already, under the checksum.
    Stored,
}

/// A file to delete.
#[derive(Debug)]
pub struct Delete {
    /// Where.
    pub path: FilePath,
    /// The rev that the device knew.
    pub base: Option<Rev>,
}

/// The newest version of a path, as stored.
#[derive(Debug, Clone, Copy)]
pub struct Newest {
    /// Its rev.
    pub rev: Rev,
    /// Its content; none for a deletion.
    pub checksum: Option<Checksum>,
    /// Milliseconds since 1970.
    pub modified: i64,
    /// Bytes.
    pub size: u64,
}

/// What is stored at and around the paths of a push.
#[derive(Debug, Default)]
pub struct Known {
    /// The newest version of every path, and of every folder above one that is put, as far as
    /// there is one.
    pub newest: HashMap<String, Newest>,
    /// A live file below a path that is put, as far as there is one that the push does not delete.
    pub below: HashMap<String, String>,
}

/// What a push does.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// One step per path: deletions first, so that in the change feed a path is free before
    /// another takes its place.
    pub steps: Vec<Step<'a>>,
    /// Newer edits that an older one replaces.
    pub replaced: Vec<Replaced>,
}

/// What a push does to one path.
#[derive(Debug)]
pub struct Step<'a> {
    /// Which.
    pub path: &'a FilePath,
    /// How it ends.
    pub status: Status,
    /// What is stored; none for a deletion.
    pub put: Option<&'a Put>,
    /// The version before.
    pub before: Option<Newest>,
}

impl Step<'_> {
    /// Whether the step stores a new version.
    pub fn is_change(&self) -> bool {
        !matches!(self.status, Status::Unchanged | Status::Absent)
    }
}

impl Batch {
    /// Whether the push says something about the project itself.
    pub fn describes(&self) -> bool {
        self.name.is_some() || self.git_repo.is_some()
    }

    /// Decides every step, or none: conflicts of all entries are told at once, and then a path that
    /// is in another's way.
    pub fn plan(&self, known: &Known) -> Result<Plan<'_>, Error> {
        let conflicts: Vec<Conflict> = self.conflicts(known).collect();
        if !conflicts.is_empty() {
            return Err(Error::Conflict(conflicts));
        }
        let puts = self.puts.iter().map(|put| plan_put(put, known));
        let deletes = self.deletes.iter().map(|delete| plan_delete(delete, known));
        let plan = Plan {
            steps: deletes.chain(puts).collect(),
            replaced: self
                .puts
                .iter()
                .filter_map(|put| replaces_newer(put, known))
                .collect(),
        };
        folders::check(&plan, known).map(|()| plan)
    }

    fn conflicts<'a>(&'a self, known: &'a Known) -> impl Iterator<Item = Conflict> + 'a {
        let puts = self
            .puts
            .iter()
            .map(|put| (&put.path, put.base, Some(put.checksum)));
        let deletes = self
            .deletes
            .iter()
            .map(|delete| (&delete.path, delete.base, None));
        puts.chain(deletes).filter_map(|(path, base, wanted)| {
            let newest = known.newest.get(path.as_str());
            let base = base.filter(|base| !agrees(*base, wanted, newest))?;
            Some(Conflict {
                path: path.to_string(),
                base,
                current: newest.map(describe),
            })
        })
    }
}

/// Whether an entry with this base may go ahead: it started from the newest version, or wants
/// what already is. Base 0 starts from "there never was such a file"; a deleted one is a newer
/// version, or a retry after a lost answer would bring it back.
fn agrees(base: Rev, wanted: Option<Checksum>, newest: Option<&Newest>) -> bool {
    let current = newest.and_then(|newest| newest.checksum);
    newest.map_or(0, |newest| newest.rev) == base || current == wanted
}

fn describe(newest: &Newest) -> Current {
    Current {
        rev: newest.rev,
        checksum: newest.checksum.map(|checksum| checksum.to_string()),
        modified: newest.modified,
        size: newest.size,
        deleted: newest.checksum.is_none(),
    }
}

fn plan_put<'a>(put: &'a Put, known: &Known) -> Step<'a> {
    let before = known.newest.get(put.path.as_str()).copied();
    let status = match before.and_then(|before| before.checksum) {
        None => Status::Created,
        Some(checksum) if checksum == put.checksum => Status::Unchanged,
        Some(_) => Status::Updated,
    };
    Step {
        path: &put.path,
        status,
        put: Some(put),
        before,
    }
}

fn plan_delete<'a>(delete: &'a Delete, known: &Known) -> Step<'a> {
    let before = known.newest.get(delete.path.as_str()).copied();
    let status = match before.and_then(|before| before.checksum) {
        None => Status::Absent,
        Some(_) => Status::Deleted,
    };
    Step {
        path: &delete.path,
        status,
        put: None,
        before,
    }
}

/// Without a base the last push wins; when its file is the older one, the client is told.
fn replaces_newer(put: &Put, known: &Known) -> Option<Replaced> {
    let before = known.newest.get(put.path.as_str())?;
    let differs = before
        .checksum
        .is_some_and(|checksum| checksum != put.checksum);
    (put.base.is_none() && differs && put.modified < before.modified).then(|| Replaced {
        path: put.path.to_string(),
        kept: "incoming",
        replaced_rev: before.rev,
    })
}

impl<'a> Plan<'a> {
    /// The steps that store a version.
    pub fn changes(&self) -> impl Iterator<Item = &Step<'a>> {
        self.steps.iter().filter(|step| step.is_change())
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    /// Paths that the push brings to life.
    pub fn created(&self) -> impl Iterator<Item = &'a FilePath> {
        self.steps
            .iter()
            .filter(|step| step.status == Status::Created)
            .map(|step| step.path)
    }

    /// Live paths that the push deletes.
    pub fn deleted(&self) -> impl Iterator<Item = &'a FilePath> {
        self.steps
            .iter()
            .filter(|step| step.status == Status::Deleted)
            .map(|step| step.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::parse(text).unwrap()
    }

    fn put(at: &str, content: &[u8], base: Option<Rev>) -> Put {
        Put::new(path(at), 100, base, content.to_vec())
    }

    fn newest(rev: Rev, content: Option<&[u8]>) -> Newest {
        Newest {
            rev,
            checksum: content.map(Checksum::of),
            modified: 50,
            size: 1,
        }
    }

    fn known(entries: &[(&str, Newest)]) -> Known {
        let newest = entries
            .iter()
            .map(|(path, newest)| ((*path).to_owned(), *newest));
        Known {
            newest: newest.collect(),
            ..Known::default()
        }
    }

    fn batch(puts: Vec<Put>, deletes: Vec<Delete>) -> Batch {
        Batch {
            puts,
            deletes,
            ..Batch::default()
        }
    }

    #[test]
    fn each_path_ends_as_the_stored_version_decides() {
        let known = known(&[
            ("same", newest(1, Some(b"x"))),
            ("other", newest(2, Some(b"y"))),
            ("gone", newest(3, None)),
        ]);
        let delete = |at| Delete {
            path: path(at),
            base: None,
        };
        let batch = batch(
            vec![
                put("new", b"x", None),
                put("same", b"x", None),
                put("other", b"x", None),
                put("gone", b"x", None),
            ],
            vec![delete("same"), delete("gone"), delete("never")],
        );
        let statuses: Vec<_> = batch
            .plan(&known)
            .unwrap()
            .steps
            .iter()
            .map(|step| step.status)
            .collect();
        use Status::*;
        assert_eq!(
            statuses,
            [
                Deleted, Absent, Absent, Created, Unchanged, Updated, Created
            ]
        );
    }

    #[test]
    fn a_base_must_be_the_newest_rev_or_the_outcome_already_reached() {
        let live = || newest(5, Some(b"mine"));
        for (state, base, content, fine) in [
            (Some(live()), Some(5), &b"new"[..], true),
            (Some(live()), Some(4), b"new", false),
            (Some(live()), Some(4), b"mine", true),
            (Some(live()), Some(0), b"new", false),
            (Some(live()), Some(0), b"mine", true),
            (Some(live()), None, b"new", true),
            (Some(newest(6, None)), Some(5), b"new", false),
            (Some(newest(6, None)), Some(6), b"new", true),
            (Some(newest(6, None)), Some(0), b"new", false),
            (None, Some(5), b"new", false),
            (None, Some(0), b"new", true),
        ] {
            let entry = state.map(|newest| ("a", newest));
            let known = known(entry.as_slice());
            let batch = batch(vec![put("a", content, base)], vec![]);
            assert_eq!(
                batch.plan(&known).is_ok(),
                fine,
                "{state:?} {base:?} {content:?}"
            );
        }
    }

    #[test]
    fn a_delete_with_a_base_meets_a_newer_edit_as_a_conflict() {
        let known = known(&[("a", newest(5, Some(b"x"))), ("gone", newest(6, None))]);
        let plan = |at, base| {
            batch(
                vec![],
                vec![Delete {
                    path: path(at),
                    base: Some(base),
                }],
            )
            .plan(&known)
            .map(drop)
        };
        assert!(plan("a", 5).is_ok());
        assert!(
            matches!(plan("a", 4), Err(Error::Conflict(conflicts)) if conflicts[0].current.as_ref().unwrap().rev == 5)
        );
        assert!(plan("gone", 4).is_ok() && plan("never", 4).is_ok());
    }

    #[test]
    fn all_conflicts_are_told_at_once() {
        let known = known(&[("a", newest(5, Some(b"x"))), ("b", newest(6, None))]);
        let batch = batch(
            vec![
                put("a", b"1", Some(1)),
                put("b", b"2", Some(2)),
                put("c", b"3", None),
            ],
            vec![],
        );
        let Err(Error::Conflict(conflicts)) = batch.plan(&known) else {
            panic!("no conflict")
        };
        let paths: Vec<_> = conflicts
            .iter()
            .map(|conflict| conflict.path.as_str())
            .collect();
        assert_eq!(paths, ["a", "b"]);
        assert!(conflicts[1].current.as_ref().unwrap().deleted);
    }

    #[test]
    fn an_older_file_that_replaces_a_newer_one_is_told() {
        let stored = Newest {
            modified: 200,
            ..newest(5, Some(b"newer"))
        };
        let known = known(&[("a", stored)]);
        let replaced = |put: Put| {
            batch(vec![put], vec![])
                .plan(&known)
                .unwrap()
                .replaced
                .len()
        };
        assert_eq!(replaced(put("a", b"older", None)), 1);
        assert_eq!(replaced(put("a", b"newer", None)), 0);
        assert_eq!(replaced(put("a", b"older", Some(5))), 0);
        assert_eq!(
            replaced(Put {
                modified: 300,
                ..put("a", b"newest", None)
            }),
            0
        );
    }

    #[test]
    fn no_file_lies_below_a_file() {
        let mut stored = known(&[("a", newest(1, Some(b"x"))), ("gone", newest(2, None))]);
        stored
            .below
            .insert("folder".to_owned(), "folder/c".to_owned());
        let check = |puts: &[&str], deletes: &[&str]| {
            let puts = puts.iter().map(|at| put(at, b"y", None)).collect();
            let deletes = deletes
                .iter()
                .map(|at| Delete {
                    path: path(at),
                    base: None,
                })
                .collect();
            match batch(puts, deletes).plan(&stored) {
                Err(Error::BadPath { .. }) => false,
                outcome => outcome.is_ok() || panic!("{outcome:?}"),
            }
        };
        assert!(!check(&["a/b"], &[]));
        assert!(check(&["a/b"], &["a"]));
        assert!(check(&["gone/b"], &[]));
        assert!(!check(&["new", "new/b/c"], &[]));
        assert!(check(&["ab", "new/b"], &[]));
        assert!(!check(&["folder"], &[]));
        assert!(check(&["folder/d"], &[]));
    }
}
