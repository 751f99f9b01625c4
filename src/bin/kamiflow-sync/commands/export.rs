//! `export`: writes the files of a project into a tar file, or to standard output.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write, stdout};
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use kamiflow_sync_component::domain::{FilePath, ProjectId};
use kamiflow_sync_component::store::Store;
use tar::{EntryType, Header};

use super::archive::{ArchiveIndex, ArchivedFile, FOLDER, INDEX};
use super::counted::counted;
use super::full_disk;
use super::installation::Installation;
use super::{clock, output, progress, project_id};
use crate::cli::ExportArgs;
use crate::database::open;
use crate::say::{self, note, say};

/// Versions read at once.
const STEP_VERSIONS: u32 = 10_000;

pub fn run(args: &ExportArgs) -> Result<()> {
    let installation = Installation::find(&args.target.installation)?;
    let id = project_id::parse(&args.project)?;
    let store = open::existing_store(&installation.database)?;
    // A snapshot of the project, whatever is pushed meanwhile.
    let exported = store.snapshot(|store| export(store, &id, args, &installation.database));
    let exported = exported.map_err(|error| full_disk::explain(&args.target.file, error))?;
    let Some(files) = exported else {
        return Ok(());
    };
    let bytes = progress::bytes(files.iter().map(|file| file.size).sum());
    let (files, target) = (counted(files.len(), "file"), &args.target.file);
    if is_stdout(target) {
        note!("Exported {files}, {bytes}");
    } else {
        say!("Exported {files}, {bytes}, to {}", target.display());
    }
    Ok(())
}

/// `-` is standard output: so the file belongs to the person at the terminal, whatever user this is.
fn is_stdout(target: &Path) -> bool {
    target == Path::new("-")
}

/// The files that are in the archive now; `None` when the reader of standard output, such as `head`, has what
/// it wanted.
fn export(
    store: &Store,
    id: &ProjectId,
    args: &ExportArgs,
    database: &Path,
) -> Result<Option<Vec<ArchivedFile>>> {
    let summary = store.project_summary(id)?;
    let summary = summary.ok_or_else(|| project_id::unknown(id.as_str()))?;
    let number = summary.project.number;
    let index = ArchiveIndex {
        project: summary.id,
        name: summary.name,
        git_repo: summary.git_repo,
        files: files(store, number)?,
    };
    let target = &args.target.file;
    if is_stdout(target) {
        ensure!(
            !stdout().is_terminal(),
            "add > FILE.tar: a tar file is not for a terminal"
        );
        ensure!(
            !say::is_nowhere(),
            "standard output is closed: nothing was exported"
        );
        match write(store, number, &index, stdout().lock()) {
            Err(error) if is_hung_up(&error) => return Ok(None),
            written => written?,
        }
    } else {
        let unfinished = output::create(&args.target, database)?;
        let file = File::options().write(true).open(unfinished.path())?;
        write(store, number, &index, file)?;
        unfinished.finish()?;
    }
    Ok(Some(index.files))
}

fn is_hung_up(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn files(store: &Store, project: i64) -> Result<Vec<ArchivedFile>> {
    let mut files: Vec<ArchivedFile> = Vec::new();
    loop {
        let after = files.last().map(|file| file.path.clone());
        let step = store.tree(project, &after.unwrap_or_default(), STEP_VERSIONS, false)?;
        if step.is_empty() {
            return Ok(files);
        }
        files.extend(step.into_iter().map(ArchivedFile::from));
    }
}

fn write(store: &Store, project: i64, index: &ArchiveIndex, target: impl Write) -> Result<()> {
    let mut tar = tar::Builder::new(BufWriter::new(target));
    let json = serde_json::to_vec_pretty(index)?;
    append(&mut tar, INDEX, clock::now_us() / 1000, &json)?;
    let bar = progress::bar("exporting", index.files.len() as u64);
    for file in &index.files {
        bar.inc(1);
        let bytes =
            content(store, project, file).with_context(|| format!("{}: no content", file.path))?;
        let member = format!("{FOLDER}{}", file.path);
        append(&mut tar, &member, file.modified, &bytes)?;
    }
    bar.finish_and_clear();
    tar.into_inner()?.flush()?;
    Ok(())
}

fn content(store: &Store, project: i64, file: &ArchivedFile) -> Result<Vec<u8>> {
    let path = FilePath::parse(&file.path).map_err(|rule| anyhow!("the path {rule}"))?;
    let stored = store.version(project, &path, file.rev)?;
    let id = stored.and_then(|stored| stored.content);
    Ok(store.content(id.context("it was pruned")?)?)
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
