//! What a push does to each path, decided before anything is written.
//!
//! The store reads the [`CurrentState`], plans the push, and writes the plan.

use std::collections::HashSet;

use super::conflict;
use super::current_state::CurrentState;
use super::path::FilePath;
use super::path_clash;
use super::portability::{self, UnportableName};
use super::push::{Delete, Push, Put};
use super::rejection::Rejection;
use super::step::{Status, Step};
use super::version::Rev;

/// What a push does.
#[derive(Debug, Default)]
pub struct Plan<'p> {
    /// One step per path: deletions first, so that in the change feed a path is free before
    /// another takes its place.
    pub steps: Vec<Step<'p>>,
    /// Newer edits that an older one replaces.
    pub replaced: Vec<Replaced>,
    /// Names that the files to store take up, and that some system cannot hold.
    pub unportable: Vec<UnportableName>,
}

/// An older edit that replaced a newer one, which stays in history.
#[derive(Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The path of the file.
    pub path: String,
    /// The version that was replaced.
    pub rev: Rev,
}

impl<'p> Plan<'p> {
    /// Decides every step, or none: all conflicts are reported at once, and only then a path that
    /// clashes with another.
    pub fn of(push: &'p Push, current: &'p CurrentState) -> Result<Self, Rejection> {
        let conflicts: Vec<_> = conflict::find(push, current).collect();
        if !conflicts.is_empty() {
            return Err(Rejection::Conflict(conflicts));
        }
        let puts = push.puts.iter().map(|put| plan_put(put, current));
        let deletes = push
            .deletes
            .iter()
            .map(|delete| plan_delete(delete, current));
        let replaced = push
            .puts
            .iter()
            .filter_map(|put| replaces_newer(put, current));
        let plan = Self {
            steps: deletes.chain(puts).collect(),
            replaced: replaced.collect(),
            unportable: portability::find(&current.names),
        };
        path_clash::check(&plan.steps, current).map_err(Rejection::PathClash)?;
        Ok(plan)
    }

    /// The steps that store a version.
    pub fn changes(&self) -> impl Iterator<Item = &Step<'p>> {
        self.steps.iter().filter(|step| step.is_change())
    }

    /// The paths of the files that it creates, and of all folders above them.
    pub fn created_names(&self) -> HashSet<&str> {
        let created = self
            .steps
            .iter()
            .filter(|step| step.status == Status::Created);
        let names = |path: &'p FilePath| path.folders().chain([path.as_str()]);
        created.flat_map(|step| names(step.path)).collect()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }
}

fn plan_put<'p>(put: &'p Put, current: &'p CurrentState) -> Step<'p> {
    let before = current.newest(&put.path);
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

fn plan_delete<'p>(delete: &'p Delete, current: &'p CurrentState) -> Step<'p> {
    let before = current.newest(&delete.path);
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

/// Without a base the last push wins; when its file is the older one, the answer warns.
fn replaces_newer(put: &Put, current: &CurrentState) -> Option<Replaced> {
    let before = current.newest(&put.path)?;
    let differs = before
        .checksum
        .is_some_and(|checksum| checksum != put.checksum);
    (put.base.is_none() && differs && put.modified < before.modified).then(|| Replaced {
        path: put.path.to_string(),
        rev: before.rev,
    })
}

#[cfg(test)]
mod tests {
    use super::super::checksum::Checksum;
    use super::super::version::Version;
    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::parse(text).unwrap()
    }

    fn put(at: &str, content: &[u8], base: Option<Rev>) -> Put {
        Put::new(path(at), 100, base, content.to_vec())
    }

    fn newest(rev: Rev, content: Option<&[u8]>) -> Version {
        Version {
            rev,
            path: String::new(),
            checksum: content.map(Checksum::of),
            size: 1,
            modified: 50,
            device: None,
        }
    }

    fn current<'p>(entries: &[(&'p str, Version)]) -> CurrentState<'p> {
        CurrentState {
            newest: entries.iter().cloned().collect(),
            ..CurrentState::default()
        }
    }

    fn push(puts: Vec<Put>, deletes: Vec<Delete>) -> Push {
        Push {
            puts,
            deletes,
            ..Push::default()
        }
    }

    #[test]
    fn each_path_ends_as_the_stored_version_decides() {
        let current = current(&[
            ("same", newest(1, Some(b"x"))),
            ("other", newest(2, Some(b"y"))),
            ("gone", newest(3, None)),
        ]);
        let delete = |at| Delete {
            path: path(at),
            base: None,
        };
        let push = push(
            vec![
                put("new", b"x", None),
                put("same", b"x", None),
                put("other", b"x", None),
                put("gone", b"x", None),
            ],
            vec![delete("same"), delete("gone"), delete("never")],
        );
        let statuses: Vec<_> = Plan::of(&push, &current)
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
            let entry = state.clone().map(|newest| ("a", newest));
            let current = current(entry.as_slice());
            let push = push(vec![put("a", content, base)], vec![]);
            assert_eq!(
                Plan::of(&push, &current).is_ok(),
                fine,
                "{state:?} {base:?} {content:?}"
            );
        }
    }

    #[test]
    fn a_delete_with_a_base_meets_a_newer_edit_as_a_conflict() {
        let current = current(&[("a", newest(5, Some(b"x"))), ("gone", newest(6, None))]);
        let plan = |at, base| {
            let delete = Delete {
                path: path(at),
                base: Some(base),
            };
            Plan::of(&push(vec![], vec![delete]), &current).map(drop)
        };
        assert!(plan("a", 5).is_ok());
        assert!(
            matches!(plan("a", 4), Err(Rejection::Conflict(conflicts)) if conflicts[0].current.as_ref().unwrap().rev == 5)
        );
        assert!(plan("gone", 4).is_ok() && plan("never", 4).is_ok());
    }

    #[test]
    fn all_conflicts_are_reported_at_once() {
        let current = current(&[("a", newest(5, Some(b"x"))), ("b", newest(6, None))]);
        let push = push(
            vec![
                put("a", b"1", Some(1)),
                put("b", b"2", Some(2)),
                put("c", b"3", None),
            ],
            vec![],
        );
        let Err(Rejection::Conflict(conflicts)) = Plan::of(&push, &current) else {
            panic!("no conflict")
        };
        let paths: Vec<_> = conflicts
            .iter()
            .map(|conflict| conflict.path.as_str())
            .collect();
        assert_eq!(paths, ["a", "b"]);
        assert!(conflicts[1].current.as_ref().unwrap().is_deletion());
    }

    #[test]
    fn an_older_file_that_replaces_a_newer_one_is_reported() {
        let stored = Version {
            modified: 200,
            ..newest(5, Some(b"newer"))
        };
        let current = current(&[("a", stored)]);
        let replaced = |put: Put| {
            let push = push(vec![put], vec![]);
            Plan::of(&push, &current).unwrap().replaced.len()
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
        let mut stored = current(&[("a", newest(1, Some(b"x"))), ("gone", newest(2, None))]);
        stored.below.insert("folder", "folder/c".to_owned());
        let check = |puts: &[&str], deletes: &[&str]| {
            let puts = puts.iter().map(|at| put(at, b"y", None)).collect();
            let deletes = deletes
                .iter()
                .map(|at| Delete {
                    path: path(at),
                    base: None,
                })
                .collect();
            match Plan::of(&push(puts, deletes), &stored) {
                Err(Rejection::PathClash(_)) => false,
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
