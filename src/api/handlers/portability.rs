//! `GET /v1/projects/:id/portability`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::request::{limit_of_entries, parameter};
use crate::api::response::ok;
use crate::domain::ProjectId;
use crate::store::UnportablePage;
use crate::wire::portability::UnportableNames;

/// Lists the names of files and folders after the name `after` that some system cannot hold. Names
/// that are one with each other are neighbours.
///
/// 200 also for an unknown project: it has no names.
pub fn portability(
    app: &App,
    head: &Request<()>,
    id: &ProjectId,
) -> Result<Response<Vec<u8>>, Error> {
    let after = parameter(head, "after").unwrap_or_default();
    let limit = limit_of_entries(head) as usize;
    app.database.with(|store| store.list_names(id))?;
    let page = app.database.read(|store| match store.project(id)? {
        Some(project) if project.unportable != Some(0) => {
            store.unportable_names(project.number, &after, limit)
        }
        _ => Ok(UnportablePage::default()),
    })?;
    Ok(ok(&UnportableNames {
        names: page.names.into_iter().map(Into::into).collect(),
        has_more: page.has_more,
    }))
}
