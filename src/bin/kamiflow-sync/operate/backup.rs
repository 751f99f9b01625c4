//! `backup`: a whole copy of the database while the server goes on.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::check::{self, Census};
use super::lock::beside;
use super::partial::Partial;
use super::place::Place;
use super::{open, progress};
use crate::cli::FileArgs;

/// Pages between two looks at the progress bar.
const PAGES: i32 = 1024;
/// Wait for a lock that cannot be had at this moment.
const PAUSE: Duration = Duration::from_millis(20);

/// Copies, checks the copy, and puts it under its name.
pub fn run(args: &FileArgs) -> Result<()> {
    let place = Place::find(&args.place)?;
    ensure!(
        !is_same(&args.file, &place.database),
        "{} is the database itself",
        args.file.display()
    );
    let partial = Partial::begin(&args.file, args.force)?;
    copy(&place.database, partial.path())?;
    let census = verify(partial.path())?;
    partial.finish()?;
    remember(&place.database)?;
    println!("Backed up {census} to {}", args.file.display());
    Ok(())
}

/// Copies one moment of `database`, whatever is written to it meanwhile.
fn copy(database: &Path, target: &Path) -> Result<()> {
    let source = open::existing(database)?;
    // The copy reads inside this transaction. Without it, every push would make it begin anew.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM project", [], |_| Ok(()))?;
    let mut copy = Connection::open(target)?;
    let backup = Backup::new(&source, &mut copy)?;
    let bar = progress::bar("copying", 0);
    loop {
        let step = backup.step(PAGES).context("cannot write the copy")?;
        let at = backup.progress();
        bar.set_length(at.pagecount.unsigned_abs().into());
        bar.set_position((at.pagecount - at.remaining).unsigned_abs().into());
        match step {
            StepResult::Done => break,
            StepResult::Busy | StepResult::Locked => std::thread::sleep(PAUSE),
            _ => {}
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn verify(copy: &Path) -> Result<Census> {
    let report = check::examine(&open::existing(copy)?)?;
    match report.findings.as_slice() {
        [] => Ok(report.census),
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

/// Notes beside the database that a good backup was made now. Not inside, because the
/// time belongs to this machine and not to the data.
fn remember(database: &Path) -> Result<()> {
    let mark = mark(database);
    std::fs::write(&mark, "").with_context(|| format!("cannot write {}", mark.display()))
}

/// The file whose date is that of the last good backup.
fn mark(database: &Path) -> PathBuf {
    beside(database, "-last-backup")
}

/// How long ago the last good backup was made, if one was.
pub fn age(database: &Path) -> Option<Duration> {
    let made = mark(database).metadata().ok()?.modified().ok()?;
    Some(SystemTime::now().duration_since(made).unwrap_or_default())
}
