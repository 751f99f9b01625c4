//! `DELETE /v1/projects/:id`

use http::Response;

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::publication::{Publication, with_news};
use crate::api::response::ok;
use crate::domain::ProjectId;
use crate::wire::project::DeletedProject;

/// Deletes all data of a project, history included, and answers how many live files it had.
///
/// 200 also for an unknown project, with 0.
pub fn delete(app: &App, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let deleted = app.database.with(|store| store.delete_project(id))?;
    let news = Publication::of_deletion(id);
    Ok(with_news(ok(&DeletedProject { deleted }), Some(&news)))
}
