//! `import-legacy`: moves in from the original server, whose database it only reads.
//!
//! A file's rev follows from the time at which the original stored it, so that a device that
//! pulled it there does not pull it again here and write over what was edited meanwhile.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use kamiflow_sync_component::project::{Checksum, FilePath, Rev};
use kamiflow_sync_component::sync::Put;
use kamiflow_sync_component::wire::push::Status;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::installation::Place;
use super::progress;
use super::project_writer::{self, Ledger};
use crate::cli::LegacyArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;

/// The history shows this where a push shows the program that pushed.
const DEVICE: &str = "import-legacy";
/// As the component reads a push, and as clients of the original wrote it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Characters of a name and of a repository, as in a push.
const MAX_NAME: usize = 256;
const MAX_GIT_REPO: usize = 2048;

#[derive(Default)]
struct Tally {
    projects: u64,
    stored: u64,
    unchanged: u64,
    newer_here: u64,
    refused: u64,
}

struct Limits {
    max_file_size: u64,
    max_files: u64,
}

/// Takes over every project, each whole or not at all but for the files that are refused. Where the new
/// database fails, as on a full disk, it ends.
pub fn run(args: &LegacyArgs) -> Result<()> {
    let place = Place::find(&args.place)?;
    let limits = Limits {
        max_file_size: place.max_file_size()?,
        max_files: place.max_files()?,
    };
    let old = open_old(&args.file)?;
    let _in_use = DatabaseLock::shared(&place.database)?;
    let mut new = open::migrated(&place.database)?;
    let mut tally = Tally::default();
    for id in project_ids(&old)? {
        if let Err(error) = take_over(&old, &mut new, &id, &limits, &mut tally) {
            if is_storage(&error) {
                return Err(error.context(format!("{id}: nothing of it was stored")));
            }
            let files = count_files(&old, &id)?;
            println!("{id}: refused with its {files} files: {error:#}");
            tally.refused += files.max(1);
        }
    }
    println!("{}", tally.summary());
    if tally.refused > 0 {
        bail!("{} files were refused", tally.refused);
    }
    Ok(())
}

impl Tally {
    fn summary(&self) -> String {
        let Self {
            projects,
            stored,
            unchanged,
            newer_here,
            refused,
        } = self;
        format!(
            "{projects} projects: {stored} files stored, {unchanged} unchanged, \
             {newer_here} newer here, {refused} refused"
        )
    }
}

/// Whether the new database failed. Its transaction may be gone by then, so that whatever followed
/// would be stored by itself.
fn is_storage(error: &anyhow::Error) -> bool {
    error.is::<rusqlite::Error>()
}

/// That the old database failed is a reason to leave out what it holds, not to end.
fn unreadable(error: rusqlite::Error) -> anyhow::Error {
    anyhow!("the old database cannot be read: {error}")
}

fn open_old(file: &Path) -> Result<Connection> {
    let old = open::read_only(file)?;
    // One moment of it, should the original server still run.
    old.execute_batch("BEGIN")?;
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('files', 'projects')";
    let found: i64 = old
        .query_row(tables, [], |row| row.get(0))
        .with_context(|| format!("cannot read {}", file.display()))?;
    ensure!(
        found == 2,
        "{} is no database of the original server: it lacks the tables 'files' and 'projects'. \
         If it was copied while that server ran, copy the file that ends in -wal as well",
        file.display()
    );
    Ok(old)
}

