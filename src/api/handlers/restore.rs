//! `POST /v1/projects/:id/restore`

use http::Response;

use crate::api::app::App;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::moment::moment;
use crate::api::request::file_path;
use crate::api::response::ok_json;
use crate::api::waiting::{Publication, with_news};
use crate::domain::{Cursor, FilePath, Outcome, ProjectId, Rev};
use crate::store::{PushTo, RestoreTo, Restored};
use crate::wire::body::BodyError;
use crate::wire::portability::warnings;
use crate::wire::restore::{RestoreAnswer, RestoreRequest, RestoredPath};

/// Restores one version of one path, or the project as it was at a moment. What is restored is a
/// new version of `device`, so it syncs like an edit; with `dry_run` nothing is stored. A file whose version at
/// that moment was purged stays as it is.
///
/// 404 for a version that never was and for a moment before the first one, 409 when the file or the project has changed since the
/// client saw it, 410 when a content is no longer kept, 422 when a restored path clashes with another, or is not synced any more.
pub fn restore(
    app: &App,
    id: &ProjectId,
    device: Option<String>,
    body: &[u8],
) -> Result<Response<Vec<u8>>, Error> {
    let request = RestoreRequest::parse(body)?;
    let dry_run = request.dry_run;
    let past = restore_to(request)?;
    let rules = app.settings.rules()?;
    let now_us = if dry_run { now_us() } else { moment(app)? };
    let to = PushTo::new(id, now_us, &rules);
    let restored = app
        .database
        .with(|store| store.restore(&past, device.clone(), &to, dry_run))?;
    let news = Publication::of(id, &restored.applied, device.as_deref()).filter(|_| !dry_run);
    let answer = describe(restored, dry_run).to_json();
    Ok(with_news(ok_json(answer), news.as_ref()))
}

/// What a request asks for: 400 and 422 for what breaks a rule.
pub fn restore_to(request: RestoreRequest) -> Result<RestoreTo, Error> {
    let (base, seen) = (request.base, request.cursor);
    match (request.path, request.rev, request.at, request.paths) {
        (Some(path), Some(rev), None, None) if seen.is_none() => Ok(RestoreTo::Version {
            path: file_path(&path)?,
            rev,
            base,
        }),
        (None, None, Some(at), paths) if base.is_none() => Ok(RestoreTo::Moment {
            at: at.as_micros("at")?,
            paths: paths.map(file_paths).transpose()?,
            cursor: seen.as_deref().map(cursor).transpose()?,
        }),
        _ => Err(bad_field(
            "body: say either path and rev, which may go with base, or at, which may go with paths and cursor.".to_owned(),
        )),
    }
}

fn cursor(text: &str) -> Result<Cursor, Error> {
    let rule = || bad_field("cursor: must be the cursor of an earlier answer.".to_owned());
    let parsed = Cursor::parse(text).map_err(|_| rule())?;
    Ok(parsed.unwrap_or(Cursor::BEGINNING))
}

fn bad_field(rule: String) -> Error {
    Error::BadBody(BodyError::BadField(rule))
}

fn file_paths(paths: Vec<std::borrow::Cow<str>>) -> Result<Vec<FilePath>, Error> {
    paths.iter().map(|path| file_path(path)).collect()
}

fn describe(restored: Restored, dry_run: bool) -> RestoreAnswer {
    let applied = restored.applied;
    let path = |(outcome, source): (Outcome, Option<Rev>)| RestoredPath {
        path: outcome.path,
        status: outcome.status.into(),
        from_rev: source,
        rev: outcome.rev.filter(|_| !dry_run),
    };
    RestoreAnswer {
        dry_run,
        cursor: applied.cursor.to_string(),
        results: (applied.outcomes.into_iter().zip(restored.sources))
            .map(path)
            .collect(),
        purged: restored.purged,
        warnings: warnings(applied.unportable),
    }
}
