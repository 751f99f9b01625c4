//! `POST /v1/projects/:id/diff`

use std::collections::BTreeMap;

use http::Response;

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::request::file_path;
use crate::api::response::ok;
use crate::domain::diff::{LocalFile, Verdict, judge};
use crate::domain::spellings::Spellings;
use crate::domain::{Checksum, Cursor, FilePath, ProjectId, SyncFolders, TreeDigest, Version};
use crate::store::{Claim, Project, Store};
use crate::wire::body::{BodyError, Object};
use crate::wire::diff::{Clash, DeleteLocal, Diff, DiffConflict, DiffRequest, Upload};
use crate::wire::version::LiveFile;

/// Versions read at once.
const STEP_VERSIONS: u32 = 10_000;

/// The device's files by path, shrinking as the server's side is read.
pub type Locals = BTreeMap<FilePath, LocalFile>;

/// Compares all files of a device with the project and tells what to upload, download and delete, what
/// both sides changed, and what a push would refuse: files outside of the folders that are synced, and files that clash with a folder.
/// Stores nothing. Names that differ only in how an accent is written are one name.
///
/// 200; 400 and 422 for a body that breaks a rule.
pub fn diff(app: &App, id: &ProjectId, body: Vec<u8>) -> Result<Response<Vec<u8>>, Error> {
    let mut locals = check(&DiffRequest::parse(&body)?)?;
    drop(body);
    let folders = app.settings.rules()?.folders;
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
        set_aside(&folders, &mut diff)?;
        for path in locals.into_keys() {
            if folders.contain(&path) {
                diff.upload.push(new_file(path));
            } else {
                diff.not_synced.push(path.to_string());
            }
        }
        if let Some(project) = &project {
            set_clashes_aside(store, project.number, &mut diff)?;
        }
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
    let spellings = Spellings::of(locals.iter());
    let (mut after, mut spelled) = (String::new(), Vec::new());
    loop {
        let entries = store.tree(project, &after, STEP_VERSIONS, true)?;
        let Some(last) = entries.last() else { break };
        after.clone_from(&last.path);
        let mut pairs = Vec::new();
        for entry in entries {
            match locals.remove(&file_path(&entry.path)?) {
                // Only when all exact matches are known.
                None if !spellings.get(&entry.path).is_empty() => spelled.push(entry),
                local => pairs.push(Pair::exact(entry, local)),
            }
        }
        sort_out(store, project, pairs, diff)?;
    }
    let pairs = spelled
        .into_iter()
        .map(|entry| Pair::spelled(entry, &spellings, locals));
    sort_out(store, project, pairs.collect(), diff)
}

/// What the server has of a path, and what the device has of it.
struct Pair {
    entry: Version,
    local: Option<LocalFile>,
    /// As the device spells the path, if not as the server does.
    device_path: Option<String>,
}

impl Pair {
    fn exact(entry: Version, local: Option<LocalFile>) -> Self {
        Self {
            entry,
            local,
            device_path: None,
        }
    }

    /// Takes a file of the same name in another spelling. One that belongs to another path of the
    /// server counts when it has the same content, since a Mac has but one file of both.
    fn spelled(entry: Version, spellings: &Spellings, locals: &mut Locals) -> Self {
        let files = spellings.get(&entry.path);
        let free = files.iter().find(|(path, _)| locals.contains_key(path));
        let same = |(_, file): &&(FilePath, LocalFile)| Some(file.checksum) == entry.checksum;
        let found = free.or_else(|| files.iter().find(same));
        if let Some((path, _)) = found {
            locals.remove(path);
        }
        Self {
            local: found.map(|(_, file)| *file),
            device_path: found.map(|(path, _)| path.to_string()),
            entry,
        }
    }

    fn upload(self) -> Upload {
        Upload {
            path: self.entry.path,
            base: self.entry.rev,
            device_path: self.device_path,
        }
    }

    fn download(self) -> LiveFile {
        LiveFile {
            device_path: self.device_path,
            ..self.entry.into()
        }
    }

    fn delete_local(self) -> DeleteLocal {
        DeleteLocal {
            path: self.entry.path,
            rev: self.entry.rev,
            device_path: self.device_path,
        }
    }

    fn conflict(self) -> DiffConflict {
        DiffConflict {
            path: self.entry.path.clone(),
            base: self.local.and_then(|local| local.base),
            current: self.entry.into(),
            device_path: self.device_path,
        }
    }
}

fn sort_out(store: &Store, project: i64, pairs: Vec<Pair>, diff: &mut Diff) -> Result<(), Error> {
    let (mut differing, mut claims) = (Vec::new(), Vec::new());
    for pair in pairs {
        match (judge(pair.local, &pair.entry), pair.local) {
            (Verdict::Unchanged, _) => diff.unchanged += 1,
            (Verdict::Download, _) => diff.download.push(pair.download()),
            (Verdict::Upload, _) => diff.upload.push(pair.upload()),
            (Verdict::AskHistory, Some(local)) => {
                claims.push(Claim {
                    rev: pair.entry.rev,
                    checksum: local.checksum,
                    since: local.base.unwrap_or(0),
                });
                differing.push(pair);
            }
            (Verdict::AskHistory, None) | (Verdict::Gone, _) => {}
        }
    }
    let behind = store.had_since(project, &claims)?;
    for (pair, is_behind) in differing.into_iter().zip(behind) {
        match (is_behind, pair.entry.is_deletion()) {
            (true, false) => diff.download.push(pair.download()),
            (true, true) => diff.delete_local.push(pair.delete_local()),
            (false, _) => diff.conflict.push(pair.conflict()),
        }
    }
    Ok(())
}

/// Takes out edits that a push would be refused for.
fn set_aside(folders: &SyncFolders, diff: &mut Diff) -> Result<(), Error> {
    for upload in std::mem::take(&mut diff.upload) {
        let path = upload.device_path.as_deref().unwrap_or(&upload.path);
        if folders.contain(&file_path(path)?) {
            diff.upload.push(upload);
        } else {
            diff.not_synced.push(path.to_owned());
        }
    }
    Ok(())
}

/// Takes out files that cannot be stored beside another.
fn set_clashes_aside(store: &Store, project: i64, diff: &mut Diff) -> Result<(), Error> {
    let paths = diff.upload.iter().map(|upload| file_path(&upload.path));
    let obstacles = store.obstacles(project, &paths.collect::<Result<Vec<_>, _>>()?)?;
    for upload in std::mem::take(&mut diff.upload) {
        match obstacles.get(&upload.path) {
            None => diff.upload.push(upload),
            Some(other) => diff.clash.push(Clash {
                path: upload.device_path.unwrap_or(upload.path),
                other: other.clone(),
            }),
        }
    }
    Ok(())
}

/// A file of which the server never had anything.
fn new_file(path: FilePath) -> Upload {
    Upload {
        path: path.to_string(),
        base: 0,
        device_path: None,
    }
}
