//! `export`: the files of a project as plain files in a tar file, with a list of them.
//!
//! Files lie below `files/`, so that none can be taken for `manifest.json`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use kamiflow_sync_component::project::Checksum;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use tar::{EntryType, Header};

use super::atomic_file::Partial;
use super::installation::Place;
use super::{progress, project_writer};
use crate::cli::ExportArgs;
use crate::database::open;

/// Where the list is in the tar file.
pub const MANIFEST: &str = "manifest.json";
/// Where the files are.
pub const FOLDER: &str = "files/";

/// The list.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The id of the project.
    pub project: String,
    /// Its name.
    pub name: Option<String>,
    /// Its repository.
    pub git_repo: Option<String>,
    /// Every file, by path.
    pub files: Vec<Entry>,
}

/// A file of the list.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Below the project.
    pub path: String,
    /// On the server that it was exported from.
    pub rev: i64,
    /// SHA-256 in hex.
    pub checksum: String,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: i64,
}

/// Writes the tar file.
pub fn run(args: &ExportArgs) -> Result<()> {
    let place = Place::find(&args.target.place)?;
    let id = project_writer::project_id(&args.project)?;
    let connection = open::existing(&place.database)?;
    // One moment of the project, whatever is pushed meanwhile.
    connection.execute_batch("BEGIN")?;
    let (number, manifest) = manifest(&connection, id.as_str())?
        .ok_or_else(|| anyhow!("there is no project {}", args.project))?;
    let partial = Partial::begin(&args.target.file, args.target.force)?;
    write(&connection, number, &manifest, partial.path())?;
    partial.finish()?;
    let bytes = progress::bytes(manifest.files.iter().map(|file| file.size).sum());
    let (count, shown) = (manifest.files.len(), args.target.file.display());
    println!("Exported {count} files, {bytes}, to {shown}");
    Ok(())
}

fn manifest(connection: &Connection, id: &str) -> Result<Option<(i64, Manifest)>> {
    let select = "SELECT number, name, git_repo FROM project WHERE id = ?1";
    let project = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let Some((number, name, git_repo)) = connection.query_row(select, [id], project).optional()?
    else {
        return Ok(None);
    };
    let mut select = connection.prepare(
        "SELECT file.path, rev, checksum, size, modified FROM file JOIN version USING (project, rev)
         WHERE project = ?1 AND deleted = 0 ORDER BY file.path",
    )?;
    let files = select.query_map([number], |row| {
        let checksum = Checksum::from_bytes(row.get_ref(2)?.as_blob()?);
        Ok(Entry {
            path: row.get(0)?,
            rev: row.get(1)?,
            checksum: checksum.map_or_else(String::new, |checksum| checksum.to_string()),
            size: row.get(3)?,
            modified: row.get(4)?,
        })
    })?;
    let manifest = Manifest {
        project: id.to_owned(),
        name,
        git_repo,
        files: files.collect::<rusqlite::Result<_>>()?,
    };
    Ok(Some((number, manifest)))
}

fn write(connection: &Connection, number: i64, manifest: &Manifest, target: &Path) -> Result<()> {
    let file = File::options().write(true).open(target)?;
    let mut tar = tar::Builder::new(BufWriter::new(file));
    let list = serde_json::to_vec_pretty(manifest)?;
    append(&mut tar, MANIFEST, project_writer::now_us() / 1000, &list)?;
    let mut select = connection.prepare(
        "SELECT bytes FROM version JOIN content ON content.id = content
         WHERE version.project = ?1 AND rev = ?2",
    )?;
    let bar = progress::bar("exporting", manifest.files.len() as u64);
    for entry in &manifest.files {
        bar.inc(1);
        let bytes: Vec<u8> = select
            .query_row((number, entry.rev), |row| row.get(0))
            .with_context(|| format!("{} has no content", entry.path))?;
        append(
            &mut tar,
            &format!("{FOLDER}{}", entry.path),
            entry.modified,
            &bytes,
        )?;
    }
    bar.finish_and_clear();
    tar.into_inner()?.flush()?;
    Ok(())
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    path: &str,
    modified_ms: i64,
    bytes: &[u8],
) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(modified_ms / 1000).unwrap_or(0));
    header.set_size(bytes.len() as u64);
    Ok(tar.append_data(&mut header, path, bytes)?)
}
