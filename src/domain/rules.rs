//! What the settings of a server allow a push to store.

use super::current_state::CurrentState;
use super::plan::Plan;
use super::portability::{PortablePaths, UnportableName};
use super::push::{Push, Put};
use super::rejection::Rejection;
use super::sync_folders::SyncFolders;

/// Bytes of paths that an answer may name, in pure ASCII: with the rest of a request, more do not fit into the 464 MiB
/// that it may use.
pub const MAX_NAMED_BYTES: usize = 96 << 20;

/// What the settings of a server allow a push to store.
#[derive(Debug, Clone)]
pub struct Rules {
    /// `MAX_FILES_PER_PROJECT`: the most live files.
    pub max_files: u64,
    /// `SYNC_FOLDERS`.
    pub folders: SyncFolders,
    /// `PORTABLE_PATHS`.
    pub portable_paths: PortablePaths,
}

impl Rules {
    /// For what the server itself stores: no limits.
    pub const NONE: Self = Self {
        max_files: u64::MAX,
        folders: SyncFolders::Any,
        portable_paths: PortablePaths::Report,
    };

    /// Plans a push, or names a rule that forbids it. `max_files` is not looked at: the number of
    /// files is known when the plan is numbered.
    pub fn plan<'p>(
        &self,
        push: &'p Push,
        current: &'p CurrentState,
    ) -> Result<Plan<'p>, Rejection> {
        check_size(push)?;
        self.check_folders(push, current)?;
        let plan = Plan::of(push, current)?;
        self.check_names(&plan)?;
        Ok(plan)
    }

    /// What is stored already may be pushed again and deleted, wherever it lies.
    fn check_folders(&self, push: &Push, current: &CurrentState) -> Result<(), Rejection> {
        let is_stored = |put: &&Put| {
            let newest = current.newest(&put.path);
            newest.and_then(|newest| newest.checksum) == Some(put.checksum)
        };
        let mut outside = push
            .puts
            .iter()
            .filter(|put| !self.folders.contain(&put.path));
        match outside.find(|put| !is_stored(put)) {
            Some(put) => Err(Rejection::OutsideFolders {
                path: put.path.to_string(),
                folders: self.folders.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Files that are stored already may be changed, whatever their names.
    fn check_names(&self, plan: &Plan) -> Result<(), Rejection> {
        if self.portable_paths == PortablePaths::Report || plan.unportable.is_empty() {
            return Ok(());
        }
        let created = plan.created_names();
        let is_created = |name: &&UnportableName| created.contains(name.path.as_str());
        match plan.unportable.iter().find(is_created) {
            Some(name) => Err(Rejection::Unportable(name.clone())),
            None => Ok(()),
        }
    }
}

/// Before anything is stored: a client must not be told that a push failed which is stored.
fn check_size(push: &Push) -> Result<(), Rejection> {
    match push.named_bytes() {
        ..=MAX_NAMED_BYTES => Ok(()),
        _ => Err(Rejection::TooMuchToName {
            limit: MAX_NAMED_BYTES,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::Checksum;
    use super::super::name::names;
    use super::super::path::FilePath;
    use super::super::push::Delete;
    use super::super::version::Version;
    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::parse(text).unwrap()
    }

    fn push(puts: &[(&str, &str)], deletes: &[&str]) -> Push {
        let put = |(at, text): &(&str, &str)| Put::new(path(at), 0, None, (*text).into());
        let delete = |at: &&str| Delete {
            path: path(at),
            base: None,
        };
        Push {
            puts: puts.iter().map(put).collect(),
            deletes: deletes.iter().map(delete).collect(),
            ..Push::default()
        }
    }

    #[test]
    fn what_is_stored_outside_of_the_folders_is_deleted_and_not_changed() {
        let rules = Rules {
            max_files: 10,
            folders: SyncFolders::Named(vec!["ideas".to_owned()]),
            portable_paths: PortablePaths::Report,
        };
        let stored = Version {
            rev: 1,
            path: "agents/a".to_owned(),
            checksum: Some(Checksum::of(b"one")),
            size: 3,
            modified: 0,
            device: None,
        };
        let current = CurrentState {
            newest: [("agents/a", stored)].into(),
            ..CurrentState::default()
        };
        let is_allowed = |puts: &[(&str, &str)], deletes: &[&str]| {
            let push = push(puts, deletes);
            match rules.plan(&push, &current) {
                Err(Rejection::OutsideFolders { .. }) => false,
                planned => planned.is_ok() || panic!("{planned:?}"),
            }
        };
        assert!(is_allowed(&[("ideas/a", "one")], &[]));
        assert!(is_allowed(&[("agents/a", "one")], &[]));
        assert!(is_allowed(&[], &["agents/a", "agents/b"]));
        assert!(!is_allowed(&[("agents/a", "two")], &[]));
        assert!(!is_allowed(&[("ideas/a", "one"), ("agents/b", "one")], &[]));
        assert!(!is_allowed(&[("ideas", "one")], &[]));
    }

    #[test]
    fn a_new_name_that_is_not_portable_is_refused_and_a_stored_one_is_not() {
        let stored = |at: &str| Version {
            rev: 1,
            path: at.to_owned(),
            checksum: Some(Checksum::of(b"one")),
            size: 3,
            modified: 0,
            device: None,
        };
        let is_allowed = |puts: &[(&str, &str)], portable_paths| {
            let rules = Rules {
                max_files: 10,
                folders: SyncFolders::Any,
                portable_paths,
            };
            let push = push(puts, &[]);
            let current = CurrentState {
                newest: [("ideas/a?", stored("ideas/a?"))].into(),
                names: names(push.puts.iter().map(|put| &put.path)),
                ..CurrentState::default()
            };
            match rules.plan(&push, &current) {
                Err(Rejection::Unportable(_)) => false,
                planned => planned.is_ok() || panic!("{planned:?}"),
            }
        };
        for (puts, is_portable) in [
            (&[("ideas/a", "x"), ("ideas/b", "x")][..], true),
            (&[("ideas/a?", "two"), ("ideas/b", "x")], true),
            (&[("ideas/b?", "x")], false),
            (&[("ideas/A", "x"), ("ideas/a", "x")], false),
            (&[("Ideas/a", "x"), ("ideas/b", "x")], false),
        ] {
            assert_eq!(is_allowed(puts, PortablePaths::Refuse), is_portable);
            assert!(is_allowed(puts, PortablePaths::Report));
        }
    }
}
