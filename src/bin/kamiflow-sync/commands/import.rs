//! `import`: the files of an exported tar file into a project, by the rules of a push.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use kamiflow_sync_component::project::{Checksum, FilePath};
use kamiflow_sync_component::sync::Put;
use kamiflow_sync_component::wire::push::Status;
use rusqlite::TransactionBehavior;

use super::export::{Entry, FOLDER, MANIFEST, Manifest};
use super::installation::Place;
use super::progress;
use super::project_writer::{self, Ledger};
use crate::cli::ImportArgs;
use crate::database::lock::DatabaseLock;
use crate::database::open;

/// The history shows this where a push shows the program that pushed.
const DEVICE: &str = "import";
/// Bytes of the largest list that is read.
const MAX_MANIFEST: u64 = 256 << 20;

/// Stores all files, or none.
pub fn run(args: &ImportArgs) -> Result<()> {
    let place = Place::find(&args.place)?;
    let id = project_writer::project_id(&args.project)?;
    let (max_file_size, max_files) = (place.max_file_size()?, place.max_files()?);
    let mut manifest = manifest(&args.file)?;
    let mut expected: HashMap<String, Entry> = std::mem::take(&mut manifest.files)
        .into_iter()
        .map(|entry| (entry.path.clone(), entry))
        .collect();
    let _in_use = DatabaseLock::shared(&place.database)?;
    let mut connection = open::migrated(&place.database)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut ledger = Ledger::open(&transaction, &id, DEVICE)?;
    ensure!(
        args.merge || ledger.file_count() == 0,
        "the project {} has {} files: give --merge to import beside and over them",
        args.project,
        ledger.file_count()
    );
    let (now_us, mut stored, mut unchanged) = (project_writer::now_us(), 0, 0);
    let bar = progress::bar("importing", expected.len() as u64);
    for_each_file(&args.file, |path, size, content| {
        bar.inc(1);
        let entry = expected
            .remove(path)
            .context("is not in manifest.json, or twice")?;
        ensure!(
            size <= max_file_size,
            "is larger than MAX_FILE_SIZE, {max_file_size} bytes"
        );
        match ledger.put(put(&entry, content)?, now_us)? {
            Status::Unchanged => unchanged += 1,
            _ => stored += 1,
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    if let Some(missing) = expected.keys().min() {
        bail!("{missing} is in manifest.json and not in the tar file");
    }
    ensure!(
        ledger.file_count() <= max_files,
        "the project would have more than MAX_FILES_PER_PROJECT, {max_files} files"
    );
    ledger.close(manifest.name.as_deref(), manifest.git_repo.as_deref())?;
    transaction.commit()?;
    println!(
        "Imported {stored} files into {}, {unchanged} unchanged",
        args.project
    );
    Ok(())
}

fn manifest(file: &Path) -> Result<Manifest> {
    let mut tar = open_tar(file)?;
    for entry in tar.entries()? {
        let entry = entry?;
        if entry.path_bytes() == MANIFEST.as_bytes() {
            let list = entry.take(MAX_MANIFEST);
            return serde_json::from_reader(BufReader::new(list))
                .with_context(|| format!("the {MANIFEST} in {} is damaged", file.display()));
        }
    }
    bail!(
        "{} has no {MANIFEST}: it was not made by 'export'",
        file.display()
    )
}

/// Hands over path, size and content of each file; an error names its file.
fn for_each_file(
    file: &Path,
    mut take: impl FnMut(&str, u64, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let mut tar = open_tar(file)?;
    for entry in tar.entries()? {
        let mut entry = entry.with_context(|| format!("{} is damaged", file.display()))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let is_file = entry.header().entry_type().is_file();
        if let Some(path) = path
            .strip_prefix(FOLDER)
            .filter(|path| is_file && !path.is_empty())
        {
            let size = entry.size();
            take(path, size, &mut entry)
                .with_context(|| format!("nothing was imported: {path}"))?;
        }
    }
    Ok(())
}

fn open_tar(file: &Path) -> Result<tar::Archive<BufReader<File>>> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(tar::Archive::new(BufReader::new(opened)))
}

fn put(entry: &Entry, content: &mut dyn Read) -> Result<Put> {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes)?;
    let path = FilePath::parse(&entry.path).map_err(|rule| anyhow::anyhow!("the path {rule}"))?;
    let put = Put::new(path, entry.modified, None, bytes);
    ensure!(
        Checksum::parse(&entry.checksum) == Some(put.checksum),
        "does not match its checksum"
    );
    Ok(put)
}
