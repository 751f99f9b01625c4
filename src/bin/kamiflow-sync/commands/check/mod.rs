//! `check`: examines the database for damage, and for what the program cannot have written.

mod examination;
mod names;
mod owners;
mod rules;
mod schema;

use anyhow::{Result, bail};
use kamiflow_sync_component::domain::{Checksum, TreeDigest};
use rusqlite::{Connection, ErrorCode};

use super::counted::counted;
use super::installation::Installation;
use super::progress;
use crate::cli::InstallationArgs;
use crate::database::open;
use crate::say::say;
pub use examination::{Examination, Totals};
use owners::owners;

/// Fails when there is any finding.
pub fn run(args: &InstallationArgs) -> Result<()> {
    let installation = Installation::find(args)?;
    let examination = examine(&open::untrusted_to_read(&installation.database)?)?;
    for finding in &examination.findings {
        say!("{finding}");
    }
    if !examination.findings.is_empty() {
        let findings = counted(examination.findings.len(), "finding");
        let shown = installation.database.display();
        bail!("{findings} in {shown}: stop the server and restore a backup");
    }
    say!("No damage in {}", examination.totals);
    Ok(())
}

/// Examines a snapshot of the database, also while a server runs.
pub fn examine(connection: &Connection) -> Result<Examination> {
    examine_parts(
        connection,
        &[
            pages,
            schema::schema,
            rules::rules,
            references,
            contents,
            projects,
            names::names,
        ],
    )
}

/// Examines only what a database consists of. With no finding here, statements do what they say.
pub fn examine_schema(connection: &Connection) -> Result<Examination> {
    examine_parts(connection, &[schema::schema])
}

type Part = fn(&Connection, &mut Examination) -> rusqlite::Result<()>;

fn examine_parts(connection: &Connection, parts: &[Part]) -> Result<Examination> {
    let mut examination = Examination::default();
    connection.execute_batch("BEGIN")?;
    for part in parts {
        match part(connection, &mut examination) {
            Err(error) if is_damage(&error) => examination.add(error.to_string()),
            done => done?,
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(examination)
}

/// Includes values of another type than the program writes, and statements that fail because a
/// table is another one.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => [
            ErrorCode::DatabaseCorrupt,
            ErrorCode::NotADatabase,
            ErrorCode::Unknown,
        ]
        .contains(&code),
        None => true,
    }
}

fn pages(connection: &Connection, examination: &mut Examination) -> rusqlite::Result<()> {
    let mut check = connection.prepare("PRAGMA integrity_check")?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            examination.add(line);
        }
    }
    Ok(())
}

/// Each statement returns one line of text for each finding. `OWNERS` stands for [`owners()`].
const REFERENCES: [&str; 11] = [
    "SELECT format('%d rows of files belong to no project', count(*)) FROM file
     WHERE project NOT IN (OWNERS) HAVING count(*) > 0",
    "SELECT format('%d versions belong to no project', count(*)) FROM version
     WHERE project NOT IN (OWNERS) HAVING count(*) > 0",
    "SELECT format('%d contents belong to no project', count(*)) FROM content
     WHERE project NOT IN (OWNERS) HAVING count(*) > 0",
    "SELECT format('%s: %s: its version %d is missing', id, file.path, file.rev)
     FROM file JOIN project ON number = project
     LEFT JOIN version USING (project, rev) WHERE version.path IS NULL",
    "SELECT format('%s: %s: version %d is of another file, or disagrees on its deletion', id, file.path, rev)
     FROM file JOIN project ON number = project JOIN version USING (project, rev)
     WHERE version.path <> file.path OR file.deleted <> (version.checksum IS NULL)",
    "SELECT format('%s: %s: version %d is newer than the one in force', id, newest.path, newest.rev)
     FROM (SELECT project, path, max(rev) AS rev FROM version GROUP BY project, path) AS newest
     JOIN project ON number = newest.project LEFT JOIN file USING (project, path)
     WHERE file.rev IS NOT newest.rev",
    "SELECT format('%s: %s: has no content', id, file.path)
     FROM file JOIN project ON number = project JOIN version USING (project, rev)
     WHERE file.deleted = 0 AND version.content IS NULL",
    "SELECT format('%s: %s: the content of version %d is missing or another', project.id, path, rev)
     FROM version JOIN project ON number = version.project LEFT JOIN content ON content.id = version.content
     WHERE version.content IS NOT NULL AND (content.id IS NULL OR content.project <> version.project
       OR content.checksum IS NOT version.checksum OR length(content.bytes) <> version.size)",
    "SELECT format('%s: content %d belongs to no version', project.id, content.id)
     FROM content JOIN project ON number = project
     WHERE content.id NOT IN (SELECT content FROM version WHERE content IS NOT NULL)",
    "SELECT format('%s: %s: version %d follows %d, which is missing', id, one.path, one.rev, one.previous)
     FROM version AS one JOIN project ON number = one.project
     LEFT JOIN version AS before ON before.project = one.project AND before.rev = one.previous
     WHERE one.previous IS NOT NULL AND before.path IS NOT one.path",
    "SELECT format('%s: its newest version is %d, not %d; the last number given out is %d', id, newest, head, last_rev)
     FROM project JOIN (SELECT project, max(rev) AS newest FROM version GROUP BY project) AS versions
       ON versions.project = number
     WHERE head IS NOT newest OR last_rev < newest",
];

