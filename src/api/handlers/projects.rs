//! `GET /v1/projects`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::request::{limit_up_to, parameter};
use crate::api::response::ok;
use crate::store::ProjectSummary;
use crate::wire::project::{ListedProject, ProjectList};

/// Projects in a page, unless `limit` asks for fewer or for up to [`MAX_PAGE`].
const PAGE: u32 = 1000;
const MAX_PAGE: u32 = 10_000;

/// Lists the projects of the key after the id `after`, in byte order. A page with long names ends earlier.
pub fn projects(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
) -> Result<Response<Vec<u8>>, Error> {
    let after = parameter(head, "after").unwrap_or_default();
    let limit = limit_up_to(head, PAGE, MAX_PAGE) as usize;
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
