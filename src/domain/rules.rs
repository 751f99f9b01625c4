//! What the settings of a server allow a push to store.

use super::current_state::CurrentState;
use super::plan::Plan;
use super::push::{Push, Put};
use super::rejection::Rejection;
use super::sync_folders::SyncFolders;

/// What the settings of a server allow a push to store.
#[derive(Debug, Clone)]
pub struct Rules {
    /// `MAX_FILES_PER_PROJECT`: the most live files.
    pub max_files: u64,
    /// `SYNC_FOLDERS`.
    pub folders: SyncFolders,
}

impl Rules {
    /// Plans a push, or names a rule that forbids it. `max_files` is not looked at: the number of
    /// files is known when the plan is numbered.
    pub fn plan<'p>(
        &self,
        push: &'p Push,
        current: &'p CurrentState,
    ) -> Result<Plan<'p>, Rejection> {
        self.check_folders(push, current)?;
        Plan::of(push, current)
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
}

#[cfg(test)]
mod tests {
    use super::super::checksum::Checksum;
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
}
