//! `DELETE /v1/projects/:id`

use http::Response;

use super::ok;
use crate::error::Error;
use crate::project::ProjectId;
use crate::store::Store;
use crate::wire::Deleted;

/// Deletes all data of a project, history included, and answers how many live files it had.
///
/// 200 also for an unknown project, with 0.
pub fn delete(id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    Ok(ok(&Deleted {
        deleted: Store::delete(id)?,
    }))
}
