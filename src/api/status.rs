//! `GET /v1/projects/:id/status`

use http::Response;

use super::ok;
use crate::cursor;
use crate::error::Error;
use crate::project::{ProjectId, TreeDigest};
use crate::store::Store;
use crate::wire::Status;

/// Answers counts, the time of the last change, and the digest of all live files.
///
/// 200 always: an unknown project is an empty one.
pub fn status(id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let project = Store::with(|store| store.project(id))?;
    Ok(ok(&match project {
        Some(project) => Status {
            last_sync: project.head,
            file_count: project.file_count,
            total_size: project.total_size,
            cursor: project.cursor().to_string(),
            digest: project.digest.to_string(),
        },
        None => Status {
            last_sync: None,
            file_count: 0,
            total_size: 0,
            cursor: cursor::BEGINNING.to_owned(),
            digest: TreeDigest::default().to_string(),
        },
    }))
}