/// As [`REFERENCES`], for schemas that have the table `purged`.
const PURGED: [&str; 2] = [
    "SELECT format('%d purged versions belong to no project', count(*)) FROM purged
     WHERE project NOT IN (OWNERS) HAVING count(*) > 0",
    "SELECT format('%s: %s: version %d is purged and still there', id, version.path, rev)
     FROM purged JOIN version USING (project, rev) JOIN project ON number = project",
];

fn references(connection: &Connection, examination: &mut Examination) -> rusqlite::Result<()> {
    let owners = owners(connection)?;
    let purged = if connection.table_exists(None, "purged")? {
        &PURGED[..]
    } else {
        &[]
    };
    for statement in REFERENCES.iter().chain(purged) {
        let mut select = connection.prepare(&statement.replace("OWNERS", owners))?;
        let lines = select.query_map([], |row| row.get(0))?;
        for line in lines {
            examination.add(line?);
        }
    }
    Ok(())
}

fn contents(connection: &Connection, examination: &mut Examination) -> rusqlite::Result<()> {
    let total = connection.query_row("SELECT count(*) FROM content", [], |row| row.get(0))?;
    let bar = progress::bar("checking", total);
    let mut select = connection.prepare(
        "SELECT project.id, content.id, checksum, bytes
         FROM content LEFT JOIN project ON number = project ORDER BY content.id",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        bar.inc(1);
        // Of any type, because a wrong type is damage too.
        let (checksum, bytes) = (row.get_ref(2)?.as_bytes()?, row.get_ref(3)?.as_bytes()?);
        examination.totals.bytes += bytes.len() as u64;
        let project: Option<String> = row.get(0)?;
        // What is being removed is overwritten first.
        if let Some(project) = project
            && Checksum::of(bytes).as_bytes() != checksum
        {
            let content: i64 = row.get(1)?;
            let line = format!("{project}: content {content} does not match its checksum");
            examination.add(line);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Compares the counts of every project with its files.
fn projects(connection: &Connection, examination: &mut Examination) -> rusqlite::Result<()> {
    let count = |table: &str| {
        let statement = format!("SELECT count(*) FROM {table}");
        connection.query_row(&statement, [], |row| row.get(0))
    };
    examination.totals.versions = count("version")?;
    let mut select = connection
        .prepare("SELECT number, id, file_count, total_size, digest FROM project ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(1)?;
        let (files, size, digest) = recount(connection, row.get(0)?)?;
        examination.totals.projects += 1;
        examination.totals.files += files;
        let mut compare = |what: &str, stored: u64, counted: u64| {
            if stored != counted {
                let line = format!("{id}: {what} is said to be {stored}, and is {counted}");
                examination.add(line);
            }
        };
        compare("its number of files", row.get(2)?, files);
        compare("their size", row.get(3)?, size);
        if row.get_ref(4)?.as_blob()? != digest.as_bytes() {
            examination.add(format!("{id}: its digest is not {digest}"));
        }
    }
    Ok(())
}

fn recount(connection: &Connection, project: i64) -> rusqlite::Result<(u64, u64, TreeDigest)> {
    let mut select = connection.prepare_cached(
        "SELECT file.path, checksum, size FROM file JOIN version USING (project, rev)
         WHERE project = ?1 AND deleted = 0",
    )?;
    let mut rows = select.query([project])?;
    let (mut files, mut bytes, mut digest) = (0, 0, TreeDigest::default());
    while let Some(row) = rows.next()? {
        files += 1;
        bytes += row.get::<_, u64>(2)?;
        if let Some(checksum) = row
            .get_ref(1)?
            .as_blob_or_null()?
            .and_then(Checksum::from_bytes)
        {
            digest.toggle(row.get_ref(0)?.as_str()?, &checksum);
        }
    }
    Ok((files, bytes, digest))
}
