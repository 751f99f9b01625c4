//! The original server's database, which is only read.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use kamiflow_sync_component::domain::{
    Checksum, FilePath, MAX_GIT_REPO, MAX_MODIFIED, MAX_NAME, Put, Rev,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::commands::clock;
use crate::database::open;

/// Reads padding as a push does, because clients of the original wrote it in either form.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The columns of a file that [`put`], [`stored_at`] and [`path`] read.
pub const SELECT_FILE: &str =
    "SELECT path, content, checksum, modified, synced_at FROM files WHERE id = ?1";

pub fn open(file: &Path) -> Result<Connection> {
    let original = open::read_only(file)?;
    // A snapshot, in case the original server is still running.
    original
        .execute_batch("BEGIN")
        .map_err(|error| open::unreadable(file, error))?;
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('files', 'projects')";
    let found: i64 = original
        .query_row(tables, [], |row| row.get(0))
        .map_err(|error| open::unreadable(file, error))?;
    ensure!(
        found == 2,
        "{} is no database of the original server: it lacks the tables 'files' and 'projects'. \
         If it was copied while that server ran, copy the file that ends in -wal as well",
        file.display()
    );
    Ok(original)
}

pub fn project_ids(original: &Connection) -> Result<Vec<String>> {
    let mut select = original.prepare(
        "SELECT CAST(project_id AS TEXT) FROM files UNION SELECT CAST(project_id AS TEXT) FROM projects ORDER BY 1",
    )?;
    let ids = select.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

pub fn count_files(original: &Connection, project: &str) -> rusqlite::Result<u64> {
    let select = "SELECT count(*) FROM files WHERE CAST(project_id AS TEXT) = ?1";
    original.query_row(select, [project], |row| row.get(0))
}

/// The ids of a project's files, in the order in which they were stored. Only the ids, because
/// SQLite would copy whole rows to sort them.
pub fn file_ids(original: &Connection, project: &str) -> rusqlite::Result<Vec<i64>> {
    let select = "SELECT id FROM files WHERE CAST(project_id AS TEXT) = ?1 ORDER BY synced_at, id";
    let mut select = original.prepare(select)?;
    let ids = select.query_map([project], |row| row.get(0))?;
    ids.collect()
}

/// The name and the repository of a project, each only if a push could set it.
pub fn name_and_repo(
    original: &Connection,
    project: &str,
) -> rusqlite::Result<(Option<String>, Option<String>)> {
    let select = "SELECT name, git_repo FROM projects WHERE project_id = ?1";
    let get = |row: &Row, column, max_length| {
        let fits = |text: &&str| (1..=max_length).contains(&text.chars().count());
        text(row, column).filter(fits).map(str::to_owned)
    };
    let found = original
        .query_row(select, [project], |row| {
            Ok((get(row, 0, MAX_NAME), get(row, 1, MAX_GIT_REPO)))
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub fn path<'r>(row: &'r Row) -> Option<&'r str> {
    text(row, 0)
}

/// The file in a row, of at most `max_file_size` bytes.
pub fn put(row: &Row, max_file_size: u64) -> Result<Put> {
    let path = path(row).context("the path is not text")?;
    let path = FilePath::parse(path).map_err(|rule| anyhow!("the path {rule}"))?;
    let content = text(row, 1).context("the content is not text")?;
    let content = BASE64
        .decode(content)
        .map_err(|_| anyhow!("the content is no base64"))?;
    ensure!(
        content.len() as u64 <= max_file_size,
        "{} bytes are more than MAX_FILE_SIZE, {max_file_size}",
        content.len(),
    );
    let modified = number(row, 3).context("modified is not a number")?;
    ensure!(
        modified.unsigned_abs() <= MAX_MODIFIED as u64,
        "modified, {modified}, is a time that clients cannot read"
    );
    let put = Put::new(path, modified, None, content);
    ensure!(
        text(row, 2).and_then(Checksum::parse) == Some(put.checksum),
        "the content does not match its checksum"
    );
    Ok(put)
}

/// When the original stored a row, in microseconds, and never in the future, in case its clock was
/// wrong. It is the beginning of the millisecond that ends with `synced_at`: a client that has the
/// row asks for what is newer than `synced_at`, and the rows of one push have the same.
pub fn stored_at(row: &Row) -> Result<Rev> {
    let synced_at = number(row, 4).context("synced_at is not a number")?;
    let start = synced_at.saturating_mul(1000).saturating_sub(999);
    Ok(start.clamp(0, clock::now_us()))
}

fn text<'r>(row: &'r Row, column: usize) -> Option<&'r str> {
    row.get_ref(column).ok()?.as_str().ok()
}

/// A whole number. A fraction, which the original accepted, is rounded down.
fn number(row: &Row, column: usize) -> Option<i64> {
    match row.get_ref(column).ok()? {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) if number.abs() < 9e15 => Some(number.floor() as i64),
        _ => None,
    }
}
