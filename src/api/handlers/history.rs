//! `GET /v1/projects/:id/history`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::request::{cut, file_path, limit, parameter};
use crate::api::response::ok;
use crate::domain::{FilePath, ProjectId, Rev};
use crate::store::StoredVersion;
use crate::wire::history::{HistoryPage, HistoryVersion};

/// Lists the versions of `path`, newest first; `before` a rev, at most `limit`.
///
/// 200 also for a path that never was: it has no versions.
pub fn history(app: &App, head: &Request<()>, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let path = parameter(head, "path")
        .ok_or_else(|| Error::BadRequest("Say which file: history?path=<path>.".to_owned()))?;
    let path = file_path(&path)?;
    let (limit, before) = (limit(head), before(head)?);
    let mut versions = app.database.read(|store| match store.project(id)? {
        Some(project) => store.versions(project.number, &path, before, limit + 1),
        None => Ok(Vec::new()),
    })?;
    let has_more = cut(&mut versions, limit);
    Ok(ok(&describe(&path, versions, has_more)))
}

fn before(head: &Request<()>) -> Result<Rev, Error> {
    match parameter(head, "before") {
        None => Ok(Rev::MAX),
        Some(rev) => rev
            .parse()
            .map_err(|_| Error::BadRequest("'before' must be the rev of a version.".to_owned())),
    }
}

fn describe(path: &FilePath, versions: Vec<StoredVersion>, has_more: bool) -> HistoryPage {
    let version =
        |stored: StoredVersion| HistoryVersion::new(stored.version, stored.content.is_some());
    HistoryPage {
        path: path.to_string(),
        versions: versions.into_iter().map(version).collect(),
        has_more,
    }
}
