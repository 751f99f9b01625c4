//! `GET /v1/projects/:id/history`

use http::{Request, Response};

use super::{limit, ok, parameter};
use crate::error::Error;
use crate::project::{FilePath, ProjectId, Rev};
use crate::store::{self, Store};
use crate::wire::history::{History, Version};

/// Lists the versions of `path`, newest first; `before` a rev, at most `limit`.
///
/// 200 also for a path that never was: it has no versions.
pub fn history(id: &ProjectId, head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    let path = parameter(head, "path")
        .ok_or_else(|| Error::BadRequest("Say which file: history?path=<path>.".to_owned()))?;
    let path = super::file_path(&path)?;
    let (limit, before) = (limit(head), before(head)?);
    let mut versions = Store::read(|store| match store.project(id)? {
        Some(project) => store.versions(project.number, &path, before, limit + 1),
        None => Ok(Vec::new()),
    })?;
    let has_more = versions.len() > limit as usize;
    versions.truncate(limit as usize);
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

fn describe(path: &FilePath, versions: Vec<store::Version>, has_more: bool) -> History {
    let version = |version: store::Version| Version {
        rev: version.rev,
        op: super::op(version.checksum.as_ref()),
        checksum: version.checksum.map(|checksum| checksum.to_string()),
        size: version.size,
        modified: version.modified,
        stored_at: version.rev,
        device: version.device,
        available: version.content.is_some(),
    };
    History {
        path: path.to_string(),
        versions: versions.into_iter().map(version).collect(),
        has_more,
    }
}
