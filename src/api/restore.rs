//! `POST /v1/projects/:id/restore`

use chrono::DateTime;
use http::{HeaderMap, Response};

use super::{Body, device, now_us, ok, read};
use crate::error::Error;
use crate::project::{FilePath, ProjectId, Rev};
use crate::settings;
use crate::store::{Applied, Moment, Store};
use crate::wire::history::{At, Outcome, Restore, Restored};

/// Brings back one version of one path, or the project as it was at a moment. What comes back is a
/// new version, so it syncs like an edit; with `dry_run` nothing is stored.
///
/// 404 for a version that never was and for a moment before the first one, 410 when a content is no longer kept, 422 when a path
/// that comes back is in another's way.
pub fn restore(
    id: &ProjectId,
    headers: &HeaderMap,
    body: impl Body,
) -> Result<Response<Vec<u8>>, Error> {
    let body = read(headers, body)?;
    let request = Restore::parse(&body)?;
    let dry_run = request.dry_run;
    let moment = moment(request)?;
    let max_files = settings::max_files_per_project()?;
    let (applied, sources) =
        Store::restore(id, &moment, device(headers), now_us(), max_files, dry_run)?;
    Ok(ok(&describe(applied, &sources, dry_run)))
}

/// What a request asks for: 400 and 422 for what breaks a rule.
pub fn moment(request: Restore) -> Result<Moment, Error> {
    match (request.path, request.rev, request.at, request.paths) {
        (Some(path), Some(rev), None, None) => Ok(Moment::Version(super::file_path(&path)?, rev)),
        (None, None, Some(at), paths) => {
            Ok(Moment::Time(time(&at)?, paths.map(file_paths).transpose()?))
        }
        _ => Err(Error::BadField(
            "body: say either path and rev, or at, which may go with paths and dry_run.".to_owned(),
        )),
    }
}

fn file_paths(paths: Vec<std::borrow::Cow<str>>) -> Result<Vec<FilePath>, Error> {
    paths.iter().map(|path| super::file_path(path)).collect()
}

/// A moment as a rev.
fn time(at: &At) -> Result<Rev, Error> {
    match at {
        At::Millis(millis) if (0.0..9e15).contains(millis) => Ok((millis * 1000.0).round() as Rev),
        At::Text(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(time) => Ok(time.timestamp_micros()),
            Err(error) => Err(Error::BadField(format!(
                "at: {error}: use a time such as 2026-11-22T10:00:00Z."
            ))),
        },
        At::Millis(_) => Err(Error::BadField(
            "at: must be milliseconds since 1970.".to_owned(),
        )),
    }
}

fn describe(applied: Applied, sources: &[Option<Rev>], dry_run: bool) -> Restored {
    let outcomes = applied.outcomes.into_iter().zip(sources);
    let outcome = |(outcome, source): (crate::wire::push::Outcome, &Option<Rev>)| Outcome {
        path: outcome.path,
        status: outcome.status,
        from_rev: *source,
        rev: outcome.rev.filter(|_| !dry_run),
    };
    Restored {
        dry_run,
        cursor: applied.cursor.to_string(),
        results: outcomes.map(outcome).collect(),
    }
}
