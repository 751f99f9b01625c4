//! Reads what was stored lately by any process, for those who wait.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use kamiflow_sync_component::domain::key::Projects;
use kamiflow_sync_component::domain::{ProjectId, Rev};
use kamiflow_sync_component::store::{self, LatestChange, Losses, OVERLAP_US, Store};

use super::open;

/// Changed projects that are read at once.
const MOST: usize = 2000;

/// What was stored lately.
#[derive(Debug)]
pub struct Recent {
    /// Some of it may have been read before.
    pub changes: Vec<LatestChange>,
    /// Whether something else may have changed: a project is deleted, a key opens less, or it cannot be
    /// told.
    pub is_incomplete: bool,
}

/// Reads again and again.
#[derive(Debug)]
pub struct Reader {
    file: PathBuf,
    last_us: Rev,
    losses: Option<Losses>,
    lives: Option<Lives>,
}

/// The projects that there are, each with its epoch.
type Lives = BTreeSet<(ProjectId, i64)>;

impl Reader {
    pub fn new(file: PathBuf) -> Self {
        Self {
            file,
            last_us: Rev::MAX,
            losses: None,
            lives: None,
        }
    }

    /// What was stored since the last call; before the first, in the last two minutes.
    pub fn read(&mut self, now_us: Rev) -> Recent {
        // The clock may have been set back.
        let since = self.last_us.min(now_us) - OVERLAP_US;
        self.last_us = now_us;
        let (changes, losses) = match self.look(since) {
            Ok((changes, losses)) => (changes, Some(losses)),
            Err(error) => {
                tracing::debug!(%error, "cannot read what was stored lately");
                (Vec::new(), None)
            }
        };
        let is_same = losses.is_some() && losses == self.losses;
        let is_incomplete = !is_same || changes.len() > MOST;
        self.losses = losses;
        Recent {
            changes,
            is_incomplete,
        }
    }

    fn look(&mut self, since: Rev) -> Result<(Vec<LatestChange>, Losses)> {
        let look = |store: &Store| {
            let lives = store.lives()?;
            let mut changes = store.latest_changes(&Projects::All, since, MOST + 1)?;
            // With a history from elsewhere, whose changes may be old.
            if let Some(come) = self.lives.as_ref().and_then(|before| come(&lives, before)) {
                let newest = store.latest_changes(&come, 0, MOST + 1)?.into_iter();
                changes.extend(newest.filter(|change| change.cursor.rev <= since));
            }
            Ok::<_, store::Error>((changes, store.losses()?, lives))
        };
        let (changes, losses, lives) = open::served_store(&self.file)?.snapshot(look)?;
        self.lives = Some(lives);
        Ok((changes, losses))
    }
}

/// Projects that were not there before, or had another epoch.
fn come(lives: &Lives, before: &Lives) -> Option<Projects> {
    let come = lives.difference(before).map(|(id, _)| id.clone());
    Some(come.collect::<BTreeSet<_>>())
        .filter(|come| !come.is_empty())
        .map(Projects::Only)
}

#[cfg(test)]
mod tests {
    use kamiflow_sync_component::domain::{FilePath, PortablePaths, Push, Put, Rules, SyncFolders};
    use kamiflow_sync_component::store::PushTo;

    use super::*;

    const NOW: Rev = 1_795_000_000_000_000;

    fn push(store: &Store, project: &str, now_us: Rev) {
        let path = FilePath::parse("a").unwrap();
        let push = Push {
            puts: vec![Put::new(path, 0, None, now_us.to_string().into())],
            ..Push::default()
        };
        let rules = Rules {
            max_files: 9,
            folders: SyncFolders::Any,
            portable_paths: PortablePaths::Report,
        };
        let id = ProjectId::parse(project.to_owned()).unwrap();
        let pushed = store.write(|store| store.push(&push, &PushTo::new(&id, now_us, &rules)));
        pushed.unwrap();
    }

    #[test]
    fn what_was_stored_since_the_last_time_is_read_whatever_the_clock_did() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let mut reader = Reader::new(file.clone());
        assert!(reader.read(NOW).is_incomplete, "there is no file");
        let store = open::migrated(&file).unwrap();
        push(&store, "old", NOW - 3_600_000_000);
        assert!(reader.read(NOW).is_incomplete, "there was no file");
        let mut read = |now_us| {
            let recent = reader.read(now_us);
            assert!(!recent.is_incomplete);
            let projects = recent.changes.into_iter().map(|change| change.project);
            projects.collect::<Vec<_>>()
        };
        assert_eq!(read(NOW), [""; 0]);
        push(&store, "a", NOW);
        assert_eq!(read(NOW + 1), ["a"]);
        let back = NOW - 1_000_000_000;
        push(&store, "b", back);
        assert_eq!(read(back), ["b", "a"]);
    }

    #[test]
    fn a_project_that_comes_with_old_changes_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let store = open::migrated(&file).unwrap();
        push(&store, "old", NOW / 2);
        let mut reader = Reader::new(file);
        let mut read = || {
            let changes = reader.read(NOW).changes.into_iter();
            changes.map(|change| change.project).collect::<Vec<_>>()
        };
        assert_eq!(read(), [""; 0]);
        push(&store, "come", NOW / 2);
        assert_eq!(read(), ["come"]);
        assert_eq!(read(), [""; 0]);
        store.renew_epochs().unwrap();
        assert_eq!(read().len(), 2);
    }

    #[test]
    fn the_locks_of_other_connections_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let store = open::migrated(&file).unwrap();
        push(&store, "a", NOW);
        let inode = std::os::unix::fs::MetadataExt::ino(&file.metadata().unwrap());
        let is_locked = || {
            let locks = std::fs::read_to_string("/proc/locks").unwrap();
            locks.contains(&format!(":{inode} "))
        };
        assert!(is_locked());
        assert_eq!(Reader::new(file.clone()).read(NOW).changes.len(), 1);
        assert!(is_locked());
    }

    #[test]
    fn a_deletion_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let store = open::migrated(&file).unwrap();
        push(&store, "a", NOW);
        let mut reader = Reader::new(file);
        reader.read(NOW);
        assert!(!reader.read(NOW).is_incomplete);
        let id = ProjectId::parse("a".to_owned()).unwrap();
        store.delete_project(&id, 100).unwrap();
        assert!(reader.read(NOW).is_incomplete);
        assert!(!reader.read(NOW).is_incomplete);
    }
}
