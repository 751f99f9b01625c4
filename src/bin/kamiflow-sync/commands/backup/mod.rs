//! `backup`: a complete, checked copy of the database, also while a server runs.

pub mod folder;

use std::ffi::c_int;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use kamiflow_sync_component::store::Store;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode};

use super::atomic_file::AtomicFile;
use super::check::{self, Totals};
use super::full_disk;
use super::installation::Installation;
use super::output;
use super::progress;
use crate::cli::BackupArgs;
use crate::database::{backup_mark, files, log_check, open};
use crate::say::{note, say};

/// Instructions of SQLite's virtual machine after which the progress bar moves.
const INSTRUCTIONS: c_int = 10_000;

pub fn run(args: &BackupArgs) -> Result<()> {
    let installation = Installation::find(&args.target.installation)?;
    let (file, unfinished) = create(args, &installation.database)?;
    let written = write(&installation.database, unfinished);
    let totals = written.map_err(|error| full_disk::explain(&file, error))?;
    say!("Backed up {totals} to {}", file.display());
    let marked = backup_mark::set(&installation.database, &file);
    if let Some(keep) = args.keep {
        let future = folder::prune(&args.target.file, &file, &installation.database, keep)?;
        if !future.is_empty() {
            note!(
                "kamiflow-sync: dated in the future, so they stay and do not count: {}; set the clock, or rename them",
                future.join(", ")
            );
        }
    }
    marked.context("the backup is complete, but 'doctor' will not know of it")
}

fn write(database: &Path, unfinished: AtomicFile) -> Result<Totals> {
    copy(database, unfinished.path())?;
    let totals = verify(unfinished.path())?;
    unfinished.finish()?;
    Ok(totals)
}

/// Creates the file of the backup, in a folder with a name of its own.
fn create(args: &BackupArgs, database: &Path) -> Result<(PathBuf, AtomicFile)> {
    let target = &args.target.file;
    if target.is_dir() {
        return folder::create_file(target);
    }
    ensure!(
        args.keep.is_none(),
        "--keep needs a folder, and {}",
        instead(target)
    );
    Ok((target.clone(), output::create(&args.target, database)?))
}

/// What there is in place of a folder, and what to do.
fn instead(target: &Path) -> String {
    let shown = target.display();
    if target.exists() {
        format!("{shown} is a file: name the folder that it is in")
    } else {
        format!("there is none at {shown}: make it first")
    }
}

/// Copies a snapshot of `database`, whatever is written to it meanwhile. The rows are written anew, so
/// the copy has neither free pages nor what was deleted. No writer waits for it.
fn copy(database: &Path, target: &Path) -> Result<()> {
    // A server creates the file, and its first request the schema.
    if database.is_file() && files::length(database) == 0 {
        log_check::require_own_log(database)?;
        Store::open(Connection::open(target)?)?;
    } else {
        copy_rows(database, target)?;
    }
    // A file of its own, which no log of the database belongs to.
    let id = getrandom::u32()?.cast_signed();
    Ok(Connection::open(target)?.pragma_update(None, "application_id", id)?)
}

fn copy_rows(database: &Path, target: &Path) -> Result<()> {
    let mut source = open::existing_to_read(database)?;
    let total = open::existing_store(database)?.file_space()?.used;
    let bar = progress::bar("copying", total);
    let (shown, written) = (bar.clone(), target.to_owned());
    let show = move || {
        shown.set_position(files::length(&written));
        false
    };
    source.progress_handler(INSTRUCTIONS, Some(show))?;
    // SQLite takes a name of any bytes, as the system does.
    let name = ToSqlOutput::Borrowed(ValueRef::Text(target.as_os_str().as_bytes()));
    let copied = source.execute("VACUUM INTO ?1", [name]);
    bar.finish_and_clear();
    match copied {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Err(damaged(error))
        }
        copied => copied.map(drop).context("cannot write the copy"),
    }
}

fn verify(copy: &Path) -> Result<Totals> {
    let examination = check::examine(&open::untrusted(copy)?)?;
    match examination.findings.as_slice() {
        [] => Ok(examination.totals),
        [first, ..] => Err(damaged(first)),
    }
}

fn damaged(finding: impl Display) -> anyhow::Error {
    anyhow!(
        "no backup was made, because the database is damaged: {finding}; \
         'kamiflow-sync check' lists everything"
    )
}