fn project_ids(old: &Connection) -> Result<Vec<String>> {
    let mut select = old.prepare(
        "SELECT CAST(project_id AS TEXT) FROM files UNION SELECT CAST(project_id AS TEXT) FROM projects ORDER BY 1",
    )?;
    let ids = select.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

fn count_files(old: &Connection, id: &str) -> rusqlite::Result<u64> {
    let select = "SELECT count(*) FROM files WHERE CAST(project_id AS TEXT) = ?1";
    old.query_row(select, [id], |row| row.get(0))
}

/// The ids of a project's files in the order of storing. Not the rows, which SQLite would copy to
/// sort them.
fn files_of(old: &Connection, id: &str) -> rusqlite::Result<Vec<i64>> {
    let select = "SELECT id FROM files WHERE CAST(project_id AS TEXT) = ?1 ORDER BY synced_at, id";
    let mut select = old.prepare(select)?;
    let ids = select.query_map([id], |row| row.get(0))?;
    ids.collect()
}

fn take_over(
    old: &Connection,
    new: &mut Connection,
    id: &str,
    limits: &Limits,
    tally: &mut Tally,
) -> Result<()> {
    let transaction = new.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut ledger = Ledger::open(&transaction, &project_writer::project_id(id)?, DEVICE)?;
    let files = files_of(old, id).map_err(unreadable)?;
    let bar = progress::bar("moving in", files.len() as u64);
    let mut mine = Tally::default();
    let select = "SELECT path, content, checksum, modified, synced_at FROM files WHERE id = ?1";
    let mut select = old.prepare(select).map_err(unreadable)?;
    for file in files {
        bar.inc(1);
        let mut rows = select.query([file]).map_err(unreadable)?;
        let Some(row) = rows.next().map_err(unreadable)? else {
            continue;
        };
        match store(&mut ledger, row, limits) {
            Ok(Stored::New) => mine.stored += 1,
            Ok(Stored::Unchanged) => mine.unchanged += 1,
            Ok(Stored::NewerHere) => mine.newer_here += 1,
            Err(error) if is_storage(&error) => return Err(error),
            Err(error) => {
                let path = text(row, 0).unwrap_or("a path that is no text");
                bar.suspend(|| println!("{id}: {path}: {error:#}"));
                mine.refused += 1;
            }
        }
    }
    bar.finish_and_clear();
    let (name, git_repo) = about(old, id).map_err(unreadable)?;
    ledger.close(name.as_deref(), git_repo.as_deref())?;
    transaction.commit()?;
    tally.projects += 1;
    tally.stored += mine.stored;
    tally.unchanged += mine.unchanged;
    tally.newer_here += mine.newer_here;
    tally.refused += mine.refused;
    Ok(())
}

enum Stored {
    New,
    Unchanged,
    NewerHere,
}

/// Stores one row. What was stored here after the original stored the row stays in force.
fn store(ledger: &mut Ledger, row: &Row, limits: &Limits) -> Result<Stored> {
    let put = read(row, limits)?;
    let at_us = stored_at(row)?;
    let newest = ledger.newest(put.path.as_str())?;
    if newest.is_some_and(|newest| {
        newest.rev / 1000 > at_us / 1000 && newest.checksum != Some(put.checksum)
    }) {
        return Ok(Stored::NewerHere);
    }
    let is_new = newest.is_none_or(|newest| newest.checksum.is_none());
    ensure!(
        !is_new || ledger.file_count() < limits.max_files,
        "the project has MAX_FILES_PER_PROJECT, {} files, already",
        limits.max_files
    );
    Ok(match ledger.put(put, at_us)? {
        Status::Unchanged => Stored::Unchanged,
        _ => Stored::New,
    })
}

/// When the original stored a row, in microseconds; never in the future, where its clock may
/// have been. It is the beginning of the millisecond that ends with `synced_at`: a client that
/// has the row asks for what is newer than `synced_at`, and rows of one push share it.
fn stored_at(row: &Row) -> Result<Rev> {
    let synced_at = number(row, 4).context("synced_at is no number")?;
    let began = synced_at.saturating_mul(1000).saturating_sub(999);
    Ok(began.clamp(0, project_writer::now_us()))
}

fn read(row: &Row, limits: &Limits) -> Result<Put> {
    let path = text(row, 0).context("the path is no text")?;
    let path = FilePath::parse(path).map_err(|rule| anyhow!("the path {rule}"))?;
    let content = text(row, 1).context("the content is no text")?;
    let content = BASE64
        .decode(content)
        .map_err(|_| anyhow!("the content is no base64"))?;
    ensure!(
        content.len() as u64 <= limits.max_file_size,
        "{} bytes are more than MAX_FILE_SIZE, {}",
        content.len(),
        limits.max_file_size
    );
    let modified = number(row, 3).context("modified is no number")?;
    let put = Put::new(path, modified, None, content);
    ensure!(
        text(row, 2).and_then(Checksum::parse) == Some(put.checksum),
        "the content does not match its checksum"
    );
    Ok(put)
}

/// The name and the repository of a project, as far as a push could set them.
fn about(old: &Connection, id: &str) -> rusqlite::Result<(Option<String>, Option<String>)> {
    let select = "SELECT name, git_repo FROM projects WHERE project_id = ?1";
    let take = |row: &Row, column, longest| {
        let fits = |text: &&str| (1..=longest).contains(&text.chars().count());
        text(row, column).filter(fits).map(str::to_owned)
    };
    let about = old
        .query_row(select, [id], |row| {
            Ok((take(row, 0, MAX_NAME), take(row, 1, MAX_GIT_REPO)))
        })
        .optional()?;
    Ok(about.unwrap_or_default())
}

fn text<'r>(row: &'r Row, column: usize) -> Option<&'r str> {
    row.get_ref(column).ok()?.as_str().ok()
}

/// A whole number, cut off where the original took a fraction.
fn number(row: &Row, column: usize) -> Option<i64> {
    match row.get_ref(column).ok()? {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) if number.abs() < 9e15 => Some(number.floor() as i64),
        _ => None,
    }
}
