//! `GET /v1/projects`

use http::Response;

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::response::ok;
use crate::store::{ProjectSummary, Store};
use crate::wire::project::{ListedProject, ProjectList};

/// Lists all projects.
pub fn projects(app: &App) -> Result<Response<Vec<u8>>, Error> {
    let projects = app.database.with(Store::projects)?;
    Ok(ok(&ProjectList {
        projects: projects.into_iter().map(listed).collect(),
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
