//! `DELETE /v1/projects/:id`

use std::time::Duration;

use http::Response;

use crate::api::app::App;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::failure::with_causes;
use crate::api::response::ok;
use crate::api::waiting::{Publication, with_news};
use crate::domain::ProjectId;
use crate::wire::project::DeletedProject;

/// Deletes all data of a project, history included, and answers how many live files it had.
///
/// 200 also for an unknown project, with 0. What cannot be removed from the disk now, later requests
/// remove.
pub fn delete(app: &App, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let deleted = app
        .database
        .with(|store| store.delete_project(id, now_us()))?;
    remove_deleted(app, Duration::MAX);
    let news = Publication::of_deletion(id);
    Ok(with_news(ok(&DeletedProject { deleted }), Some(&news)))
}

/// Removes what is left of deleted projects, for about as long as `at_most`. They are deleted, so a
/// failure here is not the client's.
pub(super) fn remove_deleted(app: &App, at_most: Duration) {
    let removed = app.database.with(|store| store.remove_deleted(at_most));
    if let Err(error) = removed {
        let error = with_causes(&error);
        eprintln!("warning: a deleted project is not removed from the disk yet: {error}");
    }
}
