//! `backup`: a complete, checked copy of the database, also while a server runs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::atomic_file::{AtomicFile, PART};
use super::check::{self, Totals};
use super::installation::Installation;
use super::{clock, progress};
use crate::cli::BackupArgs;
use crate::database::{backup_mark, open};

/// Pages per step; the progress bar moves after each step.
const STEP: i32 = 1024;
/// Wait before a step that found the database locked is repeated.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// The start of the name of a backup in a folder; the time follows.
const NAME_PREFIX: &str = "kamiflow-sync-";

pub fn run(args: &BackupArgs) -> Result<()> {
    let installation = Installation::find(&args.target.installation)?;
    let target = &args.target.file;
    let file = if target.is_dir() {
        target.join(format!("{NAME_PREFIX}{}.db", clock::timestamp()?))
    } else {
        ensure!(
            args.keep.is_none(),
            "--keep needs a folder, and {} is not one",
            target.display()
        );
        target.clone()
    };
    ensure!(
        !is_same(&file, &installation.database),
        "{} is the database itself",
        file.display()
    );
    let unfinished = AtomicFile::create(&file, args.target.force)?;
    copy(&installation.database, unfinished.path())?;
    let totals = verify(unfinished.path())?;
    unfinished.finish()?;
    backup_mark::set(&installation.database)?;
    println!("Backed up {totals} to {}", file.display());
    if let Some(keep) = args.keep {
        prune(target, keep)?;
    }
    Ok(())
}

/// Removes all but the newest backups of a folder, by the time in their names, and the unfinished
/// files of interrupted runs. Files with other names stay.
fn prune(folder: &Path, keep: u32) -> Result<()> {
    let mut backups = Vec::new();
    for entry in folder.read_dir()? {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        match name.strip_suffix(PART) {
            Some(finished) if is_backup_name(finished) => {
                AtomicFile::remove_leftover(&folder.join(finished))
            }
            Some(_) => {}
            None if is_backup_name(&name) => backups.push(name),
            None => {}
        }
    }
    backups.sort_unstable();
    let surplus = backups.len().saturating_sub(usize::try_from(keep)?);
    for name in &backups[..surplus] {
        let old = folder.join(name);
        std::fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}

/// For example `kamiflow-sync-20261122T150000Z.db`.
fn is_backup_name(name: &str) -> bool {
    let time = name
        .strip_prefix(NAME_PREFIX)
        .and_then(|rest| rest.strip_suffix("Z.db"));
    time.is_some_and(|time| {
        time.len() == 15
            && time
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'T')
    })
}

/// Copies a snapshot of `database`, whatever is written to it meanwhile.
fn copy(database: &Path, target: &Path) -> Result<()> {
    let source = open::existing(database)?;
    // The copy reads inside this transaction. Without it, every push would make the copy start over.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut copy = Connection::open(target)?;
    let backup = Backup::new(&source, &mut copy)?;
    let bar = progress::bar("copying", 0);
    loop {
        let step = backup.step(STEP).context("cannot write the copy")?;
        let at = backup.progress();
        bar.set_length(at.pagecount.unsigned_abs().into());
        bar.set_position((at.pagecount - at.remaining).unsigned_abs().into());
        match step {
            StepResult::Done => break,
            StepResult::Busy | StepResult::Locked => std::thread::sleep(RETRY_DELAY),
            _ => {}
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn verify(copy: &Path) -> Result<Totals> {
    let examination = check::examine(&open::existing(copy)?)?;
    match examination.findings.as_slice() {
        [] => Ok(examination.totals),
        [first, ..] => bail!(
            "no backup was made, because the database is damaged: {first}; \
             'kamiflow-sync check' lists everything"
        ),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
