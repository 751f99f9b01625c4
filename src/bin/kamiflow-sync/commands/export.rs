//! `export`: writes the files of a project into a tar file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use kamiflow_sync_component::project::Checksum;
use rusqlite::{Connection, OptionalExtension, Row};
use tar::{EntryType, Header};

use super::archive::{ArchiveIndex, ArchivedFile, FOLDER, INDEX};
use super::atomic_file::AtomicFile;
use super::installation::Installation;
use super::{clock, progress, project_writer};
use crate::cli::ExportArgs;
use crate::database::open;

pub fn run(args: &ExportArgs) -> Result<()> {
    let installation = Installation::find(&args.target.installation)?;
    let id = project_writer::project_id(&args.project)?;
    let connection = open::existing(&installation.database)?;
    // A snapshot of the project, whatever is pushed meanwhile.
    connection.execute_batch("BEGIN")?;
    let (number, index) = index(&connection, id.as_str())?
        .ok_or_else(|| anyhow!("there is no project {}", args.project))?;
    let unfinished = AtomicFile::create(&args.target.file, args.target.force)?;
    write(&connection, number, &index, unfinished.path())?;
    unfinished.finish()?;
    let bytes = progress::bytes(index.files.iter().map(|file| file.size).sum());
    let (count, shown) = (index.files.len(), args.target.file.display());
    println!("Exported {count} files, {bytes}, to {shown}");
    Ok(())
}

fn index(connection: &Connection, id: &str) -> Result<Option<(i64, ArchiveIndex)>> {
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
        Ok(ArchivedFile {
            path: row.get(0)?,
            rev: row.get(1)?,
            checksum: checksum.map_or_else(String::new, |checksum| checksum.to_string()),
            size: row.get(3)?,
            modified: row.get(4)?,
        })
    })?;
    let index = ArchiveIndex {
        project: id.to_owned(),
        name,
        git_repo,
        files: files.collect::<rusqlite::Result<_>>()?,
    };
    Ok(Some((number, index)))
}

fn write(connection: &Connection, number: i64, index: &ArchiveIndex, target: &Path) -> Result<()> {
    let target = File::options().write(true).open(target)?;
    let mut tar = tar::Builder::new(BufWriter::new(target));
    let json = serde_json::to_vec_pretty(index)?;
    append(&mut tar, INDEX, clock::now_us() / 1000, &json)?;
    let mut select = connection.prepare(
        "SELECT bytes FROM version JOIN content ON content.id = content
         WHERE version.project = ?1 AND rev = ?2",
    )?;
    let bar = progress::bar("exporting", index.files.len() as u64);
    for file in &index.files {
        bar.inc(1);
        let bytes: Vec<u8> = select
            .query_row((number, file.rev), |row| row.get(0))
            .with_context(|| format!("{} has no content", file.path))?;
        append(
            &mut tar,
            &format!("{FOLDER}{}", file.path),
            file.modified,
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
