//! `import`: stores the files of an exported tar file in a project, by the rules of a push.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use kamiflow_sync_component::domain::{
    Checksum, FilePath, MAX_GIT_REPO, MAX_MODIFIED, MAX_NAME, Put, Rev, Status,
};
use kamiflow_sync_component::store::Import;

use super::archive::{ArchiveIndex, ArchivedFile, FOLDER, INDEX};
use super::archive_reader::find_member;
use super::counted::counted;
use super::full_disk;
use super::installation::{Installation, Limits};
use super::printable::printable;
use super::{clock, progress, project_id};
use crate::cli::ImportArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;
use crate::say::say;

/// What the history shows as the device.
const DEVICE: &str = "import";
/// Bytes of the index.
const MAX_INDEX: u64 = 256 << 20;

/// How many files of the archive changed something.
#[derive(Default)]
struct Counts {
    stored: u64,
    unchanged: u64,
}

/// Stores all files or none.
pub fn run(args: &ImportArgs) -> Result<()> {
    let installation = Installation::find(&args.installation)?;
    let id = project_id::parse(&args.project)?;
    let limits = installation.limits()?;
    let index = index(&args.file)?;
    let name = bounded("name", index.name, MAX_NAME)?;
    let git_repo = bounded("git_repo", index.git_repo, MAX_GIT_REPO)?;
    let _lock = DatabaseLock::shared(&installation.database)?;
    let store = open::migrated(&installation.database)?;
    let imported = store.write(|store| {
        let now_us = store.read_clock(clock::now_us(), 0)?.latest;
        let mut import = store.import(id, DEVICE, now_us)?;
        ensure!(
            args.merge || import.file_count() == 0,
            "the project {} has {}: give --merge to add to them and replace those of the same path",
            args.project,
            counted(import.file_count(), "file")
        );
        let counts = store_files(&mut import, &args.file, index.files, &limits, now_us)?;
        import.finish(name.as_deref(), git_repo.as_deref())?;
        Ok(counts)
    });
    let counts = imported.map_err(|error| full_disk::explain(&installation.database, error))?;
    say!(
        "Imported {} into {}, {} unchanged",
        counted(counts.stored, "file"),
        args.project,
        counts.unchanged
    );
    Ok(())
}

fn store_files(
    import: &mut Import,
    archive: &Path,
    files: Vec<ArchivedFile>,
    limits: &Limits,
    now_us: Rev,
) -> Result<Counts> {
    let by_path = files.into_iter().map(|file| (file.path.clone(), file));
    let mut expected: HashMap<String, ArchivedFile> = by_path.collect();
    let mut counts = Counts::default();
    let bar = progress::bar("importing", expected.len() as u64);
    for_each_file(archive, |path, size, content| {
        bar.inc(1);
        let file = expected
            .remove(path)
            .context("is not in manifest.json, or is twice in the tar file")?;
        ensure!(
            size <= limits.max_file_size,
            "is larger than MAX_FILE_SIZE, {} bytes",
            limits.max_file_size
        );
        match import.put(put(&file, content)?, now_us, &limits.rules)? {
            Status::Unchanged => counts.unchanged += 1,
            _ => counts.stored += 1,
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    match expected.keys().min() {
        Some(missing) => bail!(
            "{} is in manifest.json but not in the tar file",
            printable(missing)
        ),
        None => Ok(counts),
    }
}

fn index(file: &Path) -> Result<ArchiveIndex> {
    let index = find_member(file, |name, member| {
        if name != INDEX {
            return Ok(None);
        }
        serde_json::from_reader(BufReader::new(member.take(MAX_INDEX)))
            .map(Some)
            .with_context(|| format!("the {INDEX} in {} is damaged", file.display()))
    })?;
    index.with_context(|| {
        let shown = file.display();
        format!("{shown} has no {INDEX}: it was not written by 'export'")
    })
}

/// What the index says about the project, as a push may; nothing when that is empty.
fn bounded(field: &str, text: Option<String>, limit: usize) -> Result<Option<String>> {
    let text = text.filter(|text| !text.is_empty());
    let length = text.as_ref().map_or(0, |text| text.chars().count());
    ensure!(
        length <= limit,
        "nothing was imported: {field} in {INDEX} has {length} characters, and {limit} at most are stored"
    );
    Ok(text)
}

/// Calls `store` with the path, size and content of each file. An error names the file.
fn for_each_file(
    file: &Path,
    mut store: impl FnMut(&str, u64, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    find_member(file, |name, member| {
        let is_file = member.header().entry_type().is_file();
        if let Some(path) = name
            .strip_prefix(FOLDER)
            .filter(|path| is_file && !path.is_empty())
        {
            let size = member.size();
            store(path, size, member)
                .with_context(|| format!("nothing was imported: {}", printable(path)))?;
        }
        Ok(None::<()>)
    })?;
    Ok(())
}

fn put(file: &ArchivedFile, content: &mut dyn Read) -> Result<Put> {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes)?;
    let path = FilePath::parse(&file.path).map_err(|rule| anyhow!("the path {rule}"))?;
    ensure!(
        file.modified.unsigned_abs() <= MAX_MODIFIED as u64,
        "has a time in {INDEX}, {}, that clients cannot read",
        file.modified
    );
    let put = Put::new(path, file.modified, None, bytes);
    ensure!(
        Checksum::parse(&file.checksum) == Some(put.checksum),
        "does not match its checksum"
    );
    Ok(put)
}
