//! `POST /v1/projects/:id/sync`

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use base64_simd::STANDARD_NO_PAD;
use http::{HeaderMap, Response};

use super::{Body, device, file_path, now_us, ok, read};
use crate::error::Error;
use crate::project::{Checksum, FilePath, ProjectId, Rev};
use crate::settings;
use crate::store::Store;
use crate::sync::{Batch, Delete, Put};
use crate::wire::Object;
use crate::wire::push::{Deletion, File, Metadata, Push, Pushed};

/// Stores a batch of changed and deleted files, whole or not at all.
///
/// 200 with what became of each path. 409 when an entry with `base` met a newer version;
/// 400, 413 and 422 for what breaks a rule; 507 when the project or the disk is full.
pub fn push(
    id: &ProjectId,
    headers: &HeaderMap,
    body: impl Body,
) -> Result<Response<Vec<u8>>, Error> {
    let body = read(headers, body)?;
    let batch = check(&body, device(headers), settings::max_file_size()?)?;
    drop(body);
    let applied = Store::push(id, &batch, now_us(), settings::max_files_per_project()?)?;
    Ok(ok(&Pushed {
        synced: batch.synced,
        deleted: batch.deleted,
        conflicts: applied.replaced,
        cursor: applied.cursor.to_string(),
        results: applied.outcomes,
    }))
}

/// Every rule that can be checked without the database; a file has at most `max_file_size` bytes.
///
/// 400, 413 and 422 for what breaks one.
pub fn check(body: &[u8], device: Option<String>, max_file_size: usize) -> Result<Batch, Error> {
    let push = Push::parse(body)?;
    let deletions = push.deletions.unwrap_or_default();
    let mut batch = Batch {
        device,
        synced: push.files.len(),
        deleted: deletions.len(),
        ..Batch::default()
    };
    if let Some(Object(metadata)) = push.metadata {
        check_metadata(metadata, &mut batch)?;
    }
    let mut seen = HashMap::new();
    for Object(file) in push.files {
        add_put(&mut batch, &mut seen, check_file(file, max_file_size)?)?;
    }
    for deletion in deletions {
        add_delete(&mut batch, &mut seen, check_deletion(deletion)?)?;
    }
    Ok(batch)
}

fn check_metadata(metadata: Metadata, batch: &mut Batch) -> Result<(), Error> {
    let bounded = |text: Option<Cow<str>>, field: &str, limit: usize| match text {
        Some(text) if text.chars().count() > limit => Err(Error::BadField(format!(
            "metadata.{field}: must have at most {limit} characters."
        ))),
        text => Ok(text.filter(|text| !text.is_empty()).map(Cow::into_owned)),
    };
    batch.name = bounded(metadata.name, "name", 256)?;
    batch.git_repo = bounded(metadata.git_repo, "gitRepo", 2048)?;
    Ok(())
}

fn check_file(file: File, max_file_size: usize) -> Result<Put, Error> {
    let path = file_path(&file.path)?;
    let put = Put::new(
        path,
        file.modified,
        file.base,
        decode(&file, max_file_size)?,
    );
    match Checksum::parse(&file.checksum) == Some(put.checksum) {
        true => Ok(put),
        false => Err(Error::ChecksumMismatch {
            path: put.path.to_string(),
        }),
    }
}

/// Padding is optional, as for most decoders.
fn decode(file: &File, limit_bytes: usize) -> Result<Vec<u8>, Error> {
    let path = || file.path.clone().into_owned();
    let content = STANDARD_NO_PAD
        .decode_to_vec(file.content.trim_end_matches('='))
        .map_err(|_| Error::BadBase64 { path: path() })?;
    match content.len() > limit_bytes {
        true => Err(Error::FileTooLarge {
            path: path(),
            limit_bytes,
        }),
        false => Ok(content),
    }
}

fn check_deletion(deletion: Deletion) -> Result<Delete, Error> {
    let (path, base) = match deletion {
        Deletion::Path(path) => (path, None),
        Deletion::Entry(Object(entry)) => (entry.path, entry.base),
    };
    Ok(Delete {
        path: file_path(&path)?,
        base,
    })
}

/// What was wanted of a path of this push so far: its content, or none for a deletion, and the base.
type Seen = HashMap<FilePath, (Option<Checksum>, Option<Rev>)>;

fn add_put(batch: &mut Batch, seen: &mut Seen, put: Put) -> Result<(), Error> {
    if is_new(seen, &put.path, (Some(put.checksum), put.base))? {
        batch.puts.push(put);
    }
    Ok(())
}

fn add_delete(batch: &mut Batch, seen: &mut Seen, delete: Delete) -> Result<(), Error> {
    if is_new(seen, &delete.path, (None, delete.base))? {
        batch.deletes.push(delete);
    }
    Ok(())
}

/// The same path twice is one entry when both want the same.
fn is_new(
    seen: &mut Seen,
    path: &FilePath,
    wanted: (Option<Checksum>, Option<Rev>),
) -> Result<bool, Error> {
    match seen.entry(path.clone()) {
        Entry::Vacant(entry) => {
            entry.insert(wanted);
            Ok(true)
        }
        Entry::Occupied(entry) if *entry.get() == wanted => Ok(false),
        Entry::Occupied(_) => Err(Error::DuplicatePath {
            path: path.to_string(),
        }),
    }
}
