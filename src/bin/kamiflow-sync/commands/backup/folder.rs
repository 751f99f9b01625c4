//! A folder of backups, whose names tell when they were made.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::commands::atomic_file::{AtomicFile, PART};
use crate::commands::clock;
use crate::database::own_files;

/// The start of the name of a backup; the time follows.
const PREFIX: &str = "kamiflow-sync-";
/// Backups that may be made within one second.
const MAX_PER_SECOND: u32 = 100;

/// What the name of a backup tells. The order is that of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct BackupName {
    /// Such as `20261122T150000Z`.
    time: String,
    /// From 1; a second backup within the same second has 2.
    number: u32,
}

/// Creates a file with a free name in `folder`, named after the time of day.
pub fn create_file(folder: &Path) -> Result<(PathBuf, AtomicFile)> {
    let time = clock::timestamp()?;
    let mut number = 1;
    loop {
        let name = BackupName {
            time: time.clone(),
            number,
        };
        let file = folder.join(name.to_string());
        match AtomicFile::create(&file, false) {
            Err(_) if number < MAX_PER_SECOND && AtomicFile::is_taken(&file) => number += 1,
            created => return Ok((file, created?)),
        }
    }
}

/// Removes all but the newest `keep` backups, of which `newest` is always one, and the unfinished
/// files of interrupted runs. Files with other names stay.
///
/// Backups dated in the future neither count nor go: the clock was ahead when they were made, or is
/// behind now, and a wrong clock must not cost a backup. Their names are returned.
pub fn prune(folder: &Path, newest: &Path, database: &Path, keep: u32) -> Result<Vec<String>> {
    remove_unfinished(folder)?;
    let now = clock::timestamp()?;
    let (mut backups, future): (Vec<_>, Vec<_>) = backups(folder)?
        .into_iter()
        // A backup may have been made the database by setting DB_PATH to it.
        .filter(|name| !own_files::is_same(&folder.join(name.to_string()), database))
        .partition(|name| name.time <= now || folder.join(name.to_string()) == newest);
    backups.sort_unstable();
    let surplus = backups.len().saturating_sub(usize::try_from(keep)?);
    let old = backups[..surplus]
        .iter()
        .map(|name| folder.join(name.to_string()));
    for file in old.filter(|file| file != newest) {
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(future.iter().map(BackupName::to_string).collect())
}

/// The names of backups in `folder` that are dated in the future.
pub fn dated_in_future(folder: &Path) -> Result<Vec<String>> {
    let now = clock::timestamp()?;
    let future = backups(folder)?.into_iter().filter(|name| name.time > now);
    Ok(future.map(|name| name.to_string()).collect())
}

/// The finished backups of a folder, in no order.
fn backups(folder: &Path) -> Result<Vec<BackupName>> {
    let names = files(folder)?;
    Ok(names
        .iter()
        .filter_map(|name| BackupName::parse(name))
        .collect())
}

fn remove_unfinished(folder: &Path) -> Result<()> {
    let names = files(folder)?;
    let finished = names.iter().filter_map(|name| name.strip_suffix(PART));
    for name in finished.filter(|name| BackupName::parse(name).is_some()) {
        AtomicFile::remove_leftover(&folder.join(name));
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

impl BackupName {
    /// Of a name that [`create_file`] can have given, and of no other.
    fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?.strip_suffix(".db")?;
        let (time, number) = match rest.split_once('-') {
            Some((time, number)) => (time, number.parse().ok()?),
            None => (rest, 1),
        };
        let parsed = Self {
            time: time.to_owned(),
            number,
        };
        (clock::is_timestamp(time) && parsed.to_string() == name).then_some(parsed)
    }
}

impl std::fmt::Display for BackupName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            1 => write!(f, "{PREFIX}{}.db", self.time),
            number => write!(f, "{PREFIX}{}-{number}.db", self.time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_the_program_gives_are_backups() {
        for name in [
            "kamiflow-sync-20261122T150000Z.db",
            "kamiflow-sync-20280229T235959Z-2.db",
        ] {
            assert_eq!(BackupName::parse(name).unwrap().to_string(), name);
        }
        for other in [
            "kamiflow-sync-20269999T999999Z.db",
            "kamiflow-sync-20260229T150000Z.db",
            "kamiflow-sync-20261122T240000Z.db",
            "kamiflow-sync-TTTTTTTTTTTTTTTZ.db",
            "kamiflow-sync-20261122T150000Z-1.db",
            "kamiflow-sync-20261122T150000Z-02.db",
            "kamiflow-sync-20261122T150000Z-+2.db",
            "kamiflow-sync-20261122T150000Z-mine.db",
            "kamiflow-sync-20261122T150000Ω.db",
            "kamiflow-sync-2026-11-22T15:00Z.db",
            "kamiflow-sync-.db",
        ] {
            assert_eq!(BackupName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn files_made_within_one_second_have_names_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        // Unfinished and finished files alike.
        let first = create_file(folder.path()).unwrap();
        let (second, unfinished) = create_file(folder.path()).unwrap();
        unfinished.finish().unwrap();
        let third = create_file(folder.path()).unwrap();
        assert_ne!(first.0, second);
        assert!(third.0 != first.0 && third.0 != second);
    }
}
