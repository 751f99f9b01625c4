//! `backup`: a whole copy of the database while the server goes on.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::atomic_file::{PART, Partial};
use super::check::{self, Census};
use super::installation::Place;
use super::progress;
use crate::cli::BackupArgs;
use crate::database::{backup_mark, open};

/// Pages between two looks at the progress bar.
const PAGES: i32 = 1024;
/// Wait for a lock that cannot be had at this moment.
const PAUSE: Duration = Duration::from_millis(20);

/// How the name of a backup in a folder begins; the time follows.
const NAME: &str = "kamiflow-sync-";

/// Copies, checks the copy, and puts it under its name.
pub fn run(args: &BackupArgs) -> Result<()> {
    let place = Place::find(&args.target.place)?;
    let target = &args.target.file;
    let file = if target.is_dir() {
        target.join(format!("{NAME}{}.db", super::time()?))
    } else {
        ensure!(
            args.keep.is_none(),
            "--keep needs a folder, and {} is none",
            target.display()
        );
        target.clone()
    };
    ensure!(
        !is_same(&file, &place.database),
        "{} is the database itself",
        file.display()
    );
    let partial = Partial::begin(&file, args.target.force)?;
    copy(&place.database, partial.path())?;
    let census = verify(partial.path())?;
    partial.finish()?;
    backup_mark::set(&place.database)?;
    println!("Backed up {census} to {}", file.display());
    if let Some(keep) = args.keep {
        prune(target, keep)?;
    }
    Ok(())
}

/// Removes all but the newest backups of a folder, by the time in their names, and those that an
/// interrupted run left unfinished. What was named by somebody else stays.
fn prune(folder: &Path, keep: u32) -> Result<()> {
    let mut whole = Vec::new();
    for entry in folder.read_dir()? {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        match name.strip_suffix(PART) {
            Some(finished) if is_ours(finished) => Partial::clear(&folder.join(finished)),
            Some(_) => {}
            None if is_ours(&name) => whole.push(name),
            None => {}
        }
    }
    whole.sort_unstable();
    let surplus = whole.len().saturating_sub(usize::try_from(keep)?);
    for name in &whole[..surplus] {
        let old = folder.join(name);
        std::fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}

/// Whether a backup in a folder was given this name, such as
/// `kamiflow-sync-20261122T150000Z.db`.
fn is_ours(name: &str) -> bool {
    let time = name
        .strip_prefix(NAME)
        .and_then(|rest| rest.strip_suffix("Z.db"));
    time.is_some_and(|time| {
        time.len() == 15
            && time
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'T')
    })
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
