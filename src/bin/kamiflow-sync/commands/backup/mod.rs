//! `backup`: a complete, checked copy of the database, also while a server runs.

pub mod folder;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::atomic_file::AtomicFile;
use super::check::{self, Totals};
use super::installation::Installation;
use super::progress;
use super::say::say;
use crate::cli::BackupArgs;
use crate::database::{backup_mark, open};

/// Pages per step; the progress bar moves after each step.
const STEP: i32 = 1024;
/// Wait before a step that found the database locked is repeated.
const RETRY_DELAY: Duration = Duration::from_millis(20);

pub fn run(args: &BackupArgs) -> Result<()> {
    let installation = Installation::find(&args.target.installation)?;
    let (file, unfinished) = create(args, &installation.database)?;
    copy(&installation.database, unfinished.path())?;
    let totals = verify(unfinished.path())?;
    unfinished.finish()?;
    backup_mark::set(&installation.database, &file)?;
    say!("Backed up {totals} to {}", file.display());
    if let Some(keep) = args.keep {
        let future = folder::prune(&args.target.file, &file, keep)?;
        if !future.is_empty() {
            eprintln!(
                "kamiflow-sync: dated in the future, so they stay and do not count: {}; set the clock, or rename them",
                future.join(", ")
            );
        }
    }
    Ok(())
}

/// Creates the file of the backup, in a folder with a name of its own.
fn create(args: &BackupArgs, database: &Path) -> Result<(PathBuf, AtomicFile)> {
    let target = &args.target.file;
    let shown = target.display();
    if target.is_dir() {
        return folder::create_file(target);
    }
    ensure!(
        args.keep.is_none(),
        "--keep needs a folder, and {shown} is not one"
    );
    ensure!(!is_same(target, database), "{shown} is the database itself");
    Ok((
        target.clone(),
        AtomicFile::create(target, args.target.force)?,
    ))
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
    let examination = check::examine(&open::untrusted(copy)?)?;
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
