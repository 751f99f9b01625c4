//! `GET /v1/projects`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::request::{limit_of_entries, parameter};
use crate::api::response::ok;
use crate::store::ProjectSummary;
use crate::wire::project::{ListedProject, ProjectList};

/// Lists the projects of the key after the id `after`, in byte order. A page with long names ends earlier.
pub fn projects(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
) -> Result<Response<Vec<u8>>, Error> {
    let after = parameter(head, "after").unwrap_or_default();
    let limit = limit_of_entries(head) as usize;
    let grant = caller.grant().ok_or(Error::Unauthenticated)?;
    let page = app
        .database
        .read(|store| Ok::<_, Error>(store.projects(&grant.projects, &after, limit)?))?;
    Ok(ok(&ProjectList {
        projects: page.projects.into_iter().map(listed).collect(),
        has_more: page.has_more,
    }))
}

fn listed(summary: ProjectSummary) -> ListedProject {
    ListedProject {
        id: summary.id,
        name: summary.name,
        git_repo: summary.git_repo,
        file_count: summary.project.file_count,
        total_size: summary.project.total_size,
        last_sync: summary.project.head,
    }
}
