//! `POST /v1/projects/:id/diff`

use std::collections::BTreeMap;

use http::Response;

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::request::file_path;
use crate::api::response::ok;
use crate::domain::diff::{LocalFile, Verdict, judge};
use crate::domain::{Checksum, Cursor, FilePath, ProjectId, Rev, TreeDigest, Version};
use crate::store::{Claim, Project, Store};
use crate::wire::body::{BodyError, Object};
use crate::wire::diff::{DeleteLocal, Diff, DiffConflict, DiffRequest, Upload};

/// Versions read at once.
const STEP: u32 = 10_000;

/// The device's files by path, shrinking as the server's side is read.
pub type Locals = BTreeMap<FilePath, LocalFile>;

/// Compares all files of a device with the project and tells what to upload, download and delete, and
/// what both sides changed. Stores nothing.
///
/// 200; 400 and 422 for a body that breaks a rule.
pub fn diff(app: &App, id: &ProjectId, body: Vec<u8>) -> Result<Response<Vec<u8>>, Error> {
    let mut locals = check(&DiffRequest::parse(&body)?)?;
    drop(body);
    app.database.read(|store| {
        let project = store.project(id)?;
        let mut diff = Diff {
            cursor: project
                .as_ref()
                .map_or(Cursor::BEGINNING, Project::cursor)
                .to_string(),
            digest: project
                .as_ref()
                .map_or(TreeDigest::default(), |project| project.digest)
                .to_string(),
            ..Diff::default()
        };
        if let Some(project) = &project {
            compare(store, project.number, &mut locals, &mut diff)?;
        }
        diff.upload
            .extend(locals.into_keys().map(|path| upload(path, 0)));
        Ok(ok(&diff))
    })
}

/// The rules for the device's side: sound paths, each once, with sound checksums.
///
/// 400 and 422 for what breaks one.
pub fn check(request: &DiffRequest) -> Result<Locals, Error> {
    let mut locals = Locals::new();
    for (index, Object(file)) in request.files.iter().enumerate() {
        let path = file_path(&file.path)?;
        let no_checksum = || {
            let rule = format!("files[{index}].checksum: must be 64 hex digits.");
            Error::BadBody(BodyError::BadField(rule))
        };
        let checksum = Checksum::parse(&file.checksum).ok_or_else(no_checksum)?;
        let local = LocalFile {
            checksum,
            base: file.base,
        };
        let earlier = locals.insert(path, local);
        if earlier.is_some_and(|earlier| earlier != local) {
            return Err(Error::DuplicatePath {
                path: file.path.to_string(),
            });
        }
    }
    Ok(locals)
}

fn compare(store: &Store, project: i64, locals: &mut Locals, diff: &mut Diff) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let entries = store.tree(project, &after, STEP, true)?;
        let Some(last) = entries.last() else {
            return Ok(());
        };
        after.clone_from(&last.path);
        compare_step(store, project, entries, locals, diff)?;
    }
}

fn compare_step(
    store: &Store,
    project: i64,
    entries: Vec<Version>,
    locals: &mut Locals,
    diff: &mut Diff,
) -> Result<(), Error> {
    let mut differing = Vec::new();
    for entry in entries {
        let path = file_path(&entry.path)?;
        let local = locals.remove(&path);
        match (judge(local, &entry), local) {
            (Verdict::Unchanged, _) => diff.unchanged += 1,
            (Verdict::Download, _) => diff.download.push(entry.into()),
            (Verdict::Upload, _) => diff.upload.push(upload(path, entry.rev)),
            (Verdict::AskHistory, Some(local)) => differing.push((entry, local)),
            (Verdict::AskHistory, None) | (Verdict::Gone, _) => {}
        }
    }
    let claims: Vec<_> = differing
        .iter()
        .map(|(entry, local)| Claim {
            rev: entry.rev,
            checksum: local.checksum,
            since: local.base.unwrap_or(0),
        })
        .collect();
    let behind = store.had_since(project, &claims)?;
    for ((entry, local), is_behind) in differing.into_iter().zip(behind) {
        match (is_behind, entry.checksum) {
            (true, Some(_)) => diff.download.push(entry.into()),
            (true, None) => diff.delete_local.push(DeleteLocal {
                path: entry.path,
                rev: entry.rev,
            }),
            (false, _) => diff.conflict.push(conflict(entry, local)),
        }
    }
    Ok(())
}

fn upload(path: FilePath, base: Rev) -> Upload {
    Upload {
        path: path.to_string(),
        base,
    }
}

fn conflict(entry: Version, local: LocalFile) -> DiffConflict {
    DiffConflict {
        path: entry.path.clone(),
        base: local.base,
        current: entry.into(),
    }
}
