//! `POST /v1/projects/:id/sync`

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use base64_simd::STANDARD_NO_PAD;
use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::handlers::delete::remove_deleted;
use crate::api::moment::moment;
use crate::api::request::{device, file_path};
use crate::api::response::ok_json;
use crate::api::waiting::{Publication, with_news};
use crate::domain::key::Scope;
use crate::domain::{
    Checksum, Content, Delete, FilePath, MAX_GIT_REPO, MAX_NAME, ProjectId, Push, Put, Rev,
};
use crate::store::{Applied, PushTo, Retention};
use crate::wire::body::{BodyError, Object};
use crate::wire::portability::warnings;
use crate::wire::push::{Deletion, Metadata, PushRequest, PushedFile};
use crate::wire::pushed::PushAnswer;

/// How long a push, once in ten minutes for a project, may remove what is left of deleted projects.
const REMOVAL_TIME: Duration = Duration::from_millis(200);

/// Stores changed and deleted files, whole or not at all.
///
/// 200 with what became of each path. 403 for a deletion with a key that must not delete; 409 when an entry with `base` met a newer version;
/// 400, 413 and 422 for what breaks a rule; 507 when the project or the disk is full.
pub fn push(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
    id: &ProjectId,
    body: Vec<u8>,
) -> Result<Response<Vec<u8>>, Error> {
    let device = device(caller, head.headers());
    let mut checked = check(&body, device, app.settings.max_file_size()?)?;
    drop(body);
    checked.push.key = caller.device_key().map(|key| key.number);
    if !checked.push.deletes.is_empty() {
        caller.require(Scope::Write)?;
    }
    let rules = app.settings.rules()?;
    let now_us = moment(app)?;
    let to = PushTo::new(id, now_us, &rules);
    let applied = app.database.apply(&checked.push, &to)?;
    if applied.prune_is_due {
        prune(app, id, now_us);
        remove_deleted(app, REMOVAL_TIME);
    }
    let CheckedPush {
        push,
        synced,
        deleted,
    } = checked;
    let news = Publication::of(id, &applied, push.device.as_deref());
    // Its memory is for the answer.
    drop(push);
    let answer = describe(applied, synced, deleted).to_json();
    Ok(with_news(ok_json(answer), news.as_ref()))
}

/// In transactions of its own: the push is stored, so a failure here is not the client's.
fn prune(app: &App, id: &ProjectId, now_us: Rev) {
    let pruned = retention(app).and_then(|retention| {
        app.database
            .with(|store| Ok(store.prune(id, retention, now_us)?))
    });
    if let Err(error) = pruned {
        eprintln!("warning: old content was not pruned: {}", error.reason());
    }
}

fn retention(app: &App) -> Result<Retention, Error> {
    Ok(Retention {
        days: app.settings.history_days()?,
        versions: app.settings.history_versions()?,
        deleted_days: app.settings.history_deleted_days()?,
    })
}

fn describe(applied: Applied, synced: usize, deleted: usize) -> PushAnswer {
    PushAnswer {
        synced,
        deleted,
        conflicts: applied.replaced.into_iter().map(Into::into).collect(),
        previous_cursor: applied.previous.to_string(),
        cursor: applied.cursor.to_string(),
        results: applied.outcomes.into_iter().map(Into::into).collect(),
        warnings: warnings(applied.unportable),
    }
}

/// A push that passed every rule which needs no database.
#[derive(Debug)]
pub struct CheckedPush {
    /// What to store.
    pub push: Push,
    /// Entries of `files` as sent.
    pub synced: usize,
    /// Entries of `deletions` as sent.
    pub deleted: usize,
}

/// Checks every rule that needs no database; a file has at most `max_file_size` bytes.
///
/// 400, 413 and 422 for what breaks one.
pub fn check(
    body: &[u8],
    device: Option<String>,
    max_file_size: usize,
) -> Result<CheckedPush, Error> {
    let request = PushRequest::parse(body)?;
    let deletions = request.deletions.unwrap_or_default();
    let (synced, deleted) = (request.files.len(), deletions.len());
    let mut push = Push {
        device,
        ..Push::default()
    };
    if let Some(Object(metadata)) = request.metadata {
        check_metadata(metadata, &mut push)?;
    }
    let mut seen = HashMap::new();
    for put in check_files(request.files, max_file_size)? {
        add_put(&mut push, &mut seen, put)?;
    }
    for deletion in deletions {
        add_delete(&mut push, &mut seen, check_deletion(deletion)?)?;
    }
    Ok(CheckedPush {
        push,
        synced,
        deleted,
    })
}

fn check_metadata(metadata: Metadata, push: &mut Push) -> Result<(), Error> {
    let bounded = |text: Option<Cow<str>>, field: &str, limit: usize| match text {
        Some(text) if text.chars().count() > limit => Err(Error::BadBody(BodyError::BadField(
            format!("metadata.{field}: must have at most {limit} characters."),
        ))),
        text => Ok(text.filter(|text| !text.is_empty()).map(Cow::into_owned)),
    };
    push.name = bounded(metadata.name, "name", MAX_NAME)?;
    push.git_repo = bounded(metadata.git_repo, "gitRepo", MAX_GIT_REPO)?;
    Ok(())
}

fn check_files(files: Vec<Object<PushedFile>>, max_file_size: usize) -> Result<Vec<Put>, Error> {
    let contents = files
        .iter()
        .map(|Object(file)| decode(file, max_file_size))
        .collect::<Result<Vec<_>, _>>()?;
    let checksums = Checksum::of_each(&contents);
    files
        .into_iter()
        .zip(contents.into_iter().zip(checksums))
        .map(|(Object(file), (content, checksum))| check_file(file, content, checksum))
        .collect()
}

fn check_file(file: PushedFile, content: Vec<u8>, checksum: Checksum) -> Result<Put, Error> {
    let path = file_path(&file.path)?;
    if Checksum::parse(&file.checksum) != Some(checksum) {
        return Err(Error::ChecksumMismatch {
            path: path.to_string(),
        });
    }
    Ok(Put {
        path,
        checksum,
        modified: file.modified,
        base: file.base,
        size: content.len() as u64,
        content: Content::New(content),
    })
}

/// Padding is optional, as for most decoders.
fn decode(file: &PushedFile, limit_bytes: usize) -> Result<Vec<u8>, Error> {
    let path = || file.path.clone().into_owned();
    let content = STANDARD_NO_PAD
        .decode_to_vec(file.content.trim_end_matches('='))
        .map_err(|_| Error::BadBase64 { path: path() })?;
    if content.len() > limit_bytes {
        Err(Error::FileTooLarge {
            path: path(),
            limit_bytes,
        })
    } else {
        Ok(content)
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

fn add_put(push: &mut Push, seen: &mut Seen, put: Put) -> Result<(), Error> {
    if is_new(seen, &put.path, (Some(put.checksum), put.base))? {
        push.puts.push(put);
    }
    Ok(())
}

fn add_delete(push: &mut Push, seen: &mut Seen, delete: Delete) -> Result<(), Error> {
    if is_new(seen, &delete.path, (None, delete.base))? {
        push.deletes.push(delete);
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
