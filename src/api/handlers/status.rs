//! `GET /v1/projects/:id/status`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::etag;
use crate::api::response::ok;
use crate::domain::{Cursor, ProjectId, Rev, TreeDigest};
use crate::store::{self, Project};
use crate::wire::project::ProjectStatus;

/// Answers counts, the time of the last change, and the digest of all live files.
///
/// 200, or 304 when nothing changed: an unknown project is an empty one.
pub fn status(app: &App, head: &Request<()>, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let status = app.database.with(|store| match store.project(id)? {
        Some(project) => Ok::<_, store::Error>(describe(&project)),
        None => store.deleted_at(id).map(empty),
    })?;
    // Names are counted without a change, once.
    let state = format!(
        "{} {:?} {:?}",
        status.cursor, status.unportable, status.deleted_at
    );
    etag::respond_by_state(head, &state, || Ok(ok(&status)))
}

fn describe(project: &Project) -> ProjectStatus {
    ProjectStatus {
        last_sync: project.head,
        file_count: project.file_count,
        total_size: project.total_size,
        cursor: project.cursor().to_string(),
        digest: project.digest.to_string(),
        unportable: project.unportable,
        deleted_at: None,
    }
}

fn empty(deleted_at: Option<Rev>) -> ProjectStatus {
    ProjectStatus {
        last_sync: None,
        file_count: 0,
        total_size: 0,
        cursor: Cursor::BEGINNING.to_string(),
        digest: TreeDigest::default().to_string(),
        unportable: Some(0),
        deleted_at,
    }
}
